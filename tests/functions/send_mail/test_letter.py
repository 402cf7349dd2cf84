"""Tests of the letter that goes to SES: its reader, its parts and its tags."""

from latchkey import tokens
from latchkey.rules.practices import Practice
from latchkey.store import practices
from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of, key_of


def test_a_letter_goes_to_the_address_on_file_and_to_nobody_else(portal: Portal, ana: bytes) -> None:
    assert portal.work(body_of(a_job(ana, NOON))) == []

    (letter,) = portal.letters
    assert letter.arguments["Destination"] == {"ToAddresses": ["ana@example.com"]}
    assert letter.arguments["FromEmailAddress"] == "Willow Family Therapy <yourprovider@mail.example.com>"
    assert letter.arguments["ReplyToAddresses"] == ["desk@willow.example"]
    assert letter.arguments["Content"]["Simple"]["Subject"]["Data"] == "Sign in to your Client Portal"


def test_a_letter_holds_one_link_and_both_parts_hold_the_same(portal: Portal, ana: bytes) -> None:
    """B25"""
    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    html = letter.arguments["Content"]["Simple"]["Body"]["Html"]["Data"]
    assert f"https://portal.example.com{letter.path}" in html
    assert letter.path.startswith("/willow/link/")


def test_nothing_in_a_letter_is_tracked(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    assert letter.arguments["ConfigurationOverrides"] == {
        "Tracking": {"OpenTrackingEnabled": "DISABLED", "ClickTrackingEnabled": "DISABLED"}
    }
    assert "ses:no-track" in letter.arguments["Content"]["Simple"]["Body"]["Html"]["Data"]
    assert letter.arguments["ConfigurationSetName"] == "ConfigurationSet"


def test_a_letter_says_that_a_machine_wrote_it_and_is_unlike_the_last_one(portal: Portal, ana: bytes) -> None:
    portal.work(body_of(a_job(ana, NOON)), body_of(a_job(ana, NOON + 1)))

    headers = [letter.headers for letter in portal.letters]
    assert {header["Auto-Submitted"] for header in headers} == {"auto-generated"}
    assert {header["X-Auto-Response-Suppress"] for header in headers} == {"All"}
    assert len({header["X-Entity-Ref-ID"] for header in headers}) == 2


def test_what_ses_reports_about_a_letter_will_name_practice_and_account(portal: Portal, ana: bytes) -> None:
    """B66"""
    portal.work(body_of(a_job(ana, NOON)))

    tags = {tag["Name"]: tag["Value"] for tag in portal.letters[0].arguments["EmailTags"]}
    assert tags["practice"] == "willow"
    assert tags["account"] == tokens.base64url_encode(ana)


def test_a_letter_is_in_the_language_of_its_reader(portal: Portal) -> None:
    """B123, B127"""
    portal.work(body_of(a_job(key_of(portal, "willow", "luis@example.com"), NOON)))

    (letter,) = portal.letters
    assert letter.headers["Content-Language"] == "es"
    assert "24 horas" in letter.text


def test_names_with_line_breaks_add_no_header(portal: Portal, ana: bytes) -> None:
    practices.save(Practice(slug="willow", name="Willow\r\nBcc: eve@evil.example", reply_to=None))

    portal.work(body_of(a_job(ana, NOON)))

    (letter,) = portal.letters
    assert letter.to == ["ana@example.com"]
    assert "\n" not in letter.arguments["FromEmailAddress"]
    assert letter.arguments["ReplyToAddresses"] == []


def test_the_link_in_a_letter_leads_to_where_it_was_requested(portal: Portal, browser: Browser) -> None:
    browser.request_link("ana@example.com")
    portal.deliver()

    assert "https://portal.example.com/willow/link/" in portal.letters[0].text
