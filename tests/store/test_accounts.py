"""Tests of stored accounts: read as they were saved, and never created by a mail status."""

from dataclasses import replace

import pytest
from pynamodb.exceptions import UpdateError

from latchkey import keys, tokens
from latchkey.rules.accounts import AccountKey, AccountStatus, Profile
from latchkey.rules.addresses import canonical
from latchkey.rules.mail import MailReport
from latchkey.store import accounts, mail_status
from tests.kit.clock import NOON
from tests.kit.seed import an_account
from tests.store.engines import Engine
from tests.store.flows import RING, on_file


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"status": AccountStatus.INVITED, "first_sign_in_at": None, "last_sign_in_at": None},
        {"suppressed": True, "confirmed_at": NOON},
        {"status": AccountStatus.DISABLED, "epoch": 7, "suppressed": True, "email_ok": False, "language": "es"},
        {"profiles": (), "session_epoch": 3},
        {"profiles": (Profile("01A", "Leo", "minor", frozenset()), Profile("01B", "Leo & Mia", "couple"))},
        {"last_sign_in_at": NOON, "revision": 10},
    ],
)
def test_an_account_is_read_as_it_was_stored(changes: dict[str, object]) -> None:
    account = on_file(**changes)

    assert accounts.find(account.key) == account


def test_there_is_no_account_where_none_was_stored() -> None:
    assert accounts.find(AccountKey(tokens.random_id())) is None


def test_what_became_of_a_mail_is_noted_beside_the_account_and_changes_nothing_else(engine: Engine) -> None:
    """B66"""
    account = on_file()

    mail_status.write(account.key, "sent", NOON, "message-1")
    mail_status.write(account.key, "rejected", NOON + 5)

    (item,) = [item for item in engine.items()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(account.key)]
    assert item["email_status"] == {"S": "rejected"}
    assert item["email_status_at"] == {"N": str(NOON + 5)}
    assert "message_id" not in item
    stored = accounts.find(account.key)
    assert stored is not None
    assert replace(stored, email_status="none", email_status_at=None) == account


def test_a_note_about_nobody_makes_no_account(engine: Engine) -> None:
    nobody = an_account()

    with pytest.raises(UpdateError):
        mail_status.write(nobody.key, "sent", NOON)

    assert tokens.base64url_encode(nobody.key) not in str(engine.items()["Accounts"])


def test_one_address_at_two_practices_is_two_accounts(monkeypatch: pytest.MonkeyPatch) -> None:
    """B90"""
    monkeypatch.setattr(keys, "lookup", lambda: RING)
    here, there = (accounts.key_of(slug, canonical("ana@example.com")) for slug in ("willow", "harbor"))
    on_file(key=here, name="Ana here")
    on_file(key=there, name="Ana there", practice="harbor")

    assert [account and account.name for account in map(accounts.find, (here, there))] == ["Ana here", "Ana there"]


def test_an_account_that_a_newer_version_wrote_is_still_read(engine: Engine) -> None:
    account = on_file()
    engine.client.update_item(
        TableName="Accounts",
        Key={"key": {"S": tokens.base64url_encode(account.key)}},
        UpdateExpression="SET tomorrow = :value",
        ExpressionAttributeValues={":value": {"M": {"a": {"N": "1"}}}},
    )

    assert accounts.find(account.key) == account


def test_an_address_is_stopped_once_however_often_that_is_reported() -> None:
    account = on_file()
    complaint = MailReport("message-1", account.practice, account.key, "complained", NOON, suppresses=True)

    assert mail_status.apply_report(complaint, NOON)
    assert not mail_status.apply_report(complaint, NOON + 5)

    stopped = accounts.find(account.key)
    assert stopped
    assert stopped.suppressed
    assert stopped.revision == account.revision + 1
