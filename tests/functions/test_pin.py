"""Tests of sign-in by PIN: an address, and the six digits that the clinician read out."""

import hashlib
import json
from hashlib import pbkdf2_hmac, sha256
from typing import Any

import pytest

from latchkey import tokens
from latchkey.rules.limits import WRONG_PINS_PER_ADDRESS, WRONG_PINS_PER_PRACTICE
from latchkey.store import limits
from tests.kit.aws_faults import SLOW
from tests.kit.browser import App, Browser, HttpUser
from tests.kit.portal import Portal
from tests.kit.seed import change, key_of, use_up

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.fixture
def ana(portal: Portal) -> bytes:
    """Return the key of Ana's account."""
    return key_of(portal, "willow", "ana@example.com")


def other_than(pin: str) -> str:
    """Return a wrong PIN."""
    return f"{(int(pin) + 1) % 10**6:06d}"


def typed(browser: HttpUser, email: str, pin: str, practice: str = "willow") -> Any:
    """Submit an address and a PIN."""
    return browser.post(f"/{practice}/pin", {"email": email, "pin": pin})


# ── the form ──


def test_the_page_asks_for_the_address_and_the_code(browser: Browser) -> None:
    """B101"""
    sheet = browser.get("/willow/pin").page
    assert sheet.one("input", name="email").attributes["type"] == "email"
    assert sheet.one("input", name="pin").attributes["inputmode"] == "numeric"


def test_a_browser_that_requested_a_link_need_not_type_the_address_anew(browser: Browser) -> None:
    browser.request_link("ana@example.com")
    assert browser.get("/willow/pin").page.one("input", name="email").attributes["value"] == "ana@example.com"


@pytest.mark.parametrize("spelling", ["{0}", "{1} {2}", "{1}-{2}", " {0} ", "{1}\u2013{2}"])
def test_a_code_signs_in_however_its_digits_are_grouped(
    portal: Portal, browser: Browser, ana: bytes, spelling: str
) -> None:
    pin = portal.pin_for(ana)
    answer = typed(browser, "ana@example.com", spelling.format(pin, pin[:3], pin[3:]))
    assert answer.location == "/willow/home"
    assert browser.is_signed_in()


def test_full_width_digits_are_digits(portal: Portal, browser: Browser, ana: bytes) -> None:
    wide = "".join(chr(ord(digit) - ord("0") + 0xFF10) for digit in portal.pin_for(ana))
    assert typed(browser, "ana@example.com", wide).location == "/willow/home"


def test_an_app_gets_the_session_document(portal: Portal, app: App, ana: bytes) -> None:
    answer = typed(app, "ana@example.com", portal.pin_for(ana))
    assert answer.status == 200
    assert answer.document["method"] == "pin"
    assert app.is_signed_in()


@pytest.mark.parametrize("pin", ["12345", "1234567", "12345a", "½23456", "١٢٣٤٥"])
def test_what_is_not_six_digits_has_its_own_error_because_it_gives_nothing_away(app: App, pin: str) -> None:
    answer = typed(app, "ana@example.com", pin)
    assert (answer.status, answer.code) == (422, "pin_invalid")


def test_a_code_is_never_redisplayed(browser: Browser) -> None:
    answer = typed(browser, "ana@example.com", "987654")
    assert answer.status == 422
    assert "987654" not in answer.body
    assert answer.page.one("input", name="email").attributes["value"] == "ana@example.com"


def test_a_form_from_another_page_is_refused(browser: Browser) -> None:
    answer = browser.post("/willow/pin", {"email": "ana@example.com", "pin": "123456"}, origin="https://evil.example")
    assert answer.status == 403


# ── expiry and replacement ──


def test_a_pin_expires_after_24_hours(portal: Portal, app: App, ana: bytes) -> None:
    """B98"""
    pin = portal.pin_for(ana)
    portal.now += DAY
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


