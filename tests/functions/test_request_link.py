"""Tests of requests for a link: pages, rate limits and mail jobs."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest

from latchkey import tokens
from latchkey.pages.sign_in import MAX_MINUTES
from latchkey.rules.accounts import AccountKey
from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
    REQUEST_LINK_PER_NETWORK,
    REQUEST_LINK_PER_SOURCE,
    UNKNOWN_ADDRESS_PER_NETWORK,
)
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.store import limits, practices
from tests.kit.aws_faults import Fault, refused
from tests.kit.browser import App, Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import HARBOR, WILLOW, change, key_of, put, use_up

MINUTE, HOUR, DAY = 60, 3600, 86_400


def minutes_left(answer: HttpResponse, seconds: int) -> None:
    """Fail unless the response tells this wait, in the header and on the page."""
    assert answer.status == 429
    assert answer.headers["retry-after"] == str(seconds)
    minutes = -(-seconds // 60)
    if minutes <= MAX_MINUTES:
        assert f", in {minutes} minute" in answer.page.text
    else:
        assert re.search(r"You can ask for a link again (at|on) [A-Z0-9]", answer.page.text)


# ── the pages before ──


def test_a_practice_has_a_page_to_bookmark_that_says_who_it_is(browser: Browser) -> None:
    """B4, B9"""
    page = browser.get("/willow").page

    assert page.heading == "Welcome to the Willow Family Therapy Client Portal"
    assert page.links["I’m an existing client"] == "/willow/sign-in"
    assert page.links["I’m a new client"] == "/willow/new-client"
    assert "Bookmark this page" in page.text


def test_a_practice_with_a_website_uses_its_words(browser: Browser) -> None:
    """B6"""
    links = browser.get("/harbor").page.links

    assert links["Client Portal"] == "/harbor/sign-in"
    assert links["Request Appointment"] == "https://harbor.example/appointments"


def test_the_landing_page_of_someone_signed_in_leads_into_the_portal(browser: Browser) -> None:
    """B9"""
    browser.sign_in("ana@example.com")

    assert browser.get("/willow").page.links["Go to the Client Portal"] == "/willow/home"


def test_a_link_on_the_practices_website_can_lead_straight_to_the_form(browser: Browser) -> None:
    """B10"""
    assert browser.get("/willow?client=existing").location == "/willow/sign-in"
    assert browser.get("/willow?client=else").status == 200


def test_a_new_client_is_advised_to_wait_for_the_invitation(browser: Browser) -> None:
    """B5"""
    page = browser.get("/willow/new-client").page

    assert page.heading == "I’m a new client"
    assert not page.all("form")


def test_the_form_asks_for_nothing_but_the_address(browser: Browser) -> None:
    """B2, B11, B12, B22"""
    page = browser.get("/willow/sign-in").page

    assert [field.attributes["name"] for field in page.all("input")] == ["email"]
    assert page.buttons == ["Send link"]
    assert page.links["Need help?"] == "/willow/help"


def test_the_tips_name_the_address_that_letters_come_from(browser: Browser, portal: Portal) -> None:
    """B28, B80, B83"""
    assert "yourprovider@mail.example.com" in browser.get("/willow/help").page.text

    browser.link("ana@example.com")
    assert portal.letters[0].arguments["FromEmailAddress"].endswith("<yourprovider@mail.example.com>")


def test_someone_signed_in_goes_on_from_the_form(browser: Browser) -> None:
    browser.sign_in("ana@example.com")

    assert browser.get("/willow/sign-in").location == "/willow/home"


def test_an_expired_session_is_reported_once(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    portal.now += 20 * MINUTE

    assert browser.get("/willow/home").location == "/willow/sign-in"
    page = browser.get("/willow/sign-in").page
    assert page.heading == "You were signed out after 20 minutes"
    assert "signed out" not in browser.get("/willow/sign-in").page.text


def test_a_session_cookie_that_stands_for_none_is_ended(browser: Browser) -> None:
    browser.cookies["__Host-session-willow"] = tokens.new_session_cookie(AccountKey(bytes(16)))

    answer = browser.get("/willow/sign-in")

    assert answer.cookie_values == {"__Host-session-willow": ""}
    assert "session has ended" not in answer.page.text


# ── asking ──


def test_an_address_on_file_gets_a_link_and_the_person_learns_where_to_look(browser: Browser, portal: Portal) -> None:
    """B15, B16, B23"""
    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    page = browser.get("/willow/sign-in/sent").page

    assert page.heading == "Check your email"
    assert "We sent an email to ana@example.com" in page.text
    assert page.links["Try these tips"] == "/willow/help"
    assert portal.deliver() == 1
    assert portal.letters[0].to == ["ana@example.com"]
    assert portal.audit() == [("link_requested", None), ("link_sent", None)]


def test_an_app_asks_and_is_answered_in_json(app: App, portal: Portal) -> None:
    """B119"""
    answer = app.request_link("ana@example.com")

    assert (answer.status, answer.document) == (202, {"status": "sent"})
    assert portal.deliver() == 1


@pytest.mark.parametrize("typed", ["ANA@Example.COM", "  ana@example.com \t", "ana@example.com\r\n"])
def test_case_and_outer_blanks_do_not_matter_and_the_letter_goes_to_the_address_on_file(
    browser: Browser, portal: Portal, typed: str
) -> None:
    """B19"""
    browser.request_link(typed)

    assert portal.deliver() == 1
    assert portal.letters[0].to == ["ana@example.com"]


def test_the_page_shows_the_address_as_it_was_typed(browser: Browser) -> None:
    browser.request_link("ANA@example.com")

    assert "We sent an email to ANA@example.com" in browser.get("/willow/sign-in/sent").page.text


def test_only_the_browser_that_requested_a_link_sees_the_page_about_it(browser: Browser, another: Browser) -> None:
    browser.request_link("ana@example.com")

    assert another.get("/willow/sign-in/sent").location == "/willow/sign-in"
    assert browser.get("/harbor/sign-in/sent").location == "/harbor/sign-in"


@pytest.mark.parametrize(
    "address", ["nobody@example.com", "robin@example.com", "an.a@example.com", "ana+1@example.com"]
)
def test_an_address_without_access_is_reported_and_gets_nothing(browser: Browser, portal: Portal, address: str) -> None:
    """B18, B19, B64, B65"""
    answer = browser.request_link(address)

    assert answer.status == 422
    page = answer.page
    assert "We don’t have that email address on file" in page.text
    assert "try a different email address" in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert page.one("input").attributes["value"] == address
    assert portal.waiting() == []
    assert portal.audit() == [("link_refused", "email_unknown")]


def test_an_app_learns_that_an_address_has_no_access(app: App) -> None:
    answer = app.request_link("nobody@example.com")

    assert (answer.status, answer.code) == (422, "email_unknown")


UNREACHABLE = {
    "no consent": {"email_ok": False},
    "bounced": {"suppressed": True, "email_status": "bounced"},
    "complained": {"suppressed": True, "email_status": "complained"},
}
"""Facts of an account that may sign in, but gets no mail."""

every_reason_against_mail = pytest.mark.parametrize("facts", UNREACHABLE.values(), ids=UNREACHABLE)


@every_reason_against_mail
def test_where_no_mail_can_be_sent_the_page_says_so_and_offers_the_other_ways_in(
    browser: Browser, portal: Portal, facts: dict[str, Any]
) -> None:
    """B157"""
    change(portal, "willow", "ana@example.com", **facts)

    answer = browser.request_link(" Ana@Example.com")
    page = answer.page

    assert answer.status == 422
    assert page.heading == "We can’t send email to that address"
    assert "Call Willow Family Therapy to check your email address and to get a Pin Code" in page.text
    assert page.links["(555) 010-0142"] == "tel:5550100142"
    assert [form.attributes["action"] for form in page.all("form")] == ["/willow/pin", "/willow/sign-in"]
    assert page.one("input", name="email").attributes["value"] == " Ana@Example.com"
    assert page.one("button", name="clear").text == "Use a different address"
    assert "sent" not in page.text
    assert portal.audit() == [("link_refused", "no_mail_possible")]
    assert portal.waiting() == []
    assert answer.cookie_values.keys() == {"__Host-typed-willow"}
    assert browser.get("/willow/sign-in/sent").location == "/willow/sign-in"


def test_where_no_mail_can_be_sent_google_is_offered_if_the_practice_offers_it(
    browser: Browser, portal: Portal
) -> None:
    """B157"""
    portal.parameters |= {"GoogleClientId": "client"}
    assert "Continue with Google" in browser.request_link("jo@example.com").page.text
    practices.save(replace(WILLOW, providers=frozenset()))
    assert "Google" not in browser.request_link("jo@example.com").page.text


@every_reason_against_mail
def test_an_app_learns_that_no_mail_can_be_sent(app: App, portal: Portal, facts: dict[str, Any]) -> None:
    """B157"""
    change(portal, "willow", "ana@example.com", **facts)

    answer = app.request_link("ana@example.com")

    assert (answer.status, answer.code) == (422, "no_mail_possible")
    assert portal.waiting() == []


@every_reason_against_mail
def test_where_every_address_gets_one_answer_nobody_learns_that_no_mail_can_be_sent(
    browser: Browser, portal: Portal, facts: dict[str, Any]
) -> None:
    """B157"""
    change(portal, "harbor", "ana@example.com", **facts)

    assert browser.request_link("ana@example.com", "harbor").location == "/harbor/sign-in/sent"
    assert portal.audit() == [("link_requested", None)]
    assert portal.deliver() == 0


def test_someone_without_access_is_unknown_also_where_no_mail_could_be_sent(app: App, portal: Portal) -> None:
    change(portal, "willow", "robin@example.com", email_ok=False, suppressed=True)

    assert app.request_link("robin@example.com").code == "email_unknown"


def test_addresses_that_get_no_mail_count_like_unknown_ones_for_a_source(portal: Portal) -> None:
    """B21, B157"""
    app = portal.app()
    for number in range(5):
        put(portal, WILLOW, f"returned{number}@example.com", suppressed=True)
        assert app.request_link(f"returned{number}@example.com").code == "no_mail_possible"

    for address in ("returned0@example.com", "typo@example.com", "ana@example.com"):
        assert (app.request_link(address).status, app.request_link(address).code) == (429, "wait")
    portal.now += 15 * MINUTE
    assert app.request_link("ana@example.com").status == 202


def test_addresses_that_get_no_mail_also_count_for_the_network_of_the_source(portal: Portal) -> None:
    use_up(portal, UNKNOWN_ADDRESS_PER_NETWORK.limit, 49, "network", "ask", "2001:db8:77::/48")

    assert portal.app("2001:db8:77:1::1").request_link("jo@example.com").code == "no_mail_possible"
    assert portal.app("2001:db8:77:2::1").request_link("ana@example.com").code == "wait"


def test_an_address_that_was_confirmed_gets_its_link_anew(browser: Browser, portal: Portal) -> None:
    change(portal, "willow", "ana@example.com", suppressed=True)
    assert browser.request_link("ana@example.com").status == 422
    change(portal, "willow", "ana@example.com", suppressed=False)

    assert browser.link("ana@example.com")


@pytest.mark.parametrize(
    ("typed", "words_of"),
    [
        ("", "Enter your email address"),
        ("   ", "Enter your email address"),
        ("ana", "The address needs an @ sign, like name@example.com"),
        ("ana@exam\u212aple.com", "Enter the whole email address, like name@example.com"),
    ],
)
def test_what_is_no_address_is_reported_and_stays_to_be_corrected(
    browser: Browser, portal: Portal, typed: str, words_of: str
) -> None:
    before = portal.at_rest()

    answer = browser.request_link(typed)

    assert answer.status == 422
    assert words_of in answer.page.text
    assert answer.page.one("input").attributes["value"] == typed
    assert portal.at_rest() == before


def test_an_app_learns_what_is_no_address(app: App) -> None:
    for typed in ("", "ana", "ana@@example.com"):
        answer = app.request_link(typed)
        assert (answer.status, answer.code) == (422, "email_invalid")


def test_a_form_without_the_field_is_an_empty_one(browser: Browser, app: App) -> None:
    assert browser.post("/willow/sign-in", {}).status == 422
    assert browser.post("/willow/sign-in", {}, content_type="").status == 422
    assert app.post("/willow/sign-in", {}).code == "email_invalid"


# ── asking again ──


def test_a_second_press_within_a_minute_sends_nothing_and_says_so(browser: Browser, portal: Portal) -> None:
    """B17"""
    browser.request_link("ana@example.com")
    portal.now += 59
    answer = browser.request_link("ana@example.com")

    assert answer.location == "/willow/sign-in/sent"
    assert "We just sent you a link" in browser.get("/willow/sign-in/sent").page.text
    assert portal.deliver() == 1
    assert portal.audit() == [("link_requested", None), ("link_sent", None)]


def test_a_second_press_keeps_the_browser_that_requested_it_the_one_that_opens(
    browser: Browser, portal: Portal
) -> None:
    browser.request_link("ana@example.com")
    stored = browser.cookies["__Host-req-willow"]

    browser.request_link(" ANA@example.com")
    portal.deliver()

    assert browser.cookies["__Host-req-willow"] == stored
    assert browser.get(portal.letters[0].path).location == "/willow/home"


def test_a_minute_later_a_new_link_is_sent(browser: Browser, portal: Portal) -> None:
    """B14"""
    browser.link("ana@example.com")
    portal.now += 60

    assert browser.link("ana@example.com")
    assert "We just sent you a link" not in browser.get("/willow/sign-in/sent").page.text
    assert len(portal.letters) == 2


def test_another_browser_that_asks_within_the_minute_is_answered_alike_and_opens_nothing_by_itself(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """The response must not tell that another browser asked first."""
    first = browser.request_link("ana@example.com")
    second = another.request_link("ana@example.com")
    portal.deliver()

    assert first.location == second.location
    assert another.get(portal.letters[0].path).status == 200
    assert browser.get(portal.letters[0].path).location == "/willow/home"


def test_a_fourth_link_within_15_minutes_is_refused_with_the_true_wait(browser: Browser, portal: Portal) -> None:
    for _ in range(3):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE

    minutes_left(browser.request_link("ana@example.com"), 12 * MINUTE)
    portal.now += 12 * MINUTE - 1
    minutes_left(browser.request_link("ana@example.com"), 1)
    portal.now += 1
    assert browser.request_link("ana@example.com").status == 303
    assert portal.deliver() == 4
    assert ("limit_hit", "ask_quarter") in portal.audit()


def test_a_strangers_link_requests_do_not_limit_a_known_browser(browser: Browser, portal: Portal) -> None:
    """A known browser has a rate limit of its own. The last link stays valid."""
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    stranger = portal.browser(source="198.51.100.1")
    last = ""
    for _ in range(3):
        last = stranger.link("ana@example.com")
        portal.now += MINUTE
    assert stranger.request_link("ana@example.com").status == 429

    assert portal.browser(source="198.51.100.2").request_link("ana@example.com").status == 429
    assert browser.request_link("ana@example.com").status == 303
    portal.now += MINUTE
    for _ in range(2):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE
    minutes_left(browser.request_link("ana@example.com"), 9 * MINUTE)
    assert browser.post(last).location == "/willow/home"


def test_a_browser_known_to_one_account_has_no_limit_of_its_own_at_another(browser: Browser, portal: Portal) -> None:
    browser.sign_in("lee@example.com")
    portal.now += HOUR
    for _ in range(3):
        portal.browser(source="198.51.100.1").link("ana@example.com")
        portal.now += MINUTE

    assert browser.request_link("ana@example.com").status == 429


def test_an_eleventh_link_within_a_day_is_refused(browser: Browser, portal: Portal) -> None:
    for _ in range(10):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += HOUR

    minutes_left(browser.request_link("ana@example.com"), DAY - 10 * HOUR)


def test_a_practice_sends_300_letters_an_hour_and_its_limit_does_not_count_for_the_address(
    browser: Browser, portal: Portal
) -> None:
    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice", "harbor")
    assert browser.request_link("nobody@example.com", "harbor").status == 303

    for number in range(4):
        minutes_left(browser.request_link("ana@example.com", "harbor"), HOUR - number * MINUTE)
        portal.now += MINUTE
    assert browser.request_link("ana@example.com", "willow").status == 303
    portal.now += HOUR
    assert browser.request_link("ana@example.com", "harbor").status == 303


def test_strangers_cannot_close_a_practices_mail_to_browsers_that_were_here_before(
    browser: Browser, portal: Portal
) -> None:
    """Known browsers have a rate limit of their own, with the same number."""
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", "willow")
    assert portal.browser(source="198.51.100.1").request_link("ana@example.com").status == 429

    path = browser.link("ana@example.com")
    assert browser.get(path).location == "/willow/home"

    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice browser", "willow")
    portal.now += MINUTE
    minutes_left(browser.request_link("ana@example.com"), HOUR - MINUTE)
    assert ("limit_hit", "mail_practice") in portal.audit()


# ── limits of a source ──


def test_an_eleventh_request_from_one_source_within_ten_minutes_is_refused(portal: Portal) -> None:
    for number in range(10):
        put(portal, WILLOW, f"client{number}@example.com")
        assert portal.browser().request_link(f"client{number}@example.com").status == 303

    minutes_left(portal.browser().request_link("ana@example.com"), 10 * MINUTE)
    assert portal.browser(source="198.51.100.1").request_link("ana@example.com").status == 303
    portal.now += 10 * MINUTE
    assert portal.browser().request_link("lee@example.com").status == 303


def test_an_ipv4_source_is_the_same_when_it_is_written_as_ipv6(portal: Portal) -> None:
    for number in range(10):
        source = "203.0.113.7" if number % 2 else "::ffff:203.0.113.7"
        portal.browser(source).request_link(f"nobody{number}@example.com", "harbor")

    assert portal.browser("::ffff:203.0.113.7").request_link("ana@example.com", "harbor").status == 429


def test_a_64_is_one_source_and_a_48_has_ten_times_its_rate_limit(portal: Portal) -> None:
    def ask(source: str) -> int:
        return portal.browser(source).request_link(f"{len(portal.waiting())}@example.com", "harbor").status

    use_up(portal, REQUEST_LINK_PER_SOURCE.limit, 9, "source", "ask", "2001:db8:77:1::/64")
    assert [ask(f"2001:db8:77:1::{host}") for host in (1, 2)] == [303, 429]
    use_up(portal, REQUEST_LINK_PER_NETWORK.limit, 98, "network", "ask", "2001:db8:77::/48")
    assert [ask(f"2001:db8:77:{subnet}::1") for subnet in (2, 3)] == [303, 429]
    assert ask("2001:db8:78::1") == 303


def test_after_five_unknown_addresses_in_15_minutes_a_known_one_is_refused_too(
    browser: Browser, app: App, portal: Portal
) -> None:
    """B21"""
    for number in range(5):
        assert browser.request_link(f"typo{number}@example.com").status == 422
        portal.now += 10

    for address in ("ana@example.com", "typo@example.com"):
        minutes_left(browser.request_link(address), 15 * MINUTE - 50)
        waiting = app.request_link(address)
        assert (waiting.status, waiting.code) == (429, "wait")
        assert waiting.document["retry_after"] == 15 * MINUTE - 50
        assert waiting.headers["retry-after"] == str(15 * MINUTE - 50)
    portal.now += 15 * MINUTE - 51
    minutes_left(browser.request_link("ana@example.com"), 1)
    portal.now += 1
    assert browser.request_link("ana@example.com").status == 303


def test_after_four_unknown_addresses_a_known_one_is_accepted(browser: Browser) -> None:
    """B21"""
    for number in range(4):
        assert browser.request_link(f"typo{number}@example.com").status == 422

    assert browser.request_link("ana@example.com").status == 303


def test_a_wait_stops_neither_other_people_nor_a_link_that_was_sent(browser: Browser, portal: Portal) -> None:
    path = browser.link("ana@example.com")
    for number in range(6):
        browser.request_link(f"typo{number}@example.com")

    assert browser.request_link("ana@example.com").status == 429
    assert portal.browser(source="198.51.100.1").request_link("lee@example.com").status == 303
    assert browser.get(path).location == "/willow/home"


def test_wrong_addresses_are_counted_at_one_portal_for_all_practices(browser: Browser) -> None:
    practices.save(Practice(slug="oak", name="Oak"))
    for number in range(5):
        browser.request_link(f"typo{number}@example.com", "willow" if number % 2 else "oak")

    assert browser.request_link("ana@example.com").status == 429


# ── one answer for every address ──


def test_the_page_does_not_confirm_an_address(browser: Browser, portal: Portal) -> None:
    browser.request_link("nobody@example.com", "harbor")
    page = browser.get("/harbor/sign-in/sent").page

    assert "If nobody@example.com is the address that Harbor Street Counseling has for you" in page.text
    assert "Send again" in page.buttons
    assert page.links["(555) 010-0177"] == "tel:5550100177"
    assert portal.deliver() == 0
    assert portal.letters == []


def test_an_app_gets_one_answer_for_every_address(app: App) -> None:
    for address in ("ana@example.com", "nobody@example.com", "robin@example.com"):
        answer = app.request_link(address, "harbor")
        assert (answer.status, answer.document) == (202, {"status": "sent"})


def test_a_changed_unknown_address_policy_applies_at_once(browser: Browser) -> None:
    assert browser.request_link("nobody@example.com", "harbor").status == 303
    practices.save(Practice(slug="harbor", name="Harbor", unknown_address=UnknownAddressPolicy.TELL))

    assert browser.request_link("nobody2@example.com", "harbor").status == 422


def test_a_mail_job_holds_no_address_and_no_secret(browser: Browser, portal: Portal) -> None:
    browser.request_link("ana@example.com")
    (body,) = portal.waiting()
    portal.deliver()
    secret = tokens.base64url_decode(portal.letters[0].path.rpartition("/")[2])
    assert secret is not None

    assert "@" not in body
    assert tokens.base64url_encode(secret[33:]) not in body
    assert secret[33:].hex() not in body
    assert json.loads(body)["account"] == tokens.base64url_encode(key_of(portal, "willow", "ana@example.com"))


# ── outages ──


def test_when_the_queue_does_not_answer_nothing_is_counted_and_a_retry_works(
    browser: Browser, app: App, portal: Portal
) -> None:
    portal.aws.refuse("SendMessage", "ServiceUnavailable", times=2)

    answer = browser.request_link("ana@example.com")
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.page.heading == "The Client Portal is not available right now"
    assert app.request_link("ana@example.com").code == "unavailable"

    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    assert "We just sent you a link" not in browser.get("/willow/sign-in/sent").page.text
    assert portal.deliver() == 1


def test_when_too_many_count_for_a_practice_at_once_nothing_is_counted_and_a_retry_works(
    browser: Browser, portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as crowd:
        crowd.setattr(limits, "MAX_CONTENTION_TRIES", 0)
        assert browser.request_link("ana@example.com").status == 503

    assert browser.request_link("ana@example.com").location == "/willow/sign-in/sent"
    assert portal.deliver() == 1


def test_when_one_reservation_cannot_be_released_the_other_is(browser: Browser, portal: Portal) -> None:
    down = refused("InternalServerError", 500)
    use_up(portal, MAIL_PER_PRACTICE.limit, 299, "practice", "willow")
    heard: list[str] = []

    def fault_at(operation: str, _call: int) -> Fault | None:
        """Return a fault for the message to the queue, and for the first write after it."""
        heard.append(operation)
        return down if operation == "SendMessage" or heard[-2:] == ["SendMessage", "UpdateItem"] else None

    with portal.aws.injecting(fault_at, lambda _seconds: None):
        assert browser.request_link("ana@example.com").status == 503

    assert portal.browser().request_link("lee@example.com").status == 303
    minutes_left(portal.browser().request_link("luis@example.com"), HOUR)


def test_when_the_queue_does_not_answer_every_address_gets_the_same_answer(portal: Portal) -> None:
    fields = []
    for address in ("ana@example.com", "nobody@example.com"):
        portal.aws.refuse("SendMessage", "ServiceUnavailable")
        answer = portal.browser().request_link(address, "harbor")
        fields.append((answer.status, sorted(answer.headers), answer.cookies))

    assert fields[0] == fields[1]


def test_without_its_audit_row_no_mail_job_is_queued(browser: Browser, portal: Portal) -> None:
    portal.aws.refuse("PutItem", "InternalServerError")

    assert browser.request_link("ana@example.com").status == 503
    assert portal.waiting() == []
    assert browser.request_link("ana@example.com").status == 303


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_in_a_store_outage_no_mail_job_is_queued(browser: Browser, portal: Portal, operation: str) -> None:
    portal.aws.refuse(operation, "ProvisionedThroughputExceededException")

    answer = browser.request_link("ana@example.com")

    assert answer.status == 503
    assert portal.waiting() == []
    assert "ProvisionedThroughput" not in answer.body


def test_reinstated_access_lets_a_client_request_a_link(browser: Browser, portal: Portal) -> None:
    """B62"""
    assert browser.request_link("robin@example.com").status == 422
    change(portal, "willow", "robin@example.com", status="active", epoch=2)

    assert browser.link("robin@example.com")


# ── limits of sources and known browsers ──


def test_wrong_addresses_from_the_same_source_do_not_limit_a_known_browser(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    for number in range(5):
        assert portal.browser().request_link(f"nobody{number}@example.com").status == 422
    assert portal.browser().request_link("lee@example.com").status == 429

    assert browser.request_link("ana@example.com").status == 303
    assert browser.request_link("lee@example.com").status == 429


@pytest.mark.parametrize("practice", [WILLOW, HARBOR], ids=["tells", "one answer"])
def test_one_client_cannot_use_up_what_a_practice_keeps_for_known_browsers(portal: Portal, practice: Practice) -> None:
    """The limit is that of the account, not of each browser. Beyond it, the account shares the practice's limit."""
    put(portal, practice, "lee@example.com")
    ana = [portal.browser(f"198.51.100.{number}") for number in range(5)]
    lee = portal.browser("198.51.100.9")
    for browser, address in [*((one, "ana@example.com") for one in ana), (lee, "lee@example.com")]:
        browser.sign_in(address, practice.slug)
        browser.post(f"/{practice.slug}/sign-out")
        portal.now += HOUR
    portal.now += DAY
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", practice.slug)
    use_up(portal, MAIL_PER_PRACTICE.limit, 293, "practice browser", practice.slug)

    statuses = []
    for browser in ana * 2:
        statuses.append(browser.request_link("ana@example.com", practice.slug).status)
        portal.now += MINUTE

    assert statuses == [303] * 6 + [429] * 4
    assert lee.request_link("lee@example.com", practice.slug).status == 303
    assert portal.browser("203.0.113.99").request_link("lee@example.com", practice.slug).status == 429


def test_repeated_requests_of_a_known_browser_write_no_audit_rows(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    portal.now += HOUR
    for _ in range(6):
        assert browser.request_link("ana@example.com").status == 303
        portal.now += MINUTE
    for _ in range(20):
        assert browser.request_link("ana@example.com").status == 429

    assert len([row for row in portal.audit() if row[0] == "limit_hit"]) == 7


def test_a_browser_is_known_for_half_a_year(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    cookies = dict(browser.cookies)
    portal.now += 180 * DAY - 1
    use_up(portal, MAIL_PER_PRACTICE.limit, 300, "practice", "willow")

    assert browser.request_link("ana@example.com").status == 303
    portal.now += MINUTE
    browser.cookies |= cookies
    assert browser.request_link("ana@example.com").status == 429


def test_after_a_double_click_the_link_opens_with_the_cookies_of_either_response(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """On a double click, the second request is sent without the cookies that the first response sets."""
    browser.request_link("ana@example.com")
    another.request_link("ana@example.com")
    browser.cookies |= another.cookies
    portal.deliver()

    assert browser.get("/willow/sign-in/sent").status == 200
    assert browser.get(portal.letters[-1].path).location == "/willow/home"
