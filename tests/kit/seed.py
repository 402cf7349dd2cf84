"""Two practices and their clients, with accounts that tests can change."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from pynamodb.expressions.operand import Path

from latchkey import keys, tokens
from latchkey.rules.accounts import Account, AccountKey, AccountStatus, Profile
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.limits import Limit
from latchkey.rules.mail import MailJob
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.rules.times import millis
from latchkey.store import accounts, limits, practices
from latchkey.tokens import Keyring
from tests.kit.clock import NOON
from tests.kit.gateway_events import ORIGIN

if TYPE_CHECKING:
    from tests.kit.portal import Portal

WILLOW = Practice(
    slug="willow",
    name="Willow Family Therapy",
    phone="(555) 010-0142",
    time_zone="America/Chicago",
    reply_to="desk@willow.example",
    welcome="Good to see you here.",
)
"""A practice that says when an address is unknown."""

HARBOR = Practice(
    slug="harbor",
    name="Harbor Street Counseling",
    phone="(555) 010-0177",
    website=True,
    new_client_url="https://harbor.example/appointments",
    unknown_address=UnknownAddressPolicy.SAME_ANSWER,
)
"""A practice that gives every address the same response."""


def an_account(**facts: Any) -> Account:
    """Return an account of Willow that has signed in before, with a random key and a profile of its own name."""
    known = Account(
        key=AccountKey(tokens.random_id()),
        id=tokens.new_ulid(NOON * 1000),
        practice=WILLOW.slug,
        address="ana@example.com",
        name="Ana Reyes",
        status=AccountStatus.ACTIVE,
        email_ok=True,
        profiles=(Profile("01KJTESTANA000000000000000", "Ana Reyes"),),
        first_sign_in_at=NOON - 90 * 86_400,
        last_sign_in_at=NOON - 3 * 86_400,
    )
    named = replace(known.profiles[0], name=facts.get("name", known.name))
    return replace(known, **{"profiles": (named,), **facts})


OWN = Profile("01KJTESTMARIA0000000000000", "Maria Gomez")
CHILDS = Profile("01KJTESTLEO000000000000000", "Leo Gomez", "minor", frozenset({"documents"}))


def seed_people(portal: "Portal") -> None:
    """Save both practices and their accounts."""
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


def put(portal: "Portal", practice: Practice, address: str, **facts: Any) -> Account:
    """Save an account for this address, and return it."""
    account = an_account(key=key_of(portal, practice.slug, address), practice=practice.slug, address=address, **facts)
    accounts.save(account)
    return account


def key_of(portal: "Portal", practice: str, address: str) -> AccountKey:
    """Return the account key of an address."""
    return tokens.account_key(lookup_ring(portal), practice, CanonicalAddress(address))


def lookup_ring(portal: "Portal") -> Keyring:
    """Return the keyring of account keys."""
    text = portal.secret("LookupKey")
    return Keyring.parse(json.loads(text))


@contextmanager
def with_lookup_ring(portal: "Portal") -> Iterator[None]:
    """Give this process the keyring of account keys, which the index of clients needs."""
    ring = lookup_ring(portal)
    with mock.patch.object(keys, "lookup", return_value=ring):
        yield


def use_up(portal: "Portal", limit: Limit, times: int, *who: str | bytes) -> None:
    """Count `times` requests against a limit of a scope."""
    scope_key = tokens.opaque_key(lookup_ring(portal), *who)
    limits.count(scope_key, (limit,), portal.now)
    count = Path(["windows", limit.name, "count"])
    limits.LimitItem(scope_key).update([count.set(count + (times - 1))])


def change(portal: "Portal", practice: str, address: str, **changes: Any) -> None:
    """Change fields of an account."""
    account = accounts.find(key_of(portal, practice, address))
    assert account
    accounts.save(replace(account, **changes))


def a_job(account: bytes, now: int, **facts: Any) -> MailJob:
    """Return a mail job of Willow, requested at `now` (Unix seconds)."""
    job = MailJob("willow", AccountKey(account), tokens.random_id(), 1, "sign_in", millis(now), ORIGIN)
    return replace(job, **facts)


def body_of(job: MailJob) -> str:
    """Return the queue message of a mail job."""
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
