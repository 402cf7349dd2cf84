"""Tests of URLs that people type (B139): in any case, with any slashes, and without a practice."""

import pytest

from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.web.canonical_paths import PAGES, canonical_path
from tests.kit import sam_template
from tests.kit.browser import App, Browser


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("/Willow", "/willow"),
        ("/willow/", "/willow"),
        ("/WILLOW/", "/willow"),
        ("/willow//sign-in", "/willow/sign-in"),
        ("/WILLOW/sign-in", "/willow/sign-in"),
        ("/willow/Sign-In/", "/willow/sign-in"),
        ("/Willow/sign-in/Sent", "/willow/sign-in/sent"),
        ("//willow", "/willow"),
        ("/WILLOW/sign-in?lang=es", "/willow/sign-in?lang=es"),
        ("/Willow?client=existing&x=%22%3E", "/willow?client=existing&x=%22%3E"),
    ],
)
def test_what_is_typed_leads_to_the_page_that_was_meant(browser: Browser, typed: str, meant: str) -> None:
    """B139"""
    answer = browser.get(typed)

    assert (answer.status, answer.location) == (308, meant)
    assert browser.get(meant).status in {200, 303}


def test_a_links_token_keeps_its_capitals(browser: Browser) -> None:
    """B139"""
    link = browser.link("ana@example.com")
    token = link.partition("/link/")[2]

    assert browser.get(f"/Willow/Link/{token}").location == f"/willow/link/{token}"
    assert browser.get(f"{link}/?lang=es").location == f"{link}?lang=es"


@pytest.mark.parametrize("typed", ["/oak", "/Oak/sign-in", "/willow.", "/%20", "/Willow/nothing", "/willow/nothing/"])
def test_what_leads_nowhere_stays_a_404(browser: Browser, typed: str) -> None:
    """B139"""
    assert browser.get(typed).status == 404


@pytest.mark.parametrize("typed", ["//evil.example/", "//evil.example/sign-in", "/\\evil.example/", "/%0d%0aX: y/"])
def test_no_path_leads_to_another_host(browser: Browser, typed: str) -> None:
    """B139"""
    answer = browser.get(typed)

    assert answer.status == 404
    assert "location" not in answer.headers


def test_an_unknown_name_says_so_and_leads_to_the_page_about_finding_ones_own(browser: Browser) -> None:
    """B139: no page names a practice."""
    unknown = browser.get("/oak")
    start = browser.get(unknown.page.links["Find your practice"])

    assert unknown.page.heading == "We can’t find that practice"
    assert (start.status, start.page.heading) == (200, "Find your practice’s Client Portal")
    assert len(start.page.all("li")) == 3
    for answer in (unknown, start):
        assert "willow" not in answer.body.lower()
        assert "harbor" not in answer.body.lower()


def test_the_page_without_a_practice_takes_no_form(browser: Browser, app: App) -> None:
    """B139"""
    assert browser.post("/").status == 405
    assert browser.get("/?lang=es").page.heading == "Busque el Portal de clientes de su consultorio"
    assert app.get("/oak").code == "not_found"


NOT_TYPED = {"link/{token}", "brand/{file}", "app", "app/return", "app/session", *PROVIDER_NAMES}
"""Routes whose URLs people do not type: of links, images, apps and providers' buttons."""


def test_every_page_of_a_practice_is_known_to_the_redirect() -> None:
    """B139"""
    paths = {key.partition(" ")[2] for key in sam_template.routes() if " /{practice}" in key}
    pages = {path.removeprefix("/{practice}").removeprefix("/") for path in paths}

    assert pages - NOT_TYPED == PAGES, "a new route is in `canonical_paths.PAGES`, or in `NOT_TYPED` here"
    assert all(canonical_path(f"/willow/{page}".rstrip("/")) is None for page in PAGES)
