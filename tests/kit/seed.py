"""Practices and people on file, and the day on which things happen to them."""

from dataclasses import replace
from typing import Any

from latchkey import tokens
from latchkey.rules.accounts import Account, AccountStatus, Profile
from latchkey.rules.practices import Practice, UnknownAddressPolicy

NOON = 1_772_539_200
"""3 March 2026, 12:00 UTC, as Unix seconds."""

WILLOW = Practice(
    slug="willow",
    name="Willow Family Therapy",
    phone="(555) 010-0142",
    time_zone="America/Chicago",
    reply_to="desk@willow.example",
    welcome="Good to see you here.",
)
"""Tells people that an address is unknown."""

HARBOR = Practice(
    slug="harbor",
    name="Harbor Street Counseling",
    phone="(555) 010-0177",
    website=True,
    new_client_url="https://harbor.example/appointments",
    unknown_address=UnknownAddressPolicy.SAME_ANSWER,
)
"""Gives every address one answer."""


def someone(**facts: Any) -> Account:
    """A client of Willow who has signed in before, with a place of their own in the tables."""
    known = Account(
        key=tokens.random_id(),
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
    return replace(known, **facts)
