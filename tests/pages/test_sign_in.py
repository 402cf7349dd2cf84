"""Tests of the pages before sign-in."""

from dataclasses import replace

import pytest

from latchkey import pages
from latchkey.pages import PageContext
from latchkey.pages.sign_in import EmailProblem, Wait
from latchkey.rules.practices import Practice
from tests.pages.conftest import THIRD_OF_MARCH, letter_of
from tests.pages.html import read


def test_the_landing_page_asks_existing_or_new_and_tells_to_bookmark_it(context: PageContext) -> None:
    page = read(pages.landing(context, signed_in=False))

    assert page.heading == "Welcome to the Willow Family Therapy Client Portal"
    assert page.links["I’m an existing client"] == "/willow/sign-in"
    assert page.links["I’m a new client"] == "/willow/new-client"
    assert "Tip: Bookmark this page (save it in your favorites) so you can sign back in easily." in page.text


def test_clients_of_a_practice_with_a_website_see_the_words_they_know(harbor: Practice) -> None:
    expected = read(pages.landing(PageContext(harbor, "en"), signed_in=False)).links
    theirs = read(
        pages.landing(PageContext(replace(harbor, new_client_url="https://harbor.example/book"), "en"), signed_in=False)
    ).links

    assert expected["Client Portal"] == "/harbor/sign-in"
    assert expected["Request Appointment"] == "/harbor/new-client"
    assert theirs["Request Appointment"] == "https://harbor.example/book"
    assert "I’m an existing client" not in expected


def test_someone_signed_in_is_offered_the_way_on_before_anything_else(context: PageContext) -> None:
    choices = [link.text for link in read(pages.landing(context, signed_in=True)).all("a") if "button" in str(link)]

    assert choices == ["Go to the Client Portal", "I’m an existing client", "I’m a new client"]


def test_a_new_client_is_sent_to_the_welcome_email_and_offered_no_form(context: PageContext) -> None:
    page = read(pages.new_client(context))

    assert "use the Sign in button in the welcome email" in page.text
    assert "You don’t need a password." in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert not page.all("form")


def test_the_only_thing_requested_is_an_email_address(context: PageContext) -> None:
    page = read(pages.sign_in(context))

    assert page.heading == "Sign in to your Client Portal"
    assert page.title == "Sign in to your Client Portal – Willow Family Therapy"
    assert page.one("form").attributes == {"method": "post", "action": "/willow/sign-in", "novalidate": ""}
    assert page.buttons == ["Send link"]
    assert page.one("input").attributes == {
        "id": "email",
        "name": "email",
        "type": "email",
        "autocomplete": "email",
        "inputmode": "email",
        "spellcheck": "false",
        "autocapitalize": "none",
        "maxlength": "254",
        "dir": "ltr",
        "required": "",
        "value": "",
        "aria-describedby": "email-hint",
    }
    assert "We never ask for one." in page.text


@pytest.mark.parametrize(
    ("problem", "words"),
    [
        ("empty", "Enter your email address"),
        ("no_at", "The address needs an @ sign, like name@example.com"),
        ("space", "An email address has no spaces. Take out the space."),
        ("comma", "Use a period (.) and not a comma (,)"),
        ("format", "Enter the whole email address, like name@example.com"),
        ("unknown", "We don’t have that email address on file"),
    ],
)
def test_a_wrong_address_is_named_above_and_at_the_field_and_stays_in_it(
    context: PageContext, problem: EmailProblem, words: str
) -> None:
    page = read(pages.sign_in(context, typed_address="maria@exmaple.com", problem=problem))
    summary, field = page.one("div", role="alert"), page.one("input")

    assert page.title.startswith("Error: ")
    assert summary.text == f"There is a problem {words}"
    assert {"tabindex", "autofocus"} <= summary.attributes.keys()
    assert page.links[words] == "#email"
    assert page.one("p", id="email-problem").text == words
    assert field.attributes["aria-describedby"] == "email-hint email-problem"
    assert field.attributes["aria-invalid"] == "true"
    assert field.attributes["value"] == "maria@exmaple.com"


def test_an_unknown_address_comes_with_the_number_to_call(context: PageContext, unreachable: PageContext) -> None:
    page = read(pages.sign_in(context, problem="unknown"))

    assert "contact Willow Family Therapy: (555) 010-0142" in page.one("main").text
    assert "contact Harbor Street." in read(pages.sign_in(unreachable, problem="unknown")).one("main").text


def test_a_form_without_a_problem_has_no_alert(context: PageContext) -> None:
    page = read(pages.sign_in(context))

    assert not page.all("div", role="alert")
    assert "Error" not in page.title


@pytest.mark.parametrize(("minutes", "words"), [(1, "after 1 minute"), (20, "after 20 minutes")])
def test_after_a_session_has_ended_the_page_says_why_the_form_is_back(
    context: PageContext, minutes: int, words: str
) -> None:
    page = read(pages.sign_in(context, idle_minutes=minutes))

    assert words in page.heading
    assert "To sign in again, enter your email address." in page.text


def test_the_page_after_asking_says_what_to_do_in_the_inbox(context: PageContext) -> None:
    page = read(
        pages.sent(context, letter=letter_of(context), address="maria@example.com", address_known=True, is_repeat=False)
    )

    assert page.heading == "Check your email"
    assert "We sent an email to maria@example.com" in page.text
    assert "with the subject line “Sign in to your Client Portal”" in page.text
    assert "The link works for 24 hours and only once." in page.text
    assert page.links["Try these tips"] == "/willow/help"
    assert page.buttons == ["Clear this address", "Send again"]


