"""Tests of the printed guide: its PDF structure, and that the portal serves the stored PDF."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from pypdf.generic import DictionaryObject, IndirectObject

from latchkey.rules.guides import MAX_PDF_BYTES, PAGE_SIZES
from latchkey.rules.languages import LANGUAGES
from latchkey.store import guides
from operate.guide import Sheet, print_sheets
from tests.kit.live_portal import LivePortal, shared_portal
from tests.operate.conftest import NAME, Deployed, Operate
from tests.pages.html import ParsedPage, read

MAX_PAGES = 4
INCHES = {"letter": (8.5, 11.0), "a4": (8.27, 11.69)}
TITLES = {"en": "How to log in to the Client Portal", "es": "Cómo entrar al Portal de clientes"}


@pytest.fixture(scope="module")
def portal(request: pytest.FixtureRequest) -> LivePortal:
    """Return the portal that all tests over HTTP share."""
    return shared_portal(request.config)


@pytest.fixture(scope="module")
def sheets(portal: LivePortal) -> dict[tuple[str, str, str], Sheet]:
    """Return the printed sheets of the practice with all features, by name, language and page size."""
    return {(sheet.name, sheet.language, sheet.size): sheet for sheet in print_sheets(portal.url, "willow")}


def page_of(portal: LivePortal, name: str, language: str) -> ParsedPage:
    """Return the page that was printed."""
    return read(portal.browser().get(f"/willow/{name}?lang={language}").body)


def tagged(root: Any) -> Iterator[DictionaryObject]:
    """Yield every element of a PDF's structure."""
    found = root.get_object() if isinstance(root, IndirectObject) else root
    if isinstance(found, list):
        for child in found:
            yield from tagged(child)
    elif isinstance(found, dict):
        if "/S" in found:
            yield found  # type: ignore[misc]
        if "/K" in found:
            yield from tagged(found["/K"])


def outline_of(entries: list[Any]) -> Iterator[str]:
    """Yield the titles of the outline, in order."""
    for entry in entries:
        if isinstance(entry, list):
            yield from outline_of(entry)
        else:
            yield str(entry.title)


every_language = pytest.mark.parametrize("language", LANGUAGES)
every_size = pytest.mark.parametrize("size", PAGE_SIZES)


@every_language
@every_size
def test_a_printed_guide_has_tags_language_title_outline_and_its_pictures_names(
    portal: LivePortal, sheets: dict[tuple[str, str, str], Sheet], language: str, size: str
) -> None:
    """B124"""
    page, sheet = page_of(portal, "guide", language), sheets["guide", language, size]
    pdf = PdfReader(io.BytesIO(sheet.pdf))
    catalog: Any = pdf.root_object
    structure = list(tagged(catalog["/StructTreeRoot"]))
    kinds = [str(element["/S"]) for element in structure]
    names = [" ".join(str(element["/Alt"]).split()) for element in structure if "/Alt" in element]
    headings = [element.text for element in page.elements if element.name in ("h1", "h2", "h3")]

    assert catalog["/MarkInfo"]["/Marked"]
    assert catalog["/Lang"] == language
    assert pdf.metadata
    assert pdf.metadata.title == f"{TITLES[language]} – Willow Creek Therapy"
    assert list(outline_of(pdf.outline)) == headings
    assert {figure.attributes["aria-label"] for figure in page.all("figure")} <= set(names)
    assert kinds.count("/Figure") >= len(page.all("figure")) + 1, "the pictures, and the code"
    assert {"/H1", "/H2", "/H3", "/L", "/LI", "/Link"} <= set(kinds)


@every_language
@every_size
def test_a_printed_guide_is_short_small_and_says_which_page_it_is(
    portal: LivePortal, sheets: dict[tuple[str, str, str], Sheet], language: str, size: str
) -> None:
    sheet = sheets["guide", language, size]
    pdf = PdfReader(io.BytesIO(sheet.pdf))
    text = " ".join(" ".join(page.extract_text() for page in pdf.pages).split())
    width, height = INCHES[size]

    assert len(pdf.pages) <= MAX_PAGES
    assert len(sheet.pdf) <= MAX_PDF_BYTES
    assert sheet.digest == page_of(portal, "guide", language).one("span", **{"class": "version"}).text
    assert sheet.digest in text
    assert portal.url in text
    assert text.count("Send link" if language == "en" else "Enviar enlace") == 2, "in the step and in its picture"
    assert [round(float(side) / 72, 1) for side in pdf.pages[0].mediabox[2:]] == [round(width, 1), round(height, 1)]


