"""Tests of sign-in by a PIN that a clinician reads out on the phone."""

import json
import re

import pytest

from tests.kit.browser import App
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import DAY, LivePortal

ANA, LUIS, NOBODY = "ana@example.com", "luis@example.com", "nobody@example.com"


def code_for(live_portal: LivePortal, address: str, practice: str = "willow") -> str:
    """Return a new PIN."""
    clinician = live_portal.clinician(practice)
    return clinician.pin(clinician.client_with(address))


def wrong(pin: str) -> str:
    """Return another PIN."""
    return f"{(int(pin) + 1) % 10**6:06d}"


def typed(visitor: App, address: str, pin: str, practice: str = "willow") -> HttpResponse:
    return visitor.post(f"/{practice}/pin", {"email": address, "pin": pin})


def test_a_client_without_mail_signs_in_with_the_pin_from_the_phone(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    tips = browser.get("/willow/help").page
    form = browser.get(tips.links["Sign in via Pin Code"]).page
    opened = browser.post("/willow/pin", {"email": ANA, "pin": code_for(live_portal, ANA)})

    assert "(415) 555-0134" in form.links
    assert form.one("input", name="pin").attributes["autocomplete"] == "one-time-code"
    assert opened.location == "/willow/home"
    assert browser.get("/willow/home").page.heading == "Welcome, Ana Reyes"
    assert browser.get("/willow/session").document["method"] == "pin"


def test_the_clinician_sees_it_once_with_the_address_that_it_works_with(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    client = clinician.client_with(ANA)
    made = clinician.post(f"/clients/{client}/pin-codes")
    seen = [clinician.get(f"/clients/{client}{more}") for more in ("", "/portal-access", "/events", "/diagnosis")]

    assert made.status == 201
    assert re.fullmatch(r"\d{6}", made.document["pin"])
    assert made.document["email"] == ANA
    assert made.headers["cache-control"] == "no-store"
    assert [answer.status for answer in seen] == [200] * 4
    assert not [answer for answer in seen if made.document["pin"] in answer.body]
    assert seen[1].document["has_live_pin"]


def test_the_client_learns_that_one_was_made_and_not_which(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)
    letter = live_portal.letter(ANA)

    assert "Pin Code" in letter["subject"]
    assert pin not in json.dumps(letter)
    assert letter["url"] is None


@pytest.mark.parametrize("spelled", ["{0}{1}{2} {3}{4}{5}", "{0}{1}{2}-{3}{4}{5}", " {0} {1} {2} {3} {4} {5} "])
def test_it_may_be_typed_in_groups(live_portal: LivePortal, spelled: str) -> None:
    assert typed(live_portal.app(), f" {ANA.upper()} ", spelled.format(*code_for(live_portal, ANA))).status == 200


def test_it_may_be_typed_in_full_width(live_portal: LivePortal) -> None:
    pin = "".join(chr(ord(digit) + 0xFEE0) for digit in code_for(live_portal, ANA))

    assert typed(live_portal.app(), ANA, pin).status == 200


def test_a_pin_works_once(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)

    assert typed(live_portal.app(), ANA, pin).status == 200
    assert typed(live_portal.app(), ANA, pin).code == "pin_refused"


def test_a_pin_works_for_24_hours(live_portal: LivePortal) -> None:
    statuses = []
    for left in (3, 0):
        pin = code_for(live_portal, ANA)
        (account,) = live_portal.items("Accounts", practice="willow", address=ANA)
        (stored,) = live_portal.items("Pins", account=account["key"])
        assert DAY - 10 < stored["expires_at"] - live_portal.now() <= DAY
        live_portal.wait_until(stored["expires_at"] - left)
        statuses.append(typed(live_portal.app(), ANA, pin).status)

    assert statuses == [200, 422]


def test_a_newer_one_ends_an_older_one(live_portal: LivePortal) -> None:
    older, newer = code_for(live_portal, ANA), code_for(live_portal, ANA)

    assert older == newer or typed(live_portal.app(), ANA, older).code == "pin_refused"
    assert typed(live_portal.app(), ANA, newer).status == 200


def test_it_is_no_use_with_another_address_or_at_another_practice(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)

    assert typed(live_portal.app(), LUIS, pin).code == "pin_refused"
    assert typed(live_portal.app(), ANA, pin, practice="harbor").code == "pin_refused"
    assert typed(live_portal.app(), ANA, pin).status == 200


def test_wrong_expired_used_and_unknown_have_one_answer(live_portal: LivePortal) -> None:
    used, live = code_for(live_portal, ANA), code_for(live_portal, LUIS)
    typed(live_portal.app(), ANA, used)
    tries = [(ANA, used), (LUIS, wrong(live)), (NOBODY, live), ("robin@example.com", live)]
    documents = [typed(live_portal.app(), *tried) for tried in tries]
    pages = [live_portal.browser().post("/willow/pin", {"email": address, "pin": pin}) for address, pin in tries]

    assert {(answer.status, answer.body) for answer in documents} == {(422, documents[0].body)}
    assert {page.status for page in pages} == {422}
    texts = {page.body.replace(address, "it") for page, (address, _) in zip(pages, tries, strict=True)}
    assert len(texts) == 1


def test_other_than_six_digits_is_no_guess(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)
    for nonsense in ("", "12345", "1234567", "12345a", "½23456", "١٢٣٤٥", pin + "0", "x" * 5000):
        answer = typed(live_portal.app(), ANA, nonsense)
        assert (answer.status, answer.code) == (422, "pin_invalid")

    assert typed(live_portal.app(), ANA, pin).status == 200


@pytest.mark.parametrize("address", [ANA, NOBODY])
def test_after_five_wrong_ones_the_address_is_locked_for_every_browser(live_portal: LivePortal, address: str) -> None:
    pin = code_for(live_portal, ANA)
    spellings = [address, address.upper(), f" {address}", address.title(), address]
    wrongs = [typed(live_portal.app(), spelled, wrong(pin)) for spelled in spellings]
    sixth = typed(live_portal.app(), address, pin)
    page = live_portal.browser().post("/willow/pin", {"email": address, "pin": pin})

    assert [answer.code for answer in wrongs] == ["pin_refused"] * 5
    assert (sixth.status, sixth.code) == (429, "pin_locked")
    assert 15 * 60 - 15 <= int(sixth.headers["retry-after"]) <= 15 * 60
    assert page.status == 429
    assert "(415) 555-0134" in page.page.links
    live_portal.wait(15 * 60)
    assert typed(live_portal.app(), address, pin).code == "pin_refused", (
        "it has been tried five times, and is dead for good"
    )


def test_a_right_pin_after_four_wrong_ones_works_and_is_not_counted(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)
    for _ in range(4):
        typed(live_portal.app(), ANA, wrong(pin))

    assert typed(live_portal.app(), ANA, pin).status == 200
    assert typed(live_portal.app(), ANA, wrong(code_for(live_portal, ANA))).code == "pin_refused"
    assert typed(live_portal.app(), ANA, code_for(live_portal, ANA)).code == "pin_locked"


def test_a_lock_on_pins_stops_neither_links_nor_anyone_else(live_portal: LivePortal) -> None:
    link, pin = live_portal.link(ANA), code_for(live_portal, LUIS)
    for _ in range(6):
        typed(live_portal.app(), ANA, "123456")

    assert live_portal.browser().post(link).location == "/willow/home"
    assert typed(live_portal.app(), LUIS, pin).status == 200


def test_ten_tries_in_ten_minutes_from_one_address(live_portal: LivePortal) -> None:
    app = live_portal.app()
    codes = [typed(app, f"guess{number}@example.com", "123456").code for number in range(11)]

    assert codes == ["pin_refused"] * 10 + ["wait"]


def test_a_link_and_a_pin_do_not_end_each_other(live_portal: LivePortal) -> None:
    link = live_portal.link(ANA)
    pin = code_for(live_portal, ANA)
    by_pin, by_link = live_portal.app(), live_portal.browser()

    assert typed(by_pin, ANA, pin).status == 200
    assert by_link.post(link).location == "/willow/home"
    assert by_pin.get("/willow/session").status == by_link.get("/willow/session").status == 200


def test_a_pin_is_neither_stored_nor_logged(live_portal: LivePortal) -> None:
    pin = code_for(live_portal, ANA)
    typed(live_portal.app(), ANA, wrong(pin))
    before = json.dumps(live_portal.portal.at_rest())
    typed(live_portal.app(), ANA, pin)
    live_portal.settle()
    stored = before + json.dumps(live_portal.portal.at_rest())
    logs = "".join(file.read_text() for file in live_portal.portal.logs.iterdir() if file.name != "ministack.log")

    for text in (pin, wrong(pin)):
        assert not re.search(rf"(?<!\d){text}(?!\d)", stored)
        assert not re.search(rf"(?<!\d){text}(?!\d)", logs)
