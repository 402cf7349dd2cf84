"""Tests of sign-in with Google on pages: the button, and three error pages after a callback."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from latchkey import pages
from latchkey.identity.providers import GOOGLE
from latchkey.pages import PageContext
from latchkey.pages.links import LinkFailure
from latchkey.rules.accounts import Account
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice
from tests.pages.conftest import letter_of
from tests.pages.html import ParsedPage, read

DEAD: tuple[LinkFailure, ...] = ("expired", "used", "replaced", "unknown")


def unmatched(page: PageContext) -> str:
    """Return the page for a Google Account that matches no account here."""
    return pages.identity_unmatched(page, GOOGLE)


def cancelled(page: PageContext) -> str:
    """Return the page for someone who cancelled at Google."""
    return pages.provider_cancelled(page, GOOGLE)


def failed(page: PageContext) -> str:
    """Return the page for an invalid callback."""
    return pages.provider_failed(page, GOOGLE)


OFFERING: dict[str, Callable[[PageContext], str]] = {
    "sign in": pages.sign_in,
    "sign in, unknown": lambda context: pages.sign_in(context, typed_address="ana@example.com", problem="unknown"),
    "sign in, idle": lambda context: pages.sign_in(context, idle_minutes=20),
    "link expired": lambda context: pages.dead_link(context, why="expired"),
    "link used": lambda context: pages.dead_link(context, why="used"),
    "link replaced": lambda context: pages.dead_link(context, why="replaced"),
    "link unknown": lambda context: pages.dead_link(context, why="unknown"),
    "newer link": lambda context: pages.newer_link(context, letter=letter_of(context)),
    "confirm": lambda context: pages.confirm(context, action="", masked="m•••@example.com", invitation=False),
    "confirm, invited": lambda context: pages.confirm(context, action="", masked="m•••@example.com", invitation=True),
    "unmatched": unmatched,
    "cancelled": cancelled,
    "failed": failed,
}
RETURNS = [unmatched, cancelled, failed]

every_offer = pytest.mark.parametrize("page", OFFERING.values(), ids=OFFERING)
every_return = pytest.mark.parametrize("page", RETURNS, ids=["unmatched", "cancelled", "failed"])
every_language = pytest.mark.parametrize("language", LANGUAGES)


@every_offer
@pytest.mark.parametrize(("language", "words"), [("en", "Continue with Google"), ("es", "Continuar con Google")])
def test_one_button_leads_to_google_and_carries_nothing_along(
    willow: Practice, page: Callable[[PageContext], str], language: Language, words: str
) -> None:
    sheet = read(page(PageContext(willow, language, providers=(GOOGLE,))))

    assert sheet.one("form", action="/willow/google").attributes == {"method": "post", "action": "/willow/google"}
    assert sheet.buttons.count(words) == 1
    assert sheet.buttons[-1] == words
    carried = sheet.one("button", **{"class": "brand"}).attributes
    if page is unmatched:
        assert (carried["name"], carried["value"]) == ("choose", "yes")
    else:
        assert {"name", "value"}.isdisjoint(carried)


@every_offer
def test_the_button_bears_googles_four_colours_drawn_here_and_silent(
    with_google: PageContext, page: Callable[[PageContext], str]
) -> None:
    sheet = read(page(with_google))
    colours = [path.attributes.get("stroke") or path.attributes["fill"] for path in sheet.all("path")]

    assert colours == ["#EA4335", "#FBBC05", "#34A853", "#4285F4"]
    assert sheet.one("svg").attributes["aria-hidden"] == "true"


def test_the_button_wears_googles_colours_in_light_and_dark_mode(with_google: PageContext) -> None:
    style = read(pages.sign_in(with_google)).one("style").text

    assert "--brand:#fff;--brand-edge:#747775;--brand-ink:#1f1f1f;" in style
    assert "--brand:#131314;--brand-edge:#8e918f;--brand-ink:#e3e3e3;" in style


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", "We do not share any information with Google."),
        ("es", "Nosotros no compartimos información con Google."),
    ],
)
def test_the_button_says_what_google_shares_with_us_before_it_is_pressed(
    willow: Practice, language: Language, words: str
) -> None:
    sheet = read(pages.sign_in(PageContext(willow, language, providers=(GOOGLE,))))

    assert sheet.one("button", **{"class": "brand"}).attributes["aria-describedby"] == "note-google"
    assert words in sheet.one("p", id="note-google").text


def test_the_emailed_link_comes_first_and_google_after_an_or(with_google: PageContext) -> None:
    sheet = read(pages.sign_in(with_google))

    assert [form.attributes["action"] for form in sheet.all("form")] == ["/willow/sign-in", "/willow/google"]
    assert sheet.buttons == ["Send link", "Continue with Google"]
    assert "or Continue with Google" in sheet.one("main").text


@pytest.mark.parametrize("why", DEAD)
def test_a_dead_link_prompts_for_a_new_link_or_google(
    context: PageContext, with_google: PageContext, why: LinkFailure
) -> None:
    assert "Request a new link, or continue with Google." in read(pages.dead_link(with_google, why=why)).text
    assert "Request a new link, or" not in read(pages.dead_link(context, why=why)).text


@pytest.mark.parametrize("invitation", [False, True])
def test_the_page_that_confirms_a_link_keeps_its_one_button_first(with_google: PageContext, invitation: bool) -> None:
    sheet = read(pages.confirm(with_google, action="", masked="m•••@gmail.com", invitation=invitation))

    assert sheet.buttons == ["Sign in on this device", "Continue with Google"]
    assert "Nobody can sign in without this link. or Continue with Google" in sheet.one("main").text


def test_people_on_shared_devices_are_advised_to_leave_google_too(with_google: PageContext, maria: Account) -> None:
    home = read(pages.home(with_google, account=maria, profile=maria.profiles[0], first=False, previous=None))
    out = read(pages.signed_out(with_google))

    assert "When you finish, sign out here, in your email, and in your Google Account." in home.text
    assert "Also sign out of your email and your Google Account. Then close every window." in out.text


def test_someone_waiting_for_mail_learns_that_gmail_has_a_way_without(with_google: PageContext) -> None:
    sheet = read(pages.tips(with_google, sender="a@example.com"))

    assert "you don’t have to wait for an email: you can continue with Google" in sheet.all("li")[1].text
    assert sheet.links["Go to the sign-in page"] == "/willow/sign-in"
    assert len(sheet.all("li")) == 3


@pytest.mark.parametrize(
    ("page", "heading", "next_step"),
    [
        (
            unmatched,
            "We can’t find a Client Portal for that Google Account",
            "or request a link instead. If you need help, call Willow Family Therapy: (555) 010-0142",
        ),
        (
            cancelled,
            "You didn’t finish signing in with Google",
            "Try again, or request a link instead.",
        ),
        (
            failed,
            "We couldn’t sign you in with Google",
            "Try again in a few minutes, or request a link instead.",
        ),
    ],
)
def test_a_failed_callback_page_says_why_and_what_next(
    with_google: PageContext, page: Callable[[PageContext], str], heading: str, next_step: str
) -> None:
    sheet = read(page(with_google))

    assert sheet.heading == heading
    assert next_step in sheet.one("main").text


@every_return
@pytest.mark.parametrize("google", [False, True])
def test_a_failed_callback_page_has_both_other_ways_in(
    context_with_support_code: PageContext, page: Callable[[PageContext], str], google: bool
) -> None:
    sheet = read(page(replace(context_with_support_code, providers=(GOOGLE,) if google else ())))

    assert sheet.links["Request a new link"] == "/willow/sign-in"
    assert sheet.links["Sign in via Pin Code"] == "/willow/pin"
    assert "If you ask for help, give this code: K7M-4QX" in sheet.text


@every_return
@every_language
def test_no_address_is_on_a_page_that_google_leads_to(
    willow: Practice, page: Callable[[PageContext], str], language: Language
) -> None:
    assert "@" not in read(page(PageContext(willow, language, providers=(GOOGLE,)))).text


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("en", "Google works only with a Gmail address that has no plus sign (+)."),
        ("es", "Con Google solo se puede entrar con un correo de Gmail que no lleve el signo más (+)."),
    ],
)
def test_a_person_with_an_address_that_can_never_match_learns_it(
    willow: Practice, language: Language, hint: str
) -> None:
    context = PageContext(willow, language, providers=(GOOGLE,))

    assert hint in read(unmatched(context)).text
    assert hint not in read(cancelled(context)).text + read(failed(context)).text


def test_a_practice_without_a_telephone_can_still_be_contacted(harbor: Practice) -> None:
    page = read(unmatched(PageContext(harbor, "en", providers=(GOOGLE,))))

    assert "If you need help, contact Harbor Street." in page.text


@every_return
def test_when_google_was_switched_off_meanwhile_the_other_ways_speak_for_themselves(
    context: PageContext, page: Callable[[PageContext], str]
) -> None:
    sheet = read(page(context))

    assert sheet.heading == "We couldn’t sign you in"
    assert "Use a link or a Pin Code instead." in sheet.text
    assert not sheet.all("form")


@every_return
@every_language
@pytest.mark.parametrize("google", [False, True])
def test_a_return_to_nobody_knows_where_says_so_and_leads_nowhere_wrong(
    page: Callable[[PageContext], str], language: Language, google: bool
) -> None:
    sheet = read(page(PageContext(None, language, support_code="K7M-4QX", providers=(GOOGLE,) if google else ())))

    assert _way_on(sheet) == {}
    assert not sheet.all("form")
    assert {"en": "We don’t know which Client Portal you came from.", "es": "No sabemos desde qué Portal"}[
        language
    ] in sheet.text
    assert "K7M-4QX" in sheet.text


@every_return
def test_the_other_language_is_where_the_next_attempt_starts_since_a_return_cannot_be_opened_twice(
    willow: Practice, page: Callable[[PageContext], str]
) -> None:
    sheet = read(page(PageContext(willow, "en", "/google/callback", providers=(GOOGLE,))))

    assert sheet.one("a", hreflang="es").attributes["href"] == "/willow/sign-in?lang=es"


def _way_on(sheet: ParsedPage) -> dict[str, str]:
    """Return all links, except to the page's main part and to its other language."""
    return {words: address for words, address in sheet.links.items() if address[0] not in "#?"}


@every_offer
def test_every_google_button_has_the_privacy_note_beside_it(
    with_google: PageContext, page: Callable[[PageContext], str]
) -> None:
    """B74: the note also says how to withdraw the permission."""
    note = read(page(with_google)).one("p", id="note-google").text

    assert "We do not share any information with Google." in note
    assert "in your Google Account, remove “Client Portal Login”." in note
