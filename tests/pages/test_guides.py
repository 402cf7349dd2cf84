"""Tests of the guide. Its words and pictures are those of the pages, and nothing in a picture can be pressed."""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from html.parser import HTMLParser

import pytest

from latchkey.identity.providers import GOOGLE
from latchkey.languages import translator
from latchkey.mail import letters
from latchkey.mail.letters import LinkMail, WordingOverrides
from latchkey.mail.link_letters import saved_wording
from latchkey.pages import PageContext, guides, pictures
from latchkey.pages.guides import EXAMPLE_ADDRESS, EXAMPLE_NAME, GuideFacts
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.mail import LinkMailKind
from latchkey.rules.practices import Practice
from tests.pages.html import VOID, ParsedPage, read
from tests.pages.test_qr_code import read as read_code

ORIGIN = "https://portal.example.com"
SENDER = "yourprovider@mail.example.com"
LINKS = {"appointments": "https://calendar.example.com/", "documents": "/willow/documents"}
HOSTILE = """</p><a href="https://evil.example">'"&lt;script>{{ 7*7 }}{0}"""
MAX_COMPRESSED_BYTES = 8_000

PRACTICES: dict[str, Callable[[Practice], Practice]] = {
    "usual": lambda willow: replace(willow, links=LINKS),
    "all features": lambda willow: replace(
        willow, app_url="https://app.example.com/", clinician_word={"en": "dietitian"}
    ),
    "nothing set": lambda _: Practice(slug="willow", name="W"),
    "website": lambda willow: replace(willow, website=True, links=LINKS),
    "long name": lambda willow: replace(willow, name="Ünïcödé & Søns " * 13 + "12345", links=LINKS, accent="#7a1f5c"),
    "turned name": lambda willow: replace(willow, name="\u202eWillow\u2066 \u05e9\u05dc\u05d5\u05dd", phone=None),
    "own words": lambda willow: replace(
        willow,
        links=LINKS,
        welcome="Welcome! " * 80,
        letters={"invitation/en": {"greeting": "Dear {name},", "body": "Hello.\n\n" * 3 + "{link}\n\nBye " * 90}},
    ),
}
every_practice = pytest.mark.parametrize("practice", PRACTICES.values(), ids=PRACTICES)
every_language = pytest.mark.parametrize("language", LANGUAGES)
with_and_without_google = pytest.mark.parametrize("google", [False, True], ids=["", "google"])


def facts(practice: Practice, language: Language, hours: int = 24) -> GuideFacts:
    """Return the facts that the function passes to the guide."""
    portal = f"{ORIGIN}/{practice.slug}"
    link_mail = LinkMail(EXAMPLE_ADDRESS, language, url=portal, sender=SENDER, entity_ref_id="", hours=hours)

    def wording(kind: LinkMailKind) -> WordingOverrides:
        return saved_wording(practice, kind, language)

    invitation = letters.invitation(
        practice, link_mail, name=EXAMPLE_NAME, portal=portal, overrides=wording("invitation")
    )
    sign_in = letters.sign_in(
        practice, link_mail, requested_at=0, name=EXAMPLE_NAME, portal=portal, overrides=wording("sign_in")
    )
    return GuideFacts(ORIGIN, SENDER, hours, invitation.html, sign_in.html)


def context(practice: Practice, language: Language, google: bool = False) -> PageContext:
    return PageContext(practice, language, providers=(GOOGLE,) if google else ())


def write(practice: Practice, language: Language, google: bool = False) -> str:
    return guides.guide(context(practice, language, google), facts(practice, language)).html


@dataclass
class Step:
    """A step, or the part of a step that is about one page."""

    page: str
    quoted: list[tuple[str, str]] = field(default_factory=list)
    """The action and the word of each quoted word."""
    figures: list[dict[str, str]] = field(default_factory=list)
    picture: str = ""
    """The text of the picture."""


