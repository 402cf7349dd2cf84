"""Parses pages for tests."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "input", "br", "link", "img", "wbr"}


@dataclass
class Element:
    """A start tag, its attributes, and the text up to its end tag."""

    name: str
    attributes: dict[str, str]
    text: str = ""


@dataclass
class ParsedPage:
    """The elements of a page."""

    elements: list[Element] = field(default_factory=list)

    def all(self, name: str, /, **attributes: str) -> list[Element]:
        """Return every element of that name with these attributes."""
        return [
            element
            for element in self.elements
            if element.name == name and attributes.items() <= element.attributes.items()
        ]

    def one(self, name: str, /, **attributes: str) -> Element:
        """Return the only such element. Fail if there is none, or more than one."""
        (element,) = self.all(name, **attributes)
        return element

    @property
    def title(self) -> str:
        """The title, which the browser's tab shows."""
        return self.one("title").text

    @property
    def heading(self) -> str:
        """The text of the only `h1`."""
        return self.one("h1").text

    @property
    def text(self) -> str:
        """The text of the body."""
        return self.one("body").text

    @property
    def links(self) -> dict[str, str]:
        """The target of each link, by its text."""
        return {link.text: link.attributes["href"] for link in self.all("a")}

    @property
    def buttons(self) -> list[str]:
        """The texts of the buttons."""
        return [button.text for button in self.all("button")]


def read(html: str) -> ParsedPage:
    """Parse a page. Fail on a tag that is left open or closed in the wrong place."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, "tags were left open"
    return reader.sheet


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.sheet = ParsedPage()
        self.open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.sheet.elements.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.sheet.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        element = self.open.pop()
        assert element.name == tag, f"</{tag}> closes <{element.name}>"
        element.text = " ".join(element.text.split())

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.text += data
