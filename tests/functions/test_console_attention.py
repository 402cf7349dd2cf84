"""Tests of the list of clients who need attention, in the console and in the API."""

import re

import pytest

from latchkey import tokens
from latchkey.http.responses import rfc3339
from latchkey.store import accounts
from tests.functions.console_forms import invited_client, press
from tests.kit.browser import Browser
from tests.kit.portal import Portal
from tests.kit.seed import key_of

DAY = 24 * 3600
IDA = "ida@example.com"


@pytest.fixture
def staff(portal: Portal) -> Browser:
    return portal.staff()


@pytest.fixture
def ida(portal: Portal, staff: Browser) -> str:
    """Return the path of a client who has just been invited."""
    path = invited_client(staff, "Ida Moss", IDA)
    portal.deliver()
    return path


ROW = re.compile(r'<a href="/admin/willow/clients/01\w+">([^<]*)</a>\s*<small>([^<]*) · ')
WORDS = {
    "Email came back": "bounced",
    "Invited over 3 days ago, not signed in": "not_signed_in",
    "Pin Codes were refused today": "pin_refused",
    "Asked for a link today without consent to email": "no_consent",
}


def listed(portal: Portal) -> list[tuple[str, str]]:
    """Return names and reasons of the list. Fail unless the first page has its first five."""
    staff = portal.staff()
    page = staff.get("/admin/willow/clients?show=attention")
    rows = ROW.findall(page.body)
    home = staff.get("/admin/willow")
    assert ROW.findall(home.body) == rows[:5]
    assert ("Nobody is stuck." in home.page.text) == (not rows) == ("Nobody is stuck." in page.page.text)
    return [(name, WORDS[words]) for name, words in rows]


def bounce(portal: Portal, email: str, kind: str = "Bounce") -> None:
    """Deliver a report that the newest mail to an address bounced."""
    key = tokens.base64url_encode(key_of(portal, "willow", email))
    (item,) = [item for item in portal.at_rest()["Accounts"] if item["key"]["S"] == key]
    tags = {"practice": ["willow"], "account": [key], "ses:configuration-set": ["ConfigurationSet"]}
    mail = {"messageId": item["message_id"]["S"], "timestamp": rfc3339(portal.now), "tags": tags}
    detail = {"eventType": kind, "mail": mail, "bounce": {"bounceType": "Permanent"}}
    portal.handle_event("MailEvents", {"id": "1", "source": "aws.ses", "detail": detail})


@pytest.mark.usefixtures("ida")
@pytest.mark.parametrize(("seconds", "found"), [(3 * DAY, []), (3 * DAY + 1, [("Ida Moss", "not_signed_in")])])
def test_someone_who_does_not_sign_in_is_listed_after_three_days(
    portal: Portal, seconds: int, found: list[tuple[str, str]]
) -> None:
    """B165"""
    portal.now += seconds
    assert listed(portal) == found


def test_a_sign_in_takes_someone_from_the_list(portal: Portal, ida: str) -> None:
    portal.now += 4 * DAY
    assert listed(portal) == [("Ida Moss", "not_signed_in")]
    pin = press(portal.staff(), ida, f"{ida}/pin").page.one("p", **{"class": "pin"}).text.replace(" ", "")
    assert portal.browser().enter_pin(IDA, pin).status == 303
    assert listed(portal) == []
    found = accounts.find(key_of(portal, "willow", IDA))
    assert found
    assert found.attention_from is None, "not in the index any more"


def test_mail_that_came_back_is_listed_until_the_address_is_saved_once_more(portal: Portal, ida: str) -> None:
    """B165"""
    bounce(portal, IDA)
    portal.now += 1
    assert listed(portal) == [("Ida Moss", "bounced")]
    assert press(portal.staff(), f"{ida}/address", email=IDA, email_ok="yes").status == 303
    assert listed(portal) == []


def test_the_end_of_access_takes_someone_from_the_list(portal: Portal, ida: str) -> None:
    bounce(portal, IDA, "Complaint")
    portal.now += 1
    assert listed(portal) == [("Ida Moss", "bounced")]
    assert press(portal.staff(), f"{ida}/end").status == 303
    assert listed(portal) == []


