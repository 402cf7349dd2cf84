"""Tests of what all pages contain."""

import base64
import gzip
import hashlib
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from latchkey import pages
from latchkey.identity.providers import GOOGLE
from latchkey.pages import PageContext
from latchkey.pages.layout import phone
from latchkey.pages.sign_in import Wait
from latchkey.rules.accounts import Account, AccountKey, Profile
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice
from tests.pages.conftest import THIRD_OF_MARCH, letter_of
from tests.pages.html import read

HOSTILE = """</p><a href="https://evil.example">'"&lt;script>{{ 7*7 }}{0}"""

ANA = Profile("01JA", "Ana Ruiz")
ACCOUNT = Account(
    key=AccountKey(bytes(16)), id="01J", practice="willow", address="ana@example.com", name="Ana Ruiz", profiles=(ANA,)
)

EVERY: dict[str, Callable[[PageContext], str]] = {
    "landing": lambda context: pages.landing(context, signed_in=False),
    "landing, signed in": lambda context: pages.landing(context, signed_in=True),
    "new client": pages.new_client,
    "sign in": pages.sign_in,
    "sign in, unknown": lambda context: pages.sign_in(context, typed_address="a@b", problem="unknown"),
    "sign in, idle": lambda context: pages.sign_in(context, idle_minutes=20),
    "sent": lambda context: pages.sent(
        context, letter=letter_of(context), address="a@example.com", address_known=True, is_repeat=True
    ),
    "sent, one answer": lambda context: pages.sent(
        context, letter=letter_of(context), address="a@example.com", address_known=False, is_repeat=True
    ),
    "tips": lambda context: pages.tips(context, sender="yourprovider@mail.example.com"),
    "pin": pages.pin,
    "pin, refused": lambda context: pages.pin(context, typed_address="a@example.com", problem="refused"),
    "pin, empty": lambda context: pages.pin(context, typed_address="a@example.com", problem="pin_empty"),
    "pin, locked": lambda context: pages.pin_locked(context, seconds=61),
    "wait": lambda context: pages.rate_limited(context, Wait(THIRD_OF_MARCH + 61, THIRD_OF_MARCH)),
    "confirm": lambda context: pages.confirm(context, action="", masked="a•••@example.com", invitation=False),
    "confirm, invited": lambda context: pages.confirm(context, action="", masked="a•••@example.com", invitation=True),
    "switch": lambda context: pages.confirm_switch(context, action="", masked="a•••@example.com", current="Ana Ruiz"),
    "link expired": lambda context: pages.dead_link(context, why="expired"),
    "link used": lambda context: pages.dead_link(context, why="used"),
    "link replaced": lambda context: pages.dead_link(context, why="replaced"),
    "link unknown": lambda context: pages.dead_link(context, why="unknown"),
    "profiles": lambda context: pages.profiles(context, profiles=[ANA], current=ANA.id),
    "home": lambda context: pages.home(context, account=ACCOUNT, profile=ANA, first=False, previous=0),
    "home, first": lambda context: pages.home(context, account=ACCOUNT, profile=ANA, first=True, previous=None),
    "app, asked": lambda context: pages.app_confirm(context, account=ACCOUNT, challenge="c", state="s"),
    "app, returned": lambda context: pages.app_return(
        context, path="/willow/app/return?code=c&state=s", typed="7KQ4M2"
    ),
    "app, refused": pages.app_refused,
    "devices, none": lambda context: pages.devices(context, devices=()),
    "signed out": pages.signed_out,
    "missing": pages.not_found,
    "failed": pages.internal_error,
    "unavailable": pages.unavailable,
    "stale form": pages.stale_form,
    "unreadable": pages.bad_request,
    "no such practice": pages.practice_unknown,
    "find a practice": pages.find_practice,
    "newer link": lambda context: pages.newer_link(context, letter=letter_of(context)),
    "too large": pages.too_large,
    "not allowed": pages.method_not_allowed,
    "google, unmatched": lambda context: pages.identity_unmatched(context, GOOGLE),
    "google, cancelled": lambda context: pages.provider_cancelled(context, GOOGLE),
    "google, failed": lambda context: pages.provider_failed(context, GOOGLE),
}