def test_a_pin_works_until_the_last_second_of_24_hours(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    portal.now += DAY - 1
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_code_works_once(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    assert typed(app, "ana@example.com", pin).status == 200
    assert typed(portal.app(), "ana@example.com", pin).code == "pin_refused"


def test_only_the_newest_code_works(portal: Portal, app: App, ana: bytes) -> None:
    """B99"""
    first, second = portal.pin_for(ana), portal.pin_for(ana)
    if first != second:
        assert typed(app, "ana@example.com", first).code == "pin_refused"
    assert typed(app, "ana@example.com", second).status == 200


def test_a_code_and_a_link_do_not_end_each_other(portal: Portal, browser: Browser, app: App, ana: bytes) -> None:
    path = browser.link("ana@example.com")
    assert typed(app, "ana@example.com", portal.pin_for(ana)).status == 200
    assert browser.get(path).location == "/willow/home"


def test_a_code_is_useless_with_another_address(portal: Portal, app: App, ana: bytes) -> None:
    """B100"""
    pin = portal.pin_for(ana)
    assert typed(app, "lee@example.com", pin).code == "pin_refused"
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_code_of_one_practice_is_useless_at_another(portal: Portal, app: App, ana: bytes) -> None:
    assert typed(app, "ana@example.com", portal.pin_for(ana), "harbor").code == "pin_refused"


def test_a_pin_is_invalid_once_access_has_ended_and_stays_so(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    change(portal, "willow", "ana@example.com", status="disabled", epoch=2)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    change(portal, "willow", "ana@example.com", status="active", epoch=2)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


@pytest.mark.parametrize("changes", [{"status": "disabled"}, {"status": "paused"}, {"epoch": 2}], ids=str)
def test_the_right_code_of_ended_access_gets_no_further_than_a_wrong_one(
    portal: Portal, app: App, ana: bytes, changes: dict[str, Any]
) -> None:
    """The response is that of a wrong PIN, and no session is tried. A later version may add `paused`."""
    pin = portal.pin_for(ana)
    change(portal, "willow", "ana@example.com", **changes)
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    assert portal.aws.summary()[-3:] == ["Update Pins", "BatchGet", "Put Events"]


# ── guessing ──


def test_wrong_expired_used_and_never_made_get_one_answer(portal: Portal, ana: bytes) -> None:
    bodies = set()
    for email in ("ana@example.com", "lee@example.com", "nobody@example.com", "robin@example.com"):
        pin = other_than(portal.pin_for(ana))
        answer = typed(portal.app(), email, pin)
        bodies.add((answer.status, answer.body, tuple(sorted(answer.headers)), answer.cookies))
    assert len(bodies) == 1


def test_refusing_a_pin_takes_as_long_where_there_is_none(
    portal: Portal, app: App, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hashing the typed PIN takes nearly all of the time."""
    rounds: list[int] = []

    def stretch(name: str, pin: bytes, salt: bytes, times: int) -> bytes:
        rounds.append(times)
        return pbkdf2_hmac(name, pin, salt, times)

    pin = portal.pin_for(ana)
    monkeypatch.setattr(hashlib, "pbkdf2_hmac", stretch)
    for email in ("ana@example.com", "lee@example.com", "nobody@example.com", "robin@example.com"):
        assert typed(app, email, other_than(pin)).code == "pin_refused"
    portal.now += DAY
    assert typed(app, "ana@example.com", pin).code == "pin_refused"
    assert rounds == [tokens.PIN_ROUNDS] * 5


def test_the_right_code_works_at_the_fifth_try(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(4):
        assert typed(app, "ana@example.com", other_than(pin)).code == "pin_refused"
    assert typed(app, "ana@example.com", pin).status == 200


def test_right_codes_do_not_count_as_tries(portal: Portal, ana: bytes) -> None:
    for _ in range(6):
        assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).status == 200


def test_after_five_wrong_codes_the_right_one_is_refused_with_the_true_wait(
    portal: Portal, app: App, ana: bytes
) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        typed(app, "ana@example.com", other_than(pin))
    portal.now += MINUTE
    answer = typed(app, "ana@example.com", pin)
    assert (answer.status, answer.code) == (429, "pin_locked")
    assert answer.document["retry_after"] == 14 * MINUTE == int(answer.headers["retry-after"])


@pytest.mark.parametrize("email", ["ana@example.com", "nobody@example.com"])
def test_a_locked_address_does_not_show_whether_it_has_a_pin(portal: Portal, email: str) -> None:
    app = portal.app()
    codes = [typed(app, email, "123456").code for _ in range(6)]
    assert codes == ["pin_refused"] * 5 + ["pin_locked"]


def test_another_network_and_another_spelling_do_not_give_more_tries(portal: Portal, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for number, email in enumerate(["ana@example.com", "ANA@example.com", " ana@EXAMPLE.com", "Ana@Example.Com"] * 2):
        typed(portal.app(f"198.51.100.{number}"), email, other_than(pin))
    (item,) = portal.at_rest()["Pins"]
    assert item["attempts"]["N"] == "5"


def test_a_pin_stays_invalid_after_five_guesses_when_the_wait_is_over(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        typed(app, "ana@example.com", other_than(pin))
    portal.now += 15 * MINUTE
    assert typed(app, "ana@example.com", pin).code == "pin_refused"


def test_a_new_code_has_five_tries_of_its_own(portal: Portal, ana: bytes) -> None:
    first = portal.pin_for(ana)
    for _ in range(4):
        typed(portal.app(), "ana@example.com", other_than(first))
    portal.now += 15 * MINUTE
    second = portal.pin_for(ana)
    for _ in range(4):
        typed(portal.app(), "ana@example.com", other_than(second))
    assert typed(portal.app(), "ana@example.com", second).status == 200


def test_after_a_hundred_wrong_codes_in_a_row_another_way_in_has_to_succeed_first(
    portal: Portal, browser: Browser, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """NIST SP 800-63B-4, 3.2.2"""
    # other tests check how slow PBKDF2 is
    monkeypatch.setattr(tokens, "PIN_ROUNDS", 1000)
    for _ in range(20):
        pin = portal.pin_for(ana)
        for _ in range(5):
            assert typed(portal.app(), "ana@example.com", other_than(pin)).code == "pin_refused"
        portal.now += HOUR
    assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).code == "pin_refused"

    browser.sign_in("ana@example.com")
    assert typed(portal.app(), "ana@example.com", portal.pin_for(ana)).status == 200


def test_a_limit_of_the_practice_is_audited_and_does_not_count_for_the_address(
    portal: Portal, app: App, ana: bytes
) -> None:
    pin = portal.pin_for(ana)
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 100, "pin practice", "willow")
    for _ in range(6):
        answer = typed(app, "ana@example.com", pin)
        assert (answer.status, answer.code, answer.document["retry_after"]) == (429, "wait", HOUR)
    assert portal.audit() == [("limit_hit", "wrong_pins_practice")] * 6

    portal.now += HOUR
    assert typed(app, "ana@example.com", pin).status == 200


def test_a_contended_limit_of_the_practice_does_not_count_for_the_address(
    portal: Portal, app: App, ana: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 1, "pin practice", "willow")
    with monkeypatch.context() as crowd:
        crowd.setattr(limits, "MAX_CONTENTION_TRIES", 0)
        assert typed(app, "ana@example.com", "123456").status == 503

    use_up(portal, WRONG_PINS_PER_ADDRESS.limit, 4, "pin address", ana)
    assert typed(app, "ana@example.com", portal.pin_for(ana)).status == 200


def test_wrong_codes_do_not_lock_a_link_out(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(6):
        typed(portal.app(), "ana@example.com", other_than(pin))
    assert browser.sign_in("ana@example.com").location == "/willow/home"


def test_strangers_wrong_codes_do_not_lock_out_a_browser_that_was_here_before(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("ana@example.com")
    for _ in range(6):
        typed(portal.app("198.51.100.9"), "ana@example.com", "123456")
    assert typed(browser, "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_a_code_entered_while_signed_in_needs_confirmation_to_switch(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("lee@example.com")
    pin, limit_items = portal.pin_for(ana), portal.at_rest()["Budgets"]

    request = typed(browser, "ana@example.com", pin)
    assert (request.status, request.cookies) == (200, ())
    assert "Lee" in request.page.text
    assert "a•••@example.com" in request.page.text
    assert portal.at_rest()["Budgets"] == limit_items
    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert browser.is_signed_in()
    repeated = {field.attributes["name"]: field.attributes["value"] for field in request.page.all("input")}
    assert repeated == {"email": "ana@example.com", "pin": pin}
    assert browser.post("/willow/pin", repeated | {"switch": "yes"}).location == "/willow/home"

    (row,) = [row for row in portal.at_rest()["Events"] if row["kind"]["S"] == "session_ended"]
    lee = tokens.base64url_encode(key_of(portal, "willow", "lee@example.com"))
    assert (row["subject"]["S"], row["reason"]["S"], row["method"]["S"]) == (f"willow#{lee}", "replaced", "link")


# ── outages ──


def test_an_outage_uses_up_no_right_code_and_locks_nobody_out(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    for _ in range(5):
        portal.aws.refuse("TransactWriteItems", "InternalServerError")
        assert typed(browser, "ana@example.com", pin).status == 503

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert portal.at_rest()["Pins"][0]["failures"] == {"N": "0"}
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_a_commit_that_never_answers_uses_up_nothing(portal: Portal, browser: Browser, ana: bytes) -> None:
    """The function releases the reservations in the time that it has left."""
    pin = portal.pin_for(ana)

    def wait(seconds: float) -> None:
        portal.milliseconds -= int(1000 * seconds)

    for _ in range(6):
        portal.milliseconds = 10_000
        with portal.aws.injecting(lambda operation, _: SLOW if operation == "TransactWriteItems" else None, wait):
            assert typed(browser, "ana@example.com", pin).status == 503

    portal.milliseconds = 10_000
    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_twenty_clients_in_an_outage_close_no_practices_hour(portal: Portal, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    use_up(portal, WRONG_PINS_PER_PRACTICE.limit, 99, "pin practice", "willow")
    for visitor in range(20):
        portal.aws.refuse("TransactWriteItems", "InternalServerError")
        browser = portal.browser(f"198.51.100.{visitor}")
        assert typed(browser, "ana@example.com", pin).status == 503

    assert typed(portal.browser(), "ana@example.com", pin).location == "/willow/home"


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"])
def test_an_outage_before_the_codes_are_compared_counts_no_try(
    portal: Portal, browser: Browser, ana: bytes, operation: str
) -> None:
    pin = portal.pin_for(ana)
    portal.aws.refuse(operation, "InternalServerError")
    assert typed(browser, "ana@example.com", pin).status == 503

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "0"}
    counts = [window["M"]["count"] for item in portal.at_rest()["Budgets"] for window in item["windows"]["M"].values()]
    assert {count["N"] for count in counts} <= {"0"}


def test_a_try_with_a_lost_response_counts_once(portal: Portal, browser: Browser, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    portal.aws.repeat("UpdateItem", times=4)
    assert typed(browser, "ana@example.com", other_than(pin)).status == 422

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "1"}
    for _ in range(3):
        assert typed(browser, "ana@example.com", other_than(pin)).status == 422
    assert typed(browser, "ana@example.com", pin).location == "/willow/home"


def test_a_wrong_code_in_an_outage_is_not_distinguished_from_a_right_one_for_free(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    """A wrong PIN is refused before the commit, and stays counted."""
    pin = portal.pin_for(ana)
    portal.aws.refuse("TransactWriteItems", "InternalServerError")
    assert typed(browser, "ana@example.com", other_than(pin)).status == 422

    assert portal.at_rest()["Pins"][0]["attempts"] == {"N": "1"}


# ── limits of sources and known browsers ──


def test_right_pins_do_not_count_for_their_source(portal: Portal) -> None:
    """Clients in a waiting room share one source."""
    for _ in range(11):
        ana = key_of(portal, "willow", "ana@example.com")
        assert typed(portal.browser(), "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_requests_from_the_same_source_never_limit_the_pin_of_a_known_browser(
    portal: Portal, browser: Browser, ana: bytes
) -> None:
    browser.sign_in("ana@example.com")
    browser.post("/willow/sign-out")
    for _ in range(10):
        typed(portal.browser(), "lee@example.com", "123456")
    assert typed(portal.browser(), "sam@example.com", "123456").status == 429

    assert typed(browser, "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


def test_all_known_browsers_of_an_account_have_five_wrong_codes_together_and_then_the_ordinary_five(
    portal: Portal, ana: bytes
) -> None:
    known = [portal.browser(f"198.51.100.{number}") for number in range(3)]
    for browser in known:
        browser.sign_in("ana@example.com")
        browser.post("/willow/sign-out")
        portal.now += HOUR
    for number in range(10):
        assert typed(known[number % 3], "ana@example.com", "123456").status == 422
        portal.now += MINUTE

    locked = typed(known[0], "ana@example.com", "123456")
    assert (locked.status, locked.headers["retry-after"]) == (429, str(5 * MINUTE))
    portal.now += 5 * MINUTE
    assert typed(known[1], "ana@example.com", portal.pin_for(ana)).location == "/willow/home"


# ── at rest ──


def test_no_code_can_be_found_from_the_stored_hash(portal: Portal, ana: bytes) -> None:
    portal.pin_for(ana)
    (item,) = portal.at_rest()["Pins"]
    salt, stored = item["salt"]["B"], item["hash"]["B"]
    for number in range(10**6):
        pin = f"{number:06d}".encode()
        assert stored not in (
            sha256(pin).digest(),
            sha256(salt + pin).digest(),
            sha256(b"ana@example.com" + pin).digest(),
        )
    assert stored != pbkdf2_hmac("sha512", b"000000", salt, 210_000)[:32]


def test_a_pin_works_after_a_key_rotation_until_its_key_is_dropped(portal: Portal, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    portal.rotate("PinPepper")
    assert typed(portal.app(), "ana@example.com", pin).status == 200

    pin = portal.pin_for(ana)
    portal.tables.update_item(
        TableName="Pins",
        Key={"account": {"S": tokens.base64url_encode(ana)}},
        UpdateExpression="SET #k = :gone",
        ExpressionAttributeNames={"#k": "key"},
        ExpressionAttributeValues={":gone": {"S": "dropped"}},
    )
    assert typed(portal.app(), "ana@example.com", pin).code == "pin_refused"


def test_what_happened_is_written_down_without_the_code(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    typed(app, "ana@example.com", other_than(pin))
    typed(app, "ana@example.com", pin)
    kinds = [kind for kind, _ in portal.audit()]
    assert kinds == ["pin_refused", "session_started"]
    assert pin not in json.dumps(portal.at_rest()["Events"], default=str)
    assert pin not in portal.log.getvalue()
