"""Tests of PINs in the clinicians' API: created, read out, used once."""

import base64
import json

import pytest
from pynamodb.exceptions import PutError

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from latchkey.rules.events import Event
from latchkey.store import events
from tests.api.cloud import MinistackCloud, link_in
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import Clock


@pytest.fixture
def client(clinician: ClinicianApi, cloud: MinistackCloud) -> str:
    """Return the id of a client whose invitation was sent."""
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.take_jobs()
    return client


def test_a_pin_is_shown_once_with_address_and_expiry(clinician: ClinicianApi, client: str) -> None:
    answer = clinician.create_pin(client)
    assert answer.status == 201
    assert answer.headers["cache-control"] == "no-store"
    assert answer.document["pin"].isdecimal()
    assert len(answer.document["pin"]) == 6
    assert answer.document["email"] == "kim@example.com"
    assert answer.document["expires_at"] == "2026-03-04T12:00:00Z"
    assert clinician.access(client)["has_live_pin"] is True
    for place in ("/clients/{client}", "/clients/{client}/portal-access", "/clients/{client}/events"):
        assert answer.document["pin"] not in clinician.request("GET", place, client=client).body


def test_a_pin_opens_one_session_with_the_right_address_within_a_day(
    clinician: ClinicianApi, browser: Browser, client: str, clock: Clock
) -> None:
    pin = clinician.pin(client)
    assert browser.enter_pin("other@example.com", pin).code == "pin_refused"
    clock.advance(86_399)
    assert browser.enter_pin("kim@example.com", pin).status == 200
    assert clinician.access(client)["has_live_pin"] is False
    assert browser.enter_pin("kim@example.com", pin).code == "pin_refused"
    late = clinician.pin(client)
    clock.advance(86_400)
    assert clinician.access(client)["has_live_pin"] is False
    assert browser.enter_pin("kim@example.com", late).code == "pin_refused"


def test_a_new_one_ends_the_one_before_and_leaves_a_link_alone(
    clinician: ClinicianApi, browser: Browser, cloud: MinistackCloud, client: str
) -> None:
    browser.request_link("kim@example.com")
    (link,) = cloud.deliver()
    first, second = clinician.pin(client), clinician.pin(client)
    if first != second:
        assert browser.enter_pin("kim@example.com", first).code == "pin_refused"
    assert browser.enter_pin("kim@example.com", second).status == 200
    assert browser.post(link_in(link)).status == 200


def test_its_owner_learns_that_it_was_made_and_not_what_it_is(
    clinician: ClinicianApi, cloud: MinistackCloud, client: str
) -> None:
    pin = clinician.pin(client)
    (notice,) = cloud.deliver()
    assert notice.to == "kim@example.com"
    assert pin not in notice.text + notice.html + notice.subject
    assert "/link/" not in notice.text


def test_a_pin_can_be_created_while_mail_fails(
    clinician: ClinicianApi, cloud: MinistackCloud, client: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    cloud.break_queue(monkeypatch)
    assert clinician.create_pin(client).status == 201


def test_without_its_audit_row_it_is_not_shown_and_not_made(
    clinician: ClinicianApi, client: str, cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:

        def lost(event: Event) -> None:  # noqa: ARG001 - nothing is written
            raise PutError

        broken.setattr(events, "append", lost)
        answer = clinician.create_pin(client)
    assert (answer.status, answer.code) == (503, "unavailable")
    assert cloud.items()["Pins"] == []


def test_a_pin_is_not_stored(clinician: ClinicianApi, client: str, cloud: MinistackCloud) -> None:
    pin = clinician.pin(client)
    rest = cloud.items()
    at_rest = json.dumps(
        [rest, cloud.take_jobs()], default=lambda raw: raw.hex() if isinstance(raw, bytes) else str(raw)
    )
    for shape in (f'"{pin}"', base64.b64encode(pin.encode()).decode(), pin.encode().hex()):
        assert shape not in at_rest


def test_no_candidate_can_be_tried_against_what_is_at_rest(
    clinician: ClinicianApi, client: str, cloud: MinistackCloud
) -> None:
    """The table has salt and hash. Without the key, even the right PIN does not match them."""
    pin = clinician.pin(client)
    (item,) = cloud.items()["Pins"]
    account = AccountKey(tokens.base64url_decode(item["account"]["S"]) or b"")
    assert account
    stored, salt = item["hash"]["B"], item["salt"]["B"]
    wrong = tokens.Keyring("1", {"1": b"x" * 64})
    assert tokens.hash_pin(wrong, "1", salt, account, pin) != stored
    right = tokens.Keyring("1", {"1": b"k" * 64})
    assert tokens.hash_pin(right, "1", salt, account, pin) == stored


def test_five_wrong_guesses_end_it(clinician: ClinicianApi, cloud: MinistackCloud, client: str, clock: Clock) -> None:
    pin = clinician.pin(client)
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    for _ in range(5):
        assert cloud.browser().enter_pin("kim@example.com", wrong).code == "pin_refused"
    assert clinician.access(client)["has_live_pin"] is False
    clock.advance(16 * 60)
    assert cloud.browser().enter_pin("kim@example.com", pin).code == "pin_refused"


def test_there_is_none_for_someone_without_access(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Jo Lee", "jo@example.com")
    answer = clinician.create_pin(client)
    assert (answer.status, answer.code) == (409, "no_access")


@pytest.mark.parametrize("body", [{"pin": "123456"}, {"contact": 1}, {"email": "x@y.com"}, {"expires_at": 0}])
def test_nobody_chooses_it(clinician: ClinicianApi, client: str, body: dict[str, object]) -> None:
    assert clinician.create_pin(client, **body).code == "body_invalid"


def test_an_empty_document_is_as_good_as_none(clinician: ClinicianApi, client: str) -> None:
    assert clinician.request("POST", "/clients/{client}/pin-codes", {}, client=client).status == 201
    assert clinician.request("POST", "/clients/{client}/pin-codes", {"contact": None}, client=client).status == 201


def test_its_digits_are_not_stored_for_a_repetition(
    clinician: ClinicianApi, client: str, cloud: MinistackCloud
) -> None:
    headers = {"idempotency-key": "one"}
    first, second = (
        clinician.request("POST", "/clients/{client}/pin-codes", client=client, headers=headers) for _ in range(2)
    )
    assert (first.status, second.status, second.document["pin"]) == (201, 201, None)
    (row,) = cloud.items()["Replays"]
    assert first.document["pin"] not in row["body"]["S"]