ONCE = {"google, unmatched", "google, cancelled", "google, failed"}
"""Pages whose URL works only once."""

every_page = pytest.mark.parametrize("page", EVERY.values(), ids=EVERY)
every_lasting_page = pytest.mark.parametrize(
    "page", [page for name, page in EVERY.items() if name not in ONCE], ids=[name for name in EVERY if name not in ONCE]
)
every_language = pytest.mark.parametrize("language", LANGUAGES)
with_and_without_google = pytest.mark.parametrize("google", [False, True], ids=["", "google"])


@every_page
@every_language
@with_and_without_google
def test_a_page_is_well_formed_says_its_language_and_has_one_heading_that_is_its_title(
    willow: Practice, page: Callable[[PageContext], str], language: Language, google: bool
) -> None:
    html = page(PageContext(willow, language, providers=(GOOGLE,) if google else ()))
    sheet = read(html)

    assert html.startswith("<!doctype html>")
    assert sheet.one("html").attributes == {"lang": language, "dir": "ltr"}
    assert sheet.title.removeprefix("Error: ") == f"{sheet.heading} – Willow Family Therapy"
    assert len({element.attributes["id"] for element in sheet.elements if "id" in element.attributes}) == sum(
        "id" in element.attributes for element in sheet.elements
    )


@every_page
@every_language
@with_and_without_google
def test_a_page_is_a_few_kilobytes_without_script_or_anything_from_elsewhere(
    willow: Practice, page: Callable[[PageContext], str], language: Language, google: bool
) -> None:
    html = page(PageContext(willow, language, providers=(GOOGLE,) if google else ()))
    sheet = read(html)

    assert len(gzip.compress(html.encode())) < 4096
    assert not [element for element in sheet.elements if element.name in ("script", "img", "iframe", "object")]
    assert all(link.attributes["href"].startswith("/willow/brand/") for link in sheet.all("link"))
    assert not [name for element in sheet.elements for name in element.attributes if name.startswith(("on", "style"))]
    assert "http" not in html


@every_page
@every_language
def test_help_and_the_telephone_are_in_the_same_place_on_every_page(
    willow: Practice, page: Callable[[PageContext], str], language: Language
) -> None:
    footer = read(page(PageContext(willow, language))).all("footer")[-1]

    assert footer.text in (
        "Need help? Call Willow Family Therapy: (555) 010-0142",
        "¿Necesita ayuda? Llame a Willow Family Therapy: (555) 010-0142",
    )


@every_page
@every_language
def test_a_practice_without_a_telephone_has_no_empty_place_for_one(
    harbor: Practice, page: Callable[[PageContext], str], language: Language
) -> None:
    sheet = read(page(PageContext(harbor, language)))

    assert not [address for address in sheet.links.values() if address.startswith("tel:")]
    assert "None" not in sheet.text
    assert sheet.all("footer")[-1].text in ("Need help?", "¿Necesita ayuda?")


@every_page
@every_language
def test_no_page_mentions_google_while_it_is_no_way_in(
    willow: Practice, page: Callable[[PageContext], str], language: Language
) -> None:
    assert not re.search("google|gmail", page(PageContext(willow, language)), re.IGNORECASE)


@every_page
def test_no_page_has_a_field_for_a_password(context: PageContext, page: Callable[[PageContext], str]) -> None:
    assert not read(page(context)).all("input", type="password")


@every_lasting_page
def test_every_page_leads_to_the_same_page_in_the_other_language(
    willow: Practice, page: Callable[[PageContext], str]
) -> None:
    english = read(page(PageContext(willow, "en", "/willow/sign-in"))).one("a", hreflang="es")
    spanish = read(page(PageContext(willow, "es"))).one("a", hreflang="en")

    assert (english.text, english.attributes["href"]) == ("Español", "/willow/sign-in?lang=es")
    assert (spanish.text, spanish.attributes["href"]) == ("English", "?lang=en")


@every_page
@every_language
def test_a_hostile_name_is_text_and_nothing_else(
    willow: Practice, page: Callable[[PageContext], str], language: Language
) -> None:
    named = replace(willow, name=HOSTILE, phone=HOSTILE, welcome=HOSTILE, slug="willow")
    sheet = read(page(PageContext(named, language, support_code=HOSTILE)))

    assert not [address for address in sheet.links.values() if "evil" in address]
    assert sheet.title.endswith(HOSTILE)