@pytest.mark.parametrize(("wrong", "found"), [(2, []), (3, [("Ida Moss", "pin_refused")])])
def test_a_third_refused_pin_lists_someone_for_the_day(
    portal: Portal, ida: str, wrong: int, found: list[tuple[str, str]]
) -> None:
    """B165"""
    pin = press(portal.staff(), ida, f"{ida}/pin").page.one("p", **{"class": "pin"}).text.replace(" ", "")
    guess = f"{(int(pin) + 1) % 10**6:06d}"
    browser = portal.browser()
    for _ in range(wrong):
        browser.enter_pin(IDA, guess)
    portal.now += 1
    assert listed(portal) == found
    portal.now += DAY
    assert listed(portal) == []


def test_someone_who_asks_without_consent_is_listed_until_it_is_recorded(portal: Portal, ida: str) -> None:
    """B165"""
    assert press(portal.staff(), f"{ida}/address", email=IDA).status == 303
    portal.browser().request_link(IDA)
    portal.deliver()
    portal.now += 1
    assert listed(portal) == [("Ida Moss", "no_consent")]
    assert press(portal.staff(), f"{ida}/address", email=IDA, email_ok="yes").status == 303
    assert listed(portal) == []


def test_a_guardian_who_is_stuck_lists_the_childs_page(portal: Portal, staff: Browser) -> None:
    path = invited_client(staff, "Tim Vale", "", kind="minor", email_ok="")
    fields = {"person_name": "Gus Vale", "person_email": "gus@example.com", "relation": "guardian", "person_ok": "yes"}
    assert press(staff, f"{path}/people", **fields).status == 303
    portal.deliver()
    portal.now += 3 * DAY + 1
    assert listed(portal) == [("Tim Vale", "not_signed_in")]
    assert "gus@example.com" in portal.staff().get("/admin/willow/clients?show=attention").page.text


def test_a_long_list_goes_on_where_it_ended(portal: Portal, staff: Browser) -> None:
    for number in range(21):
        invited_client(staff, f"Client {number}", f"c{number}@example.com")
        portal.now += 60
        portal.deliver()
        staff = portal.staff()
    portal.now += 3 * DAY + 1
    staff = portal.staff()
    first = staff.get("/admin/willow/clients?show=attention").page
    names = [element.text for element in first.all("a") if "/clients/01" in element.attributes.get("href", "")]
    assert names[:2] == ["Client 20", "Client 19"]
    assert len(names) == 20
    second = staff.get(f"/admin/willow/clients{first.links['More']}").page
    assert "Client 0" in second.links
    assert "Client 1" not in second.links
    home = staff.get("/admin/willow").page
    assert home.links["Everyone who needs attention"] == "/admin/willow/clients?show=attention"


@pytest.mark.parametrize("cursor", ["x", "MQ", "MSMx", "w6k"])
def test_a_position_that_is_none_is_the_start_of_the_list(staff: Browser, cursor: str) -> None:
    assert staff.get(f"/admin/willow/clients?show=attention&cursor={cursor}").status in (200, 400)


def test_the_clients_that_were_opened_last_are_on_the_first_page(portal: Portal, staff: Browser) -> None:
    paths = [invited_client(staff, f"Client {number}", f"c{number}@example.com") for number in range(6)]
    for path in [*paths, paths[2]]:
        staff.get(path)
    opened = [link for link in staff.get("/admin/willow").page.links if link.startswith("Client ")]
    assert opened == ["Client 2", "Client 5", "Client 4", "Client 3", "Client 1"]

    other = portal.staff("dr-other")
    other.cookies["__Host-opened-willow"] = staff.cookies["__Host-opened-willow"]
    assert "Client 2" not in other.get("/admin/willow").page.links, "another person at the same computer"
    staff.cookies["__Host-opened-willow"] = "AAAA" + staff.cookies["__Host-opened-willow"][4:]
    assert "Client 2" not in staff.get("/admin/willow").page.links


def test_a_misspelt_address_brings_a_question_before_the_invitation(staff: Browser) -> None:
    """The same question as on the clients' own page (B142)."""
    fields = {"name": "Ida Moss", "kind": "individual", "client_language": "en", "email_ok": "yes"}
    letter = press(staff, "/admin/willow/clients/new", email="ida@gmial.com", **fields).location
    path = letter.removesuffix("/email")
    for page in (staff.get(letter), staff.get(path)):
        assert "Did you mean gmail.com?" in page.page.text
        assert page.page.links["Change the address"] == f"{path}/address"
    assert press(staff, f"{path}/address", email="ida@gmail.com", email_ok="yes").status == 303
    for page in (staff.get(letter), staff.get(path)):
        assert "Did you mean" not in page.page.text