def test_the_page_after_asking_knows_how_long_the_links_of_this_stack_live(context: PageContext) -> None:
    page = read(
        pages.sent(
            context,
            letter=letter_of(context),
            address="maria@example.com",
            address_known=True,
            is_repeat=False,
            hours=1,
        )
    )

    assert "The link works for 1 hour and" in page.text


def test_a_second_press_says_that_a_link_was_just_sent(context: PageContext) -> None:
    page = read(
        pages.sent(context, letter=letter_of(context), address="maria@example.com", address_known=True, is_repeat=True)
    )

    assert "We just sent you a link. Check your email before you ask for another one." in page.text


@pytest.mark.parametrize("repeated", [False, True])
def test_where_every_address_gets_one_answer_the_page_does_not_confirm_this_one(
    context: PageContext, repeated: bool
) -> None:
    page = read(
        pages.sent(
            context, letter=letter_of(context), address="maria@example.com", address_known=False, is_repeat=repeated
        )
    )

    assert (
        "If maria@example.com is the address that Willow Family Therapy has for you, you will get an email" in page.text
    )
    assert "Check the spelling or try a different email address." in page.text
    assert "contact Willow Family Therapy: (555) 010-0142" in page.text
    assert "We sent" not in page.text
    assert "We just sent" not in page.text


def test_where_no_mail_can_be_sent_the_way_in_is_a_call_and_a_pin_code(
    context: PageContext, unreachable: PageContext
) -> None:
    """B157"""
    page = read(pages.no_mail(context, typed_address="maria@example.com"))
    written = read(pages.no_mail(unreachable, typed_address="maria@example.com"))

    assert page.heading == "We can’t send email to that address"
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert page.one("input", name="email").attributes["value"] == "maria@example.com"
    assert page.one("input", name="pin").attributes["autocomplete"] == "one-time-code"
    assert "Google" not in page.text
    assert "Contact Harbor Street to check your email address and to get a Pin Code." in written.text


def test_there_are_exactly_three_tips(context: PageContext) -> None:
    page = read(pages.tips(context, sender="yourprovider@mail.example.com"))

    assert page.heading == "Having trouble signing in?"
    assert [tip.text.partition(" It ")[0].partition(" Look ")[0].partition(" Call W")[0] for tip in page.all("li")] == [
        "Check the spelling of your email address",
        "Check your Spam, Junk, Bulk, and Updates folders",
        "Ask Willow Family Therapy for a one-time Pin Code",
    ]
    assert page.links["Request a new link"] == "/willow/sign-in"
    assert "Your phone or computer may fill in a different one by itself." in page.text


def test_the_tips_name_the_address_that_letters_really_come_from(context: PageContext) -> None:
    page = read(pages.tips(context, sender="yourprovider@mail.example.com"))

    assert "Look for an email from yourprovider@mail.example.com. Add that address to your contacts" in page.text


def test_the_tips_tell_to_confirm_the_address_on_the_phone(context: PageContext, unreachable: PageContext) -> None:
    called = read(pages.tips(context, sender="a@example.com"))
    written = read(pages.tips(unreachable, sender="a@example.com"))

    assert "While you’re on the call, confirm the email address for your Client Portal." in called.text
    assert called.links["(555) 010-0142"] == "tel:5550100142"
    assert "Contact Harbor Street and confirm the email address" in written.text


def test_the_last_tip_leads_to_where_the_pin_code_is_typed(context: PageContext, unreachable: PageContext) -> None:
    assert read(pages.tips(context, sender="a@example.com")).links["Sign in via Pin Code"] == "/willow/pin"
    assert read(pages.tips(unreachable, sender="a@example.com")).links["Sign in via Pin Code"] == "/harbor/pin"


def test_people_at_the_wrong_page_are_shown_the_right_one(context: PageContext) -> None:
    page = read(pages.tips(context, sender="a@example.com"))

    assert (
        "A page that asks for a username and a password is for the staff of Willow Family Therapy, not for you."
        in page.text
    )
    assert "The link for your video appointment (telehealth) is a different one." in page.text


def test_a_practice_can_point_to_its_own_guides(willow: Practice, context: PageContext) -> None:
    guided = PageContext(replace(willow, help_url="https://willow.example/guides"), "en")
    words = "Guides for clients of Willow Family Therapy"

    assert read(pages.tips(guided, sender="a@example.com")).links[words] == "https://willow.example/guides"
    assert words not in read(pages.tips(context, sender="a@example.com")).links


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1, "in 1 minute."),
        (60, "in 1 minute."),
        (61, "in 2 minutes."),
        (900, "in 15 minutes."),
        (901, "in 16 minutes."),
    ],
)
def test_a_reported_wait_is_never_too_short(context: PageContext, seconds: int, words: str) -> None:
    page = read(pages.rate_limited(context, Wait(THIRD_OF_MARCH + seconds, THIRD_OF_MARCH)))

    assert page.heading == "Please wait a little"
    assert words in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert page.links["Go to the Client Portal"] == "/willow"


def test_a_rate_limited_page_offers_the_pin(context: PageContext) -> None:
    assert (
        read(pages.rate_limited(context, Wait(THIRD_OF_MARCH + 60, THIRD_OF_MARCH))).links["Sign in via Pin Code"]
        == "/willow/pin"
    )


def test_the_tips_say_in_both_languages_that_an_address_opens_one_account(willow: Practice) -> None:
    """B90"""
    english, spanish = (
        read(pages.tips(PageContext(willow, language), sender="a@example.com")).text for language in ("en", "es")
    )

    assert "Each email address opens only one Client Portal account at Willow Family Therapy." in english
    assert "cada correo electrónico abre una sola cuenta del Portal de clientes." in spanish
    assert "Correo masivo" in spanish