def test_what_is_typed_or_stored_is_text_and_nothing_else(context: PageContext) -> None:
    profile = replace(ANA, name=HOSTILE, id=HOSTILE)
    account = replace(ACCOUNT, name=HOSTILE, profiles=(profile, ANA))
    for html in (
        pages.sign_in(context, typed_address=HOSTILE, problem="format"),
        pages.dead_link(context, why="used", typed_address=HOSTILE),
        pages.pin(context, typed_address=HOSTILE, problem="email_format"),
        pages.sent(context, letter=letter_of(context), address=HOSTILE, address_known=True, is_repeat=False),
        pages.sent(context, letter=letter_of(context), address=HOSTILE, address_known=False, is_repeat=False),
        pages.tips(context, sender=HOSTILE),
        pages.confirm(context, action=HOSTILE, masked=HOSTILE, invitation=True),
        pages.confirm_switch(context, action=HOSTILE, masked=HOSTILE, current=HOSTILE),
        pages.profiles(context, profiles=[profile], current=None),
        pages.home(context, account=account, profile=profile, first=True, previous=None),
    ):
        sheet = read(html)
        values = [value for element in sheet.elements for value in element.attributes.values()]
        assert not [address for address in sheet.links.values() if "evil" in address]
        assert HOSTILE in values or " ".join(HOSTILE.split()) in sheet.text


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "JavaScript:alert(1)", "data:text/html,x", "//evil.example", ""]
)
def test_a_setting_that_is_no_web_address_is_never_a_link(willow: Practice, url: str) -> None:
    context = PageContext(replace(willow, website=True, help_url=url, new_client_url=url, app_url=url), "en")
    for html in (
        pages.landing(context, signed_in=False),
        pages.new_client(context),
        pages.tips(context, sender="a@example.com"),
        pages.home(context, account=ACCOUNT, profile=ANA, first=False, previous=None),
    ):
        assert url not in read(html).links.values()


@pytest.mark.parametrize("path", ["//evil.example", "/\\evil.example", "/\t/evil.example", "\\\\evil.example", '/"><a'])
def test_the_language_link_of_an_odd_path_stays_on_this_host(path: str) -> None:
    address = read(pages.not_found(PageContext(None, "en", path))).one("a", hreflang="es").attributes["href"]

    assert re.fullmatch(r"/[^/\\][^\\\s\"<>]*\?lang=es", address)


@pytest.mark.parametrize(
    ("written", "dialled"),
    [
        ("(555) 010-0142", "5550100142"),
        ("+34 91 000 00 00", "+34910000000"),
        ("555.010.0142 ext. 7", "5550100142,7"),
        ("(555) 010-0142 x 4021", "5550100142,4021"),
        ("(555) 010-0142, extensión 12", "5550100142,12"),
        ("(555) 010-0142 #3", "5550100142,3"),
        ("(555) 010-0142 ask for Ann", "5550100142"),
        ("ext. 7", ""),
        ("ask at the desk", ""),
    ],
)
def test_a_telephone_number_can_be_pressed_however_it_is_written(written: str, dialled: str) -> None:
    number = phone(written)

    assert number is not None
    assert (number.text, number.dial) == (written, dialled)


def test_a_number_without_digits_is_shown_and_not_linked(willow: Practice) -> None:
    page = read(
        pages.rate_limited(
            PageContext(replace(willow, phone="ask at the desk"), "en"), Wait(THIRD_OF_MARCH + 60, THIRD_OF_MARCH)
        )
    )

    assert "ask at the desk" in page.text
    assert "ask at the desk" not in page.links


def test_the_stylesheet_that_is_announced_is_the_one_in_the_page(context: PageContext) -> None:
    style = re.search(r"<style>(.*?)</style>", pages.sign_in(context), re.DOTALL)

    assert style
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"'sha256-{digest}'" == pages.content_security_style(None)


def test_the_stylesheet_asks_nothing_of_anyone(context: PageContext) -> None:
    assert not re.search(r"url\(|@import|@font-face", pages.sign_in(context))
