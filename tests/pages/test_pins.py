"""Tests of the page for a PIN."""

import pytest

from latchkey import pages
from latchkey.pages import PageContext
from latchkey.pages.pins import PinProblem
from latchkey.rules.practices import Practice
from tests.pages.html import read

REFUSED = "That email address and Pin Code don’t match, or the Pin Code has expired or been used"


def test_the_page_says_whom_to_call_before_it_asks_for_anything(context: PageContext, unreachable: PageContext) -> None:
    page = read(pages.pin(context))

    assert page.heading == "Sign in with a Pin Code"
    assert "To get a Pin Code, call Willow Family Therapy: (555) 010-0142" in page.one("main").text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert "To get a Pin Code, contact Harbor Street." in read(pages.pin(unreachable)).text


def test_an_address_and_a_code_are_requested_and_nothing_else(context: PageContext) -> None:
    page = read(pages.pin(context, typed_address="ana@example.com"))

    assert page.all("form")[0].attributes == {"method": "post", "action": "/willow/pin", "novalidate": ""}
    assert [(field.attributes["name"], field.attributes.get("value")) for field in page.all("input")] == [
        ("email", "ana@example.com"),
        ("pin", None),
    ]
    assert [label.text for label in page.all("label")] == ["Email address", "6-digit Pin Code"]
    assert page.buttons == ["Sign in", "Clear this address"]


def test_the_code_is_one_field_to_type_or_paste_into_however_it_is_spaced(context: PageContext) -> None:
    assert read(pages.pin(context)).one("input", id="pin").attributes == {
        "id": "pin",
        "name": "pin",
        "type": "text",
        "class": "code",
        "autocomplete": "one-time-code",
        "inputmode": "numeric",
        "pattern": "[0-9]*",
        "spellcheck": "false",
        "autocapitalize": "none",
        "dir": "ltr",
        "required": "",
        "aria-describedby": "pin-hint",
    }


def test_the_page_tells_how_long_a_code_works_and_which_address_to_use(context: PageContext) -> None:
    page = read(pages.pin(context))

    assert "A Pin Code works for 24 hours and only once." in page.one("p", id="pin-hint").text
    assert page.one("p", id="email-hint").text == "Use the email address that you confirmed on the call."


@pytest.mark.parametrize(
    ("problem", "field", "words"),
    [
        ("email_empty", "email", "Enter your email address"),
        ("email_format", "email", "Enter the whole email address, like name@example.com"),
        ("pin_empty", "pin", "Enter your 6-digit Pin Code"),
        ("pin_length", "pin", "The Pin Code must be 6 numbers"),
    ],
)
def test_what_is_wrong_is_named_above_and_at_its_own_field(
    context: PageContext, problem: PinProblem, field: str, words: str
) -> None:
    page = read(pages.pin(context, typed_address="ana@exmaple.com", problem=problem))
    summary, wrong = page.one("div", role="alert"), page.one("input", id=field)

    assert page.title.startswith("Error: ")
    assert summary.text == f"There is a problem {words}"
    assert {"tabindex", "autofocus"} <= summary.attributes.keys()
    assert page.links[words] == f"#{field}"
    assert page.one("p", id=f"{field}-problem").text == words
    assert wrong.attributes["aria-describedby"] == f"{field}-hint {field}-problem"
    assert [name.attributes["id"] for name in page.all("input", **{"aria-invalid": "true"})] == [field]
    assert page.one("input", id="email").attributes["value"] == "ana@exmaple.com"


def test_a_refusal_blames_both_fields_and_neither(context: PageContext) -> None:
    page = read(pages.pin(context, typed_address="ana@example.com", problem="refused"))

    assert page.one("div", role="alert").text == f"There is a problem {REFUSED}"
    assert page.links[REFUSED] == "#email"
    assert [
        (field.attributes["aria-invalid"], field.attributes["aria-describedby"]) for field in page.all("input")
    ] == [("true", "email-hint email-problem"), ("true", "pin-hint email-problem")]


def test_a_refusal_says_what_to_do_next(context: PageContext, unreachable: PageContext) -> None:
    page = read(pages.pin(context, problem="refused")).one("main").text
    written = read(pages.pin(unreachable, problem="refused")).one("main").text

    assert "If you need another Pin Code, call Willow Family Therapy: (555) 010-0142" in page
    assert "If you need another Pin Code, contact Harbor Street." in written
    assert "To get a Pin Code" not in page + written


def test_a_person_with_mail_after_all_finds_the_way_to_a_link(context: PageContext) -> None:
    assert read(pages.pin(context)).links["Request a new link"] == "/willow/sign-in"


@pytest.mark.parametrize(("seconds", "words"), [(1, "in 1 minute."), (60, "in 1 minute."), (841, "in 15 minutes.")])
def test_after_too_many_wrong_codes_the_page_shows_when_a_new_one_works(
    context: PageContext, seconds: int, words: str
) -> None:
    page = read(pages.pin_locked(context, seconds=seconds))

    assert page.heading == "For your security, that Pin Code no longer works"
    assert f"You can enter a new Pin Code {words}" in page.text


def test_after_too_many_wrong_codes_there_is_a_number_to_call_and_a_way_in_without_waiting(
    context: PageContext, unreachable: PageContext
) -> None:
    page = read(pages.pin_locked(context, seconds=900))

    assert "If you need another Pin Code, call Willow Family Therapy: (555) 010-0142" in page.one("main").text
    assert page.links["Request a new link"] == "/willow/sign-in"
    assert (
        "If you need another Pin Code, contact Harbor Street." in read(pages.pin_locked(unreachable, seconds=900)).text
    )


def test_after_too_many_wrong_codes_there_is_nothing_to_type_into(context: PageContext) -> None:
    assert not read(pages.pin_locked(context, seconds=900)).all("form")


def test_a_locked_code_comes_with_a_support_code(context_with_support_code: PageContext) -> None:
    assert (
        "If you ask for help, give this code: K7M-4QX"
        in read(pages.pin_locked(context_with_support_code, seconds=900)).text
    )


def test_the_spanish_page_says_codigo_pin(willow: Practice) -> None:
    page = read(pages.pin(PageContext(willow, "es"), problem="refused"))

    assert page.heading == "Inicie sesión con un código PIN"
    assert "Si necesita otro código PIN, llame a Willow Family Therapy: (555) 010-0142" in page.one("main").text
    assert page.one("label", **{"for": "pin"}).text == "Código PIN de 6 números"