class _StepReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        self.open: list[tuple[str, dict[str, str], Step | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        step = self.open[-1][2] if self.open else None
        if "data-page" in attributes:
            step = Step(attributes["data-page"])
            self.steps.append(step)
        if tag == "figure" and step:
            step.figures.append(attributes)
        if tag == "b" and step and not self.in_picture:
            step.quoted.append((attributes["class"], ""))
        if tag not in VOID:
            self.open.append((tag, attributes, step))

    @property
    def in_picture(self) -> bool:
        """True if the parser is inside a picture."""
        return any(tag == "figure" for tag, _, _ in self.open)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        step = self.open[-1][2] if self.open else None
        if step and self.in_picture:
            step.picture += data
        elif step and any(tag == "b" for tag, _, _ in self.open):
            kind, word = step.quoted[-1]
            step.quoted[-1] = (kind, word + data)


def steps_of(html: str) -> list[Step]:
    """Return the steps of a guide or of a handout."""
    reader = _StepReader()
    reader.feed(html)
    return reader.steps


def words_to_press(page: ParsedPage) -> set[str]:
    """Return the texts of buttons and links."""
    return {control.text for name in ("button", "a") for control in page.all(name)}


def words_to_see(page: ParsedPage) -> set[str]:
    """Return the texts of headings, letter facts, buttons and links."""
    return {part.text for name in ("h1", "h2", "h3", "dd") for part in page.all(name)} | words_to_press(page)


@every_practice
@every_language
@with_and_without_google
def test_each_quoted_word_is_on_the_page_that_its_step_is_about(
    willow: Practice, practice: Callable[[Practice], Practice], language: Language, google: bool
) -> None:
    """B124: the word is on the page, and in the picture of it."""
    page = context(practice(willow), language, google)
    sources = guides.example_pages(page, facts(practice(willow), language))
    steps = [*steps_of(write(practice(willow), language, google))]
    steps += steps_of(guides.handout(page, facts(practice(willow), language)))
    for step in steps:
        source = read(sources[step.page]) if step.page in sources else None
        assert source or not step.quoted
        for kind, word in step.quoted:
            assert source
            shown = {"press": words_to_press, "named": words_to_see, "field": words_of_fields}[kind](source)
            assert " ".join(word.split()) in shown, (step.page, word)

    assert sum(len(step.quoted) for step in steps) > 20


def words_of_fields(page: ParsedPage) -> set[str]:
    """Return the labels of fields."""
    return {label.text for label in page.all("label")}


@every_practice
@every_language
def test_a_step_with_a_picture_marks_in_it_what_the_step_says_to_press(
    willow: Practice, practice: Callable[[Practice], Practice], language: Language
) -> None:
    html = write(practice(willow), language)
    pictured = [step for step in steps_of(html) if step.figures]

    assert html.count('here"') == len(pictured)
    for step in pictured:
        label = step.figures[0]["aria-label"]
        marked = re.findall(r"“([^”]*)”", label)[-1]
        assert step.figures[0]["role"] == "img"
        assert marked in " ".join(step.picture.split()), step.page
        if step.page != "profiles":
            assert marked in [" ".join(word.split()) for _, word in step.quoted], step.page


@every_practice
@every_language
def test_nothing_in_a_picture_can_be_pressed_filled_in_or_found_by_its_id(
    willow: Practice, practice: Callable[[Practice], Practice], language: Language
) -> None:
    html = write(practice(willow), language, google=True)
    figures = re.findall(r"<figure .*?</figure>", html, re.DOTALL)
    sheet = read(html)

    assert len(figures) >= 8
    for figure in figures:
        assert translator(language)("Clear this address") not in figure
        assert not re.search(
            r"<(a|form|button|input|h\d|script|iframe|svg|summary)\b| (id|href|name|tabindex|style)=", figure
        )
    assert not sheet.all("form")
    assert not sheet.all("input")
    ids = [element.attributes["id"] for element in sheet.elements if "id" in element.attributes]
    assert len(ids) == len(set(ids))
    assert {link.removeprefix("#") for link in sheet.links.values() if link.startswith("#")} <= {*ids}


@every_practice
@every_language
@with_and_without_google
def test_a_guide_is_small_and_loads_nothing(
    willow: Practice, practice: Callable[[Practice], Practice], language: Language, google: bool
) -> None:
    html = write(practice(willow), language, google)
    sheet = read(html)

    assert len(gzip.compress(html.encode())) < MAX_COMPRESSED_BYTES
    assert not [element for element in sheet.elements if element.name in ("script", "img", "iframe", "object")]
    assert not [name for element in sheet.elements for name in element.attributes if name.startswith(("on", "style"))]
    assert sheet.one("html").attributes == {"lang": language, "dir": "ltr"}


@every_language
def test_what_the_guide_says_is_the_practices(willow: Practice, language: Language) -> None:
    practice = replace(willow, links=LINKS)
    text = read(write(practice, language)).text
    one_hour = read(guides.guide(context(practice, language), facts(practice, language, hours=1)).html).text

    for fact in ("(555) 010-0142", SENDER, f"{ORIGIN}/willow", "Willow Family Therapy"):
        assert fact in text
    assert ("24 hours" if language == "en" else "24 horas") in text
    assert ("1 hour and" if language == "en" else "1 hora y") in one_hour


@every_language
def test_the_code_opens_the_portal_in_the_language_of_the_guide(willow: Practice, language: Language) -> None:
    """B125: the browser of a phone may prefer another language than its owner."""
    html = write(willow, language)

    assert read_code(html) == [f"{ORIGIN}/willow?lang={language}"]
    assert read_code(guides.handout(context(willow, language), facts(willow, language))) == [
        f"{ORIGIN}/willow?lang={language}"
    ]
    assert read(html).links[f"{ORIGIN}/willow"] == f"{ORIGIN}/willow?lang={language}"


@every_language
def test_google_and_features_are_there_only_where_the_practice_has_them(willow: Practice, language: Language) -> None:
    bare = write(willow, language)
    assert not re.search("google|gmail", bare, re.IGNORECASE)
    assert set(re.findall(r'<h2 id="([a-z-]+)"', bare)) == {"log-in", "profiles", "trouble"}
    linked = write(replace(willow, links={"documents": LINKS["documents"]}), language, google=True)
    assert set(re.findall(r'<h2 id="([a-z-]+)"', linked)) == {"log-in", "profiles", "trouble", "documents"}
    assert translator(language)("Continue with {provider}", provider="Google") in read(linked).text
    hidden = write(replace(willow, links=LINKS, features=frozenset({"appointments"})), language)
    assert set(re.findall(r'<h2 id="([a-z-]+)"', hidden)) == {"log-in", "profiles", "trouble", "booking"}


@every_practice
@with_and_without_google
def test_both_languages_have_the_same_steps_and_pictures(
    willow: Practice, practice: Callable[[Practice], Practice], google: bool
) -> None:
    """B125"""
    english, spanish = (read(write(practice(willow), language, google)) for language in LANGUAGES)

    def structure(page: ParsedPage) -> list[tuple[str, str]]:
        main = page.elements[[element.name for element in page.elements].index("main") :]
        listed = [one for one in main if one.name in ("h2", "h3", "ol", "li", "figure", "b", "section")]
        return [
            (one.name, one.attributes.get("data-page", "").removesuffix("-es").removesuffix("-en")) for one in listed
        ]

    assert structure(english) == structure(spanish)


def test_a_button_that_is_called_something_else_is_called_so_in_the_guide(
    willow: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B124: the guide takes the words from the catalog."""
    from latchkey import languages

    catalog = languages.catalog("es")
    translate = catalog.gettext
    monkeypatch.setattr(catalog, "gettext", lambda text: "Mandar enlace" if text == "Send link" else translate(text))
    monkeypatch.setattr(languages, "translator", languages.translator.__wrapped__)  # keeps no sentence
    html = write(willow, "es")

    assert "Enviar enlace" not in html
    assert html.count("Mandar enlace") == 3  # in the step, in the picture, and in the picture's name


def test_the_digest_changes_with_what_the_guide_says_and_with_nothing_else(
    willow: Practice, monkeypatch: pytest.MonkeyPatch
) -> None:
    def digest(practice: Practice, language: Language = "en", **changed: int) -> str:
        return guides.guide(context(practice, language), facts(practice, language, **changed)).digest

    first = digest(willow)
    assert re.fullmatch("[0-9a-f]{12}", first)
    assert digest(willow) == first
    others = {
        digest(willow, "es"),
        digest(willow, hours=12),
        digest(replace(willow, phone="(555) 010-0143")),
        digest(replace(willow, name="Willow")),
        digest(replace(willow, address="1 Main St")),
        digest(replace(willow, links=LINKS)),
    }
    assert len(others - {first}) == 6
    monkeypatch.setattr(guides, "STYLESHEET", "p{color:red}")
    assert digest(willow) == first


def test_the_printed_guide_is_linked_only_while_it_says_the_same(willow: Practice) -> None:
    page, values = context(willow, "en"), facts(willow, "en")
    current = guides.guide(page, values)

    assert "guide.pdf" not in current.html
    assert "guide.pdf" not in guides.guide(page, values, "0" * 12).html
    linked = guides.guide(page, values, current.digest)
    assert linked.digest == current.digest
    assert "/willow/guide.pdf?lang=en" in linked.html
    assert read(current.html).one("span", **{"class": "version"}).text == current.digest


@every_language
def test_a_hostile_name_is_text_and_nothing_else(willow: Practice, language: Language) -> None:
    hostile = replace(willow, name=HOSTILE, phone=HOSTILE, welcome=HOSTILE, links=LINKS)
    page = context(hostile, language, google=True)
    for html in (
        guides.guide(page, facts(hostile, language)).html,
        guides.handout(page, facts(hostile, language)),
    ):
        assert not [address for address in read(html).links.values() if "evil" in address]
        assert "<script" not in html


def test_a_name_that_turns_its_direction_turns_no_other_text(willow: Practice) -> None:
    turned = replace(willow, name="\u202eWillow")
    html = write(turned, "en")

    assert not [label for label in re.findall(r'aria-label="([^"]*)"', html) if "\u202e" in label]
    outside = re.sub(
        r"<figure .*?</figure>|<head>.*?</head>|<header>.*?</header>|<footer>.*?</footer>", "", html, flags=re.DOTALL
    )
    assert outside.count("\u202e") == outside.count("<bdi>\u202e") > 0


@every_language
def test_a_practice_without_a_phone_has_no_empty_place_for_one(willow: Practice, language: Language) -> None:
    silent = replace(willow, phone=None)
    page = context(silent, language)
    for html in (write(silent, language), guides.handout(page, facts(silent, language))):
        assert "None" not in html
        assert "tel:" not in html


@every_language
def test_a_handout_has_four_steps_the_phone_and_nobodys_name(willow: Practice, language: Language) -> None:
    html = guides.handout(context(willow, language), facts(willow, language))

    assert len([step for step in steps_of(html) if not step.page.startswith("landing-")]) == 4
    assert "tel:5550100142" in html
    assert "Sam" not in html
    assert len(gzip.compress(html.encode())) < MAX_COMPRESSED_BYTES


def test_a_picture_of_a_page_without_its_control_is_refused() -> None:
    with pytest.raises(ValueError, match="no control"):
        pictures.of_page("<html><main><h1>Hello</h1><p>Send</p></main></html>", mark="Send")
    with pytest.raises(ValueError, match="no main"):
        pictures.of_page("<html><p>Send</p></html>", mark="Send")
