"""Signing in by a code that a clinician reads out over the phone."""

import json
import re

import pytest

from tests.kit.live_portal import DAY, Town
from tests.kit.visitors import Answer, App

ANA, LUIS, NOBODY = "ana@example.com", "luis@example.com", "nobody@example.com"


def code_for(town: Town, address: str, practice: str = "willow") -> str:
    """A PIN that a clinician has just made."""
    desk = town.desk(practice)
    return desk.pin(desk.client(address))


def wrong(pin: str) -> str:
    """Six other digits."""
    return f"{(int(pin) + 1) % 10**6:06d}"


def typed(visitor: App, address: str, pin: str, practice: str = "willow") -> Answer:
    return visitor.post(f"/{practice}/pin", email=address, pin=pin)


def test_a_client_whose_mail_fails_signs_in_with_the_code_from_the_phone(town: Town) -> None:
    browser = town.browser()
    tips = browser.get("/willow/help").page
    form = browser.get(tips.links["Sign in via Pin Code"]).page
    opened = browser.press("/willow/pin", email=ANA, pin=code_for(town, ANA))

    assert "(415) 555-0134" in form.links
    assert form.one("input", name="pin").attributes["autocomplete"] == "one-time-code"
    assert opened.location == "/willow/home"
    assert browser.get("/willow/home").page.heading == "Welcome, Ana Reyes"
    assert browser.get("/willow/session").document["method"] == "pin"


def test_the_clinician_sees_it_once_with_the_address_that_it_works_with(town: Town) -> None:
    desk = town.desk()
    client = desk.client(ANA)
    made = desk.post(f"/clients/{client}/pin-codes")
    seen = [desk.get(f"/clients/{client}{more}") for more in ("", "/portal-access", "/events", "/diagnosis")]

    assert made.status == 201
    assert re.fullmatch(r"\d{6}", made.document["pin"])
    assert made.document["email"] == ANA
    assert made.headers["cache-control"] == "no-store"
    assert [answer.status for answer in seen] == [200] * 4
    assert not [answer for answer in seen if made.document["pin"] in answer.body.decode()]
    assert seen[1].document["has_live_pin"]


def test_the_client_is_told_that_one_was_made_and_not_which(town: Town) -> None:
    pin = code_for(town, ANA)
    letter = town.letter(ANA)

    assert "Pin Code" in letter["subject"]
    assert pin not in json.dumps(letter)
    assert letter["url"] is None


@pytest.mark.parametrize("spelled", ["{0}{1}{2} {3}{4}{5}", "{0}{1}{2}-{3}{4}{5}", " {0} {1} {2} {3} {4} {5} "])
def test_it_may_be_typed_in_groups(town: Town, spelled: str) -> None:
    assert typed(town.app(), f" {ANA.upper()} ", spelled.format(*code_for(town, ANA))).status == 200


def test_it_may_be_typed_in_full_width(town: Town) -> None:
    pin = "".join(chr(ord(digit) + 0xFEE0) for digit in code_for(town, ANA))

    assert typed(town.app(), ANA, pin).status == 200


def test_it_works_once(town: Town) -> None:
    pin = code_for(town, ANA)

    assert typed(town.app(), ANA, pin).status == 200
    assert typed(town.app(), ANA, pin).code == "pin_refused"


def test_it_works_for_a_day(town: Town) -> None:
    statuses = []
    for left in (3, 0):
        pin = code_for(town, ANA)
        (account,) = town.items("Accounts", practice="willow", address=ANA)
        (kept,) = town.items("Pins", account=account["key"])
        assert DAY - 10 < kept["expires_at"] - town.now() <= DAY
        town.wait_until(kept["expires_at"] - left)
        statuses.append(typed(town.app(), ANA, pin).status)

    assert statuses == [200, 422]


def test_a_newer_one_ends_an_older_one(town: Town) -> None:
    older, newer = code_for(town, ANA), code_for(town, ANA)

    assert older == newer or typed(town.app(), ANA, older).code == "pin_refused"
    assert typed(town.app(), ANA, newer).status == 200


def test_it_is_no_use_with_another_address_or_at_another_practice(town: Town) -> None:
    pin = code_for(town, ANA)

    assert typed(town.app(), LUIS, pin).code == "pin_refused"
    assert typed(town.app(), ANA, pin, practice="harbor").code == "pin_refused"
    assert typed(town.app(), ANA, pin).status == 200


