"""Pictures of pages and letters for the guide: their own HTML, without anything that a reader could press or send."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

from markupsafe import Markup, escape

MAX_PARAGRAPH = 240
"""Characters of a paragraph that a picture shows. A longer one, such as a practice's own welcome, is left out."""

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
COPIED = {"p", "div", "span", "strong", "small", "b", "dl", "dt", "dd", "ul", "ol", "li", "br", "blockquote"}
"""Elements that a picture has too."""
REPLACEMENTS = {
    "form": "div",
    "h1": "p",
    "h2": "p",
    "h3": "p",
    "label": "p",
    "a": "span",
    "button": "span",
    "input": "span",
}
"""Elements in place of others, mostly with their name as a class, so that a page's outline has no picture in it."""
LEFT_OUT = {"svg", "script", "style", "head", "title"}
BLOCKS = {"p", "h1", "h2", "h3", "a", "button", "li", "dd", "input"}
"""Elements that a picture may mark, or end with."""


@dataclass(slots=True)
class _Node:
    name: str
    attributes: dict[str, str] = field(default_factory=dict)
    children: "list[_Node | str]" = field(default_factory=list)

    @property
    def text(self) -> str:
        """The text of the element, with single spaces. Of a field it is the value."""
        if self.name == "input":
            return self.attributes.get("value", "")
        parts = (child if isinstance(child, str) else child.text for child in self.children)
        return " ".join("".join(parts).split())

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


def of_page(html: str, *, mark: str, until: str = "") -> Markup:
    """Return the picture of a page, from its heading to the element with the text `until`, or to `mark` without one.

    The control with the text `mark` is marked. Both are texts without markup.

    :raises ValueError: the page has no such text.
    """
    return _picture(_first(_parse(html), "main"), mark, until or mark)


def of_letter(html: str, *, mark: str) -> Markup:
    """Return the picture of a letter, from its top to the button with the text `mark`, which is marked.

    :raises ValueError: the letter has no such button.
    """
    return _picture(_first(_parse(html), "td", "ink"), mark, mark)


def _picture(root: _Node, mark: str, until: str) -> Markup:
    writer = _Writer(" ".join(mark.split()), " ".join(until.split()))
    for child in root.children:
        writer.write(child)
    if not (writer.is_marked and writer.is_over):
        raise ValueError(f"the page has no control {mark!r} before {until!r}")
    return Markup("".join(writer.parts))  # noqa: S704 - the writer escapes text and writes names of its own


def _parse(html: str) -> _Node:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


def _first(node: _Node, name: str, with_class: str = "") -> _Node:
    """Return the first element of this name and class.

    :raises ValueError: there is none.
    """
    waiting: list[_Node | str] = [node]
    while waiting:
        found = waiting.pop(0)
        if isinstance(found, _Node):
            if found.name == name and (not with_class or with_class in found.classes):
                return found
            waiting = [*found.children, *waiting]
    raise ValueError(f"the page has no {name}")


class _Reader(HTMLParser):
    """Reads HTML that this project's own templates have written, so every element is closed."""

    def __init__(self) -> None:
        super().__init__()
        self.root = _Node("")
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        node = _Node(tag, {name: value or "" for name, value in attrs})
        self.open[-1].children.append(node)
        if tag not in VOID:
            self.open.append(node)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.open[-1].children.append(_Node(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if len(self.open) > 1 and self.open[-1].name == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class _Writer:
    """Writes the inert HTML of a picture until its last element is complete."""

    def __init__(self, mark: str, until: str) -> None:
        self.mark, self.until = mark, until
        self.parts: list[str] = []
        self.is_marked = self.is_over = False

    def write(self, node: _Node | str) -> None:
        if self.is_over:
            return
        if isinstance(node, str):
            # Spaces between words stay, and line breaks of the template do not.
            self.parts.append(str(escape(node)) if node.strip() else " " * (node != "" and "\n" not in node))
            return
        text = node.text
        if self._is_left_out(node, text):
            return
        tag = REPLACEMENTS.get(node.name, node.name if node.name in COPIED else "")
        if node.name == "form" and not node.classes:
            tag = ""
        if tag:
            self.parts.append(f"<{tag}{self._attributes(node, text)}>")
        if node.name == "input":
            self.parts.append(str(escape(text)))
        for child in node.children:
            self.write(child)
        if tag and node.name not in VOID - {"input"}:
            self.parts.append(f"</{tag}>")
        if node.name in BLOCKS and self.until in (text, *_lines(node)) and (self.is_marked or self.until != self.mark):
            self.is_over = True

    def _is_left_out(self, node: _Node, text: str) -> bool:
        is_hidden = node.name in LEFT_OUT or node.attributes.get("type") == "hidden" or "clear" in node.classes
        return is_hidden or (node.name in ("p", "blockquote") and len(text) > MAX_PARAGRAPH)

    def _attributes(self, node: _Node, text: str) -> str:
        classes = [node.name] if node.name in REPLACEMENTS and node.name not in ("a", "form") else []
        classes += [name for name in node.classes if name not in ("ink", "soft")]
        if node.name == "a" and not node.classes:
            classes += ["button"] if "display:block" in node.attributes.get("style", "") else []
        if not self.is_marked and node.name in ("a", "button", "dd") and self.mark in (text, *_lines(node)):
            self.is_marked = True
            classes.append("here")
        found = f' class="{escape(" ".join(classes))}"' if classes else ""
        for name in ("lang", "dir"):
            if name in node.attributes:
                found += f' {name}="{escape(node.attributes[name])}"'
        return found


def _lines(node: _Node) -> list[str]:
    """Return the text of an element without that of its small print, for controls with a second line."""
    own = (child if isinstance(child, str) else child.text for child in node.children if not _is_small(child))
    nested = [line for child in node.children if isinstance(child, _Node) for line in _lines(child)]
    return [" ".join("".join(own).split()), *nested]


def _is_small(node: "_Node | str") -> bool:
    return isinstance(node, _Node) and (node.name in ("small", "svg") or "mark" in node.classes)
