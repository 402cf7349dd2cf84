"""What the template tells a function, read once. Nothing else of ours looks into the environment.

Plain dataclass and no pydantic: reading a dozen strings is no reason to load a validation library at
every cold start (docs/decisions/0003).
"""

import os
from dataclasses import dataclass
from functools import cache

LONGEST_HOURS = 24
"""What the product promises of a link; a stack may promise less."""


@dataclass(frozen=True, slots=True)
class Settings:
    """A function's environment; what a function was not given is empty, and stays out of its reach."""

    region: str
    portal_origin: str
    """`https://host` under which clients see the portal; empty: the API's own address."""
    practices_table: str
    accounts_table: str
    links_table: str
    sessions_table: str
    budgets_table: str
    events_table: str
    mail_queue_url: str
    lookup_key_arn: str
    cookie_key_arn: str
    link_key_arn: str
    sender_domain: str
    configuration_set: str
    link_seconds: int
    """How long a link lives; 24 hours at most."""
    practice_cache_seconds: int
    apple_app_ids: tuple[str, ...]
    android_package: str
    android_fingerprints: tuple[str, ...]


@cache
def load() -> Settings:
    """The settings of this function.

    :raises ValueError: for a number that is none, or a link that would live longer than 24 hours.
    """
    text = os.environ.get
    hours = int(text("LINK_HOURS", "24"))
    if not 1 <= hours <= LONGEST_HOURS:
        raise ValueError("LINK_HOURS must be 1 to 24")
    return Settings(
        region=text("AWS_REGION", "us-east-1"),
        portal_origin=text("PORTAL_ORIGIN", ""),
        practices_table=text("PRACTICES_TABLE", ""),
        accounts_table=text("ACCOUNTS_TABLE", ""),
        links_table=text("LINKS_TABLE", ""),
        sessions_table=text("SESSIONS_TABLE", ""),
        budgets_table=text("BUDGETS_TABLE", ""),
        events_table=text("EVENTS_TABLE", ""),
        mail_queue_url=text("MAIL_QUEUE_URL", ""),
        lookup_key_arn=text("LOOKUP_KEY_ARN", ""),
        cookie_key_arn=text("COOKIE_KEY_ARN", ""),
        link_key_arn=text("LINK_KEY_ARN", ""),
        sender_domain=text("SENDER_DOMAIN", ""),
        configuration_set=text("CONFIGURATION_SET", ""),
        link_seconds=hours * 3600,
        practice_cache_seconds=int(text("PRACTICE_CACHE_SECONDS", "30")),
        apple_app_ids=_listed(text("APPLE_APP_IDS", "")),
        android_package=text("ANDROID_PACKAGE", ""),
        android_fingerprints=_listed(text("ANDROID_FINGERPRINTS", "")),
    )


def _listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())
