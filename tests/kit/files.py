"""Who is on file at the practices of these tests, and what others do to them meanwhile."""

import json
from dataclasses import replace
from typing import Any

from pynamodb.expressions.operand import Path

from latchkey import tokens
from latchkey.rules.accounts import Account, AccountStatus, Profile
from latchkey.rules.limits import Limit
from latchkey.rules.mail import MailJob
from latchkey.rules.practices import Practice
from latchkey.store import accounts, limits, practices
from latchkey.tokens import Keyring
from tests.kit.portal import ORIGIN, Portal
from tests.kit.seed import HARBOR, WILLOW, someone

OWN = Profile("01KJTESTMARIA0000000000000", "Maria Gomez")
CHILDS = Profile("01KJTESTLEO000000000000000", "Leo Gomez", "minor", frozenset({"documents"}))


def put_people(portal: Portal) -> None:
    """Everyone whom these tests know."""
    practices.save(WILLOW)
    practices.save(HARBOR)
    put(portal, WILLOW, "ana@example.com", name="Ana Reyes")
    put(portal, WILLOW, "lee@example.com", name="Lee Park")
    put(portal, WILLOW, "luis@example.com", name="Luis Ortega", language="es")
    put(portal, WILLOW, "maria.gomez@gmail.com", name="Maria Gomez", profiles=(OWN, CHILDS))
    put(portal, WILLOW, "sam@example.com", name="Sam Carter", status=AccountStatus.INVITED, first_sign_in_at=None)
    put(portal, WILLOW, "robin@example.com", name="Robin Hayes", status=AccountStatus.DISABLED)
    put(portal, WILLOW, "jo@example.com", name="Jo Winters", email_ok=False)
    put(portal, HARBOR, "ana@example.com", name="Ana Reyes")
    put(portal, HARBOR, "robin@example.com", name="Robin Hayes", status=AccountStatus.DISABLED)
    put(portal, HARBOR, "jo@example.com", name="Jo Winters", email_ok=False)


def put(portal: Portal, practice: Practice, address: str, **facts: Any) -> Account:
    """Someone on file."""
    account = someone(key=key_of(portal, practice.slug, address), practice=practice.slug, address=address, **facts)
    accounts.save(account)
    return account


def key_of(portal: Portal, practice: str, address: str) -> bytes:
    """Where an address's account is kept."""
    return tokens.account_key(lookup_ring(portal), practice, address)


def lookup_ring(portal: Portal) -> Keyring:
    """The keys that accounts are found by."""
    text = portal.secret("LookupKey")
    return Keyring.parse(json.loads(text))


def use_up(portal: Portal, limit: Limit, times: int, *who: str | bytes) -> None:
    """Attempts that others have made: the first one as it is made, the others by their number."""
    bucket = tokens.opaque_key(lookup_ring(portal), *who)
    limits.count(bucket, (limit,), portal.now)
    count = Path(["windows", limit.name, "count"])
    limits.LimitItem(bucket).update([count.set(count + (times - 1))])


def change(portal: Portal, practice: str, address: str, **changes: Any) -> None:
    """What a clinician does to an account."""
    account = accounts.find(key_of(portal, practice, address))
    assert account
    accounts.save(replace(account, **changes))


def a_job(account: bytes, now: int, **facts: Any) -> MailJob:
    """A promise of a letter from Willow, asked for at that second."""
    job = MailJob("willow", account, tokens.random_id(), 1, "sign_in", now * 1000, ORIGIN)
    return replace(job, **facts)


def body_of(job: MailJob) -> str:
    """The message of the queue that holds a promise."""
    return json.dumps(
        {
            "practice": job.practice,
            "account": tokens.base64url_encode(job.account_key),
            "request": tokens.base64url_encode(job.job_id),
            "epoch": job.epoch,
            "kind": job.kind,
            "asked_at": job.requested_at_ms,
            "origin": job.origin,
        }
    )
