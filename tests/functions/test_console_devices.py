"""Phones and tablets with the app, in the console: listed for a client and ended after a question (B226)."""

import pytest

from latchkey import tokens
from latchkey.rules.members import Role
from tests.functions.console_forms import invited_client, press
from tests.kit.browser import Browser
from tests.kit.phone import Phone
from tests.kit.portal import Portal

KIM, JO = "kim@example.com", "jo@example.com"
PHONE = "Kim's <b>phone</b>"


@pytest.fixture
def staff(portal: Portal) -> Browser:
    return portal.staff()


def phone_of(portal: Portal, email: str) -> tuple[Phone, Browser]:
    """Return an app without a session, and a browser of the person who is to sign it in."""
    portal.now += 120  # so many seconds are between two letters
    browser = portal.browser()
    browser.sign_in(email)
    return Phone(portal.app(), tokens.random_secret()), browser


@pytest.fixture
def client(portal: Portal, staff: Browser) -> str:
    """Return the path of the page of Kim Lee, whose profile Jo Lee opens too."""
    path = invited_client(staff, "Kim Lee", KIM)
    added = press(staff, f"{path}/people", person_name="Jo Lee", person_email=JO, relation="partner", person_ok="yes")
    assert added.status == 303
    portal.deliver()
    return path


def test_a_lost_phone_is_found_and_signed_out_after_a_question(portal: Portal, staff: Browser, client: str) -> None:
    """B226, B232"""
    (first, browser), (second, _) = phone_of(portal, KIM), phone_of(portal, KIM)
    lost = first.signed_in(browser, device=PHONE)
    stays = second.signed_in(browser)
    portal.now += 19 * 60
    assert first.is_in(lost)
    staff = portal.staff()

    path = staff.get(client).page.links["Phones and tablets with the app"]
    listed = staff.get(path).page
    assert PHONE in listed.text
    assert "Phone or tablet" in listed.text
    assert listed.text.count("Last used") == 2
    every = [link.attributes["href"] or "" for link in listed.all("a")]
    (question,) = (link for link in every if link.endswith(lost["device"]))
    question_page = staff.get(question).page
    assert question_page.heading == f"Sign out {PHONE}?"
    assert first.is_in(lost)

    answer = press(staff, question)
    assert answer.location == f"{path}?done=device_ended"
    after = staff.get(answer.location).page
    assert "It is signed out." in after.text
    assert PHONE not in after.text
    assert (first.is_in(lost), second.is_in(stays)) == (False, True)
    assert first.send(refresh_token=lost["refresh_token"]).document["code"] == "refresh_token_refused"
    history = staff.get(f"{client}/history").page.text
    assert "The app was signed out on a phone or tablet. By Dr. Willow" in history


def test_a_phone_that_is_signed_out_already_is_no_error(portal: Portal, staff: Browser, client: str) -> None:
    """A second clinician may press at the same time."""
    phone, browser = phone_of(portal, KIM)
    device = phone.signed_in(browser)["device"]
    path = f"{client}/devices"
    form = staff.get(f"{path}/{device}").body.partition(f'action="{path}/{device}"')[2]
    token = form.partition('name="form" value="')[2].partition('"')[0]
    assert press(staff, f"{path}/{device}").location == f"{path}?done=device_ended"
    assert staff.post(f"{path}/{device}", {"form": token}).location == f"{path}?done=device_gone"
    assert staff.get(f"{path}/{device}").location == f"{path}?done=device_gone"
    text = staff.get(f"{path}?done=device_gone").page.text
    assert "It was signed out already." in text
    assert "No phone or tablet is signed in to the app." in text


def test_a_device_of_another_client_or_practice_stays(portal: Portal, staff: Browser, client: str) -> None:
    phone, browser = phone_of(portal, KIM)
    document = phone.signed_in(browser)
    other = invited_client(staff, "Eve Moss", "eve@example.com")
    listed = f"{other}/devices"
    own = f"{client}/devices/{document['device']}"
    form = staff.get(own).body.partition(f'action="{own}"')[2].partition('name="form" value="')[2].partition('"')[0]
    assert staff.get(f"{listed}/{document['device']}").location == f"{listed}?done=device_gone"
    assert staff.post(f"{listed}/{document['device']}", {"form": form}).status == 403
    assert portal.staff("head", Role.ADMIN, "harbor").get(own).status == 404
    for strange in (f"{listed}/x", "/admin/willow/clients/01ARZ3NDEKTSV4RRFFQ69G5FAV/devices"):
        assert staff.get(strange).status == 404
    assert phone.is_in(document)


def test_a_phone_is_gone_from_the_list_after_everyone_is_signed_out(portal: Portal, staff: Browser) -> None:
    eve = invited_client(staff, "Eve Moss", "eve@example.com")
    portal.deliver()
    phone, browser = phone_of(portal, "eve@example.com")
    phone.signed_in(browser, device="Eve's phone")
    assert "Eve's phone" in staff.get(f"{eve}/devices").page.text
    assert press(staff, f"{eve}/sign-out").status == 303
    assert "No phone or tablet is signed in to the app." in staff.get(f"{eve}/devices").page.text


def test_a_partners_phone_stands_at_the_client(portal: Portal, staff: Browser, client: str) -> None:
    phone, browser = phone_of(portal, JO)
    phone.signed_in(browser, device="Jo's tablet")
    assert "Jo's tablet · Jo Lee" in staff.get(f"{client}/devices").page.text