def test_wrong_expired_used_and_unknown_have_one_answer(town: Town) -> None:
    used, live = code_for(town, ANA), code_for(town, LUIS)
    typed(town.app(), ANA, used)
    tries = [(ANA, used), (LUIS, wrong(live)), (NOBODY, live), ("robin@example.com", live)]
    documents = [typed(town.app(), *tried) for tried in tries]
    pages = [town.browser().press("/willow/pin", email=address, pin=pin) for address, pin in tries]

    assert {(answer.status, answer.body) for answer in documents} == {(422, documents[0].body)}
    assert {page.status for page in pages} == {422}
    texts = {page.body.decode().replace(address, "it") for page, (address, _) in zip(pages, tries, strict=True)}
    assert len(texts) == 1


def test_what_is_not_six_digits_is_no_try(town: Town) -> None:
    pin = code_for(town, ANA)
    for nonsense in ("", "12345", "1234567", "12345a", "½23456", "١٢٣٤٥", pin + "0", "x" * 5000):
        answer = typed(town.app(), ANA, nonsense)
        assert (answer.status, answer.code) == (422, "pin_invalid")

    assert typed(town.app(), ANA, pin).status == 200


@pytest.mark.parametrize("address", [ANA, NOBODY])
def test_after_five_wrong_ones_the_address_is_locked_whoever_types_it_and_however(town: Town, address: str) -> None:
    pin = code_for(town, ANA)
    spellings = [address, address.upper(), f" {address}", address.title(), address]
    wrongs = [typed(town.app(), spelled, wrong(pin)) for spelled in spellings]
    sixth = typed(town.app(), address, pin)
    page = town.browser().press("/willow/pin", email=address, pin=pin)

    assert [answer.code for answer in wrongs] == ["pin_refused"] * 5
    assert (sixth.status, sixth.code) == (429, "pin_locked")
    assert 15 * 60 - 15 <= int(sixth.headers["retry-after"]) <= 15 * 60
    assert page.status == 429
    assert "(415) 555-0134" in page.page.links
    town.wait(15 * 60)
    assert typed(town.app(), address, pin).code == "pin_refused", "it has been tried five times, and is dead for good"


def test_four_wrong_ones_do_not_hurt_and_a_right_one_is_not_counted(town: Town) -> None:
    pin = code_for(town, ANA)
    for _ in range(4):
        typed(town.app(), ANA, wrong(pin))

    assert typed(town.app(), ANA, pin).status == 200
    assert typed(town.app(), ANA, wrong(code_for(town, ANA))).code == "pin_refused"
    assert typed(town.app(), ANA, code_for(town, ANA)).code == "pin_locked"


def test_a_lock_on_codes_stops_neither_links_nor_anyone_else(town: Town) -> None:
    link, pin = town.link("willow", ANA), code_for(town, LUIS)
    for _ in range(6):
        typed(town.app(), ANA, "123456")

    assert town.browser().press(link).location == "/willow/home"
    assert typed(town.app(), LUIS, pin).status == 200


def test_ten_tries_in_ten_minutes_from_one_address(town: Town) -> None:
    app = town.app()
    codes = [typed(app, f"guess{number}@example.com", "123456").code for number in range(11)]

    assert codes == ["pin_refused"] * 10 + ["wait"]


def test_a_link_and_a_code_do_not_end_each_other(town: Town) -> None:
    link = town.link("willow", ANA)
    pin = code_for(town, ANA)
    by_pin, by_link = town.app(), town.browser()

    assert typed(by_pin, ANA, pin).status == 200
    assert by_link.press(link).location == "/willow/home"
    assert by_pin.get("/willow/session").status == by_link.get("/willow/session").status == 200


def test_it_is_at_rest_nowhere_and_in_no_log(town: Town) -> None:
    pin = code_for(town, ANA)
    typed(town.app(), ANA, wrong(pin))
    before = json.dumps(town.portal.at_rest())
    typed(town.app(), ANA, pin)
    town.settle()
    kept = before + json.dumps(town.portal.at_rest())
    logs = "".join(file.read_text() for file in town.portal.logs.iterdir() if file.name != "ministack.log")

    for text in (pin, wrong(pin)):
        assert not re.search(rf"(?<!\d){text}(?!\d)", kept)
        assert not re.search(rf"(?<!\d){text}(?!\d)", logs)