@every_language
@every_size
def test_a_handout_is_one_page_without_a_clients_name(
    sheets: dict[tuple[str, str, str], Sheet], language: str, size: str
) -> None:
    pdf = PdfReader(io.BytesIO(sheets["handout", language, size].pdf))
    text = pdf.pages[0].extract_text()

    assert len(pdf.pages) == 1
    assert "(415) 555-0134" in text
    assert "Sam" not in text


def test_a_guide_that_is_stored_is_served_until_the_practice_changes(
    portal: LivePortal, sheets: dict[tuple[str, str, str], Sheet]
) -> None:
    """B124"""
    sheet = sheets["guide", "es", "a4"]
    dynamodb = portal.portal.address.client("dynamodb")
    item = {"slug": {"S": "willow#guide-es-a4"}, "digest": {"S": sheet.digest}, "pdf": {"B": sheet.pdf}}
    dynamodb.put_item(TableName="Practices", Item=item)
    try:
        served = portal.browser().get("/willow/guide.pdf?lang=es&size=a4")
        assert (served.status, served.content) == (200, sheet.pdf)

        dynamodb.put_item(TableName="Practices", Item=item | {"digest": {"S": "0" * 12}})
        stale = portal.browser().get("/willow/guide.pdf?lang=es&size=a4")
        assert (stale.status, stale.location) == (303, "/willow/guide?lang=es")
    finally:
        dynamodb.delete_item(TableName="Practices", Key={"slug": item["slug"]})


@pytest.mark.usefixtures("store")
def test_the_command_writes_the_files_and_stores_the_guides_where_the_portal_looks(
    portal: LivePortal, deployed: Deployed, operate: Operate, tmp_path: Path
) -> None:
    given = ("guide", "--stack", NAME, "--origin", f"{portal.url}/", "--practice", "willow", "--out", str(tmp_path))
    code, output, errors = operate(*given, "--dry-run")
    assert (code, errors, list(tmp_path.iterdir())) == (0, "", [])
    assert deployed.items("Practices") == []

    code, output, errors = operate(*given)
    assert (code, errors) == (0, "")
    assert "Stored" in output
    for language in LANGUAGES:
        for size in PAGE_SIZES:
            file = (tmp_path / f"willow-guide-{language}-{size}.pdf").read_bytes()
            stored = guides.find("willow", language, size)
            assert stored
            assert stored.pdf == file
            assert stored.digest == guides.find_digest("willow", language, size)
    assert len(list(tmp_path.iterdir())) == 8
    assert len(deployed.items("Practices")) == 4


@pytest.mark.parametrize(
    ("practice", "message"),
    [("oak", "answered 404"), ("willow#guide-en-letter", "slug"), ("../admin", "slug"), ("", "slug")],
)
def test_a_practice_that_is_not_there_is_reported_in_one_line(
    portal: LivePortal, operate: Operate, tmp_path: Path, practice: str, message: str
) -> None:
    code, _, errors = operate("guide", "--origin", portal.url, "--practice", practice, "--out", str(tmp_path / "none"))

    assert (code, message in errors, errors.count("\n")) == (2, True, 1)
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize("given", [(), ("--origin", "http://127.0.0.1:9")])
def test_a_portal_that_is_not_there_is_reported_in_one_line(operate: Operate, given: tuple[str, ...]) -> None:
    code, _, errors = operate("guide", "--practice", "willow", *given)

    assert (code, errors.count("\n")) == (2, 1)
    assert errors.startswith("operate: ")


def test_a_machine_without_chromium_is_reported_in_one_line(operate: Operate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    code, _, errors = operate("guide", "--practice", "willow", "--origin", "http://127.0.0.1:9")

    assert (code, errors) == (2, "operate: Chromium is missing: on Debian, apt-get install chromium\n")
