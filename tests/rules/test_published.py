"""Audit rows that become events for other systems, and what they say (B194)."""

from dataclasses import replace

import pytest

from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.events import EventKind
from latchkey.rules.published import KIND_BY_AUDIT, PUBLISHED_KINDS, AuditRow, document, event_of, needs_account
from latchkey.rules.times import Millis
from tests.kit import sam_template

KEY = AccountKey(b"k" * 16)
CLIENT, CONTACT = "01KJCLIENT0000000000000000", "01KJCONTACT000000000000000"
NOW = Millis(1_772_539_200_500)
ACCOUNT = Account(KEY, "01KJACCOUNT000000000000000", "willow", "", "", owner=CLIENT, first_sign_in_at=NOW // 1000)


def row(kind: EventKind, reason: str | None = None, subject: bytes = KEY) -> AuditRow:
    return AuditRow("01KJEVENT00000000000000000", "willow", subject, kind, NOW, reason)


@pytest.mark.parametrize(
    ("audit_row", "account", "expected"),
    [
        (row(EventKind.SESSION_STARTED), ACCOUNT, ("first_sign_in", ACCOUNT.id, CLIENT, None)),
        (row(EventKind.SESSION_STARTED), replace(ACCOUNT, first_sign_in_at=NOW // 1000 - 1), None),
        (row(EventKind.SESSION_STARTED), None, None),
        (row(EventKind.ACCESS_DISABLED), ACCOUNT, ("access_ended", ACCOUNT.id, CLIENT, None)),
        (row(EventKind.PROFILE_REVOKED, CLIENT), ACCOUNT, ("profile_revoked", ACCOUNT.id, CLIENT, None)),
        (row(EventKind.PROFILE_REVOKED, CONTACT, CLIENT.encode()), None, ("profile_revoked", None, CLIENT, CONTACT)),
        (row(EventKind.CLIENT_ERASED, None, CLIENT.encode()), None, ("client_erased", None, CLIENT, None)),
        (row(EventKind.LINK_FAILED, "bounced"), ACCOUNT, ("mail_bounced", ACCOUNT.id, CLIENT, None)),
        (row(EventKind.LINK_FAILED, "complained"), ACCOUNT, None),
        (row(EventKind.LINK_FAILED, "rejected"), ACCOUNT, None),
        (row(EventKind.LINK_SENT), ACCOUNT, None),
        (row(EventKind.MEMBER_CHANGED, "admin:x", b""), None, None),
    ],
)
def test_a_row_becomes_an_event_with_ids_and_nothing_else(
    audit_row: AuditRow, account: Account | None, expected: tuple[str | None, ...] | None
) -> None:
    event = event_of(audit_row, account)
    assert (event and (event.kind, event.account, event.client, event.contact)) == expected
    if event:
        assert needs_account(audit_row) is (account is not None)
        body = document(event, "2026-03-03T12:00:00Z")
        assert body.keys() == {"type", "timestamp", "data"}
        assert str(body).count("@") == 0


def test_the_streams_filter_lets_through_what_may_be_published() -> None:
    (source,) = sam_template.resources("AWS::Serverless::Function")["PublishEvents"]["Events"].values()
    (only,) = source["Properties"]["FilterCriteria"]["Filters"]
    assert all(f'"{kind}"' in only["Pattern"] for kind in KIND_BY_AUDIT)
    assert only["Pattern"].count("_") == sum(kind.value.count("_") for kind in KIND_BY_AUDIT)
    assert set(KIND_BY_AUDIT.values()) == set(PUBLISHED_KINDS)
