"""Tests of the stored PIN and of its audit events."""

import json
from hashlib import pbkdf2_hmac, sha256

from latchkey import tokens
from tests.functions.pin.typed_pins import other_than, typed
from tests.kit.browser import App
from tests.kit.portal import Portal


def test_no_pin_can_be_found_from_the_stored_hash(portal: Portal, ana: bytes) -> None:
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
    assert stored != pbkdf2_hmac("sha512", b"000000", salt, tokens.PIN_ROUNDS)[:32]


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


def test_what_happened_is_written_down_without_the_pin(portal: Portal, app: App, ana: bytes) -> None:
    pin = portal.pin_for(ana)
    typed(app, "ana@example.com", other_than(pin))
    typed(app, "ana@example.com", pin)
    kinds = [kind for kind, _ in portal.audit()]
    assert kinds == ["pin_refused", "session_started"]
    assert pin not in json.dumps(portal.at_rest()["Events"], default=str)
    assert pin not in portal.log.getvalue()
