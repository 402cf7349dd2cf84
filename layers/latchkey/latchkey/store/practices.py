"""Practices and their settings."""

import re
from dataclasses import dataclass, field, fields

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute

from latchkey import settings
from latchkey.rules.practices import Practice, UnknownAddress
from latchkey.rules.refusals import PracticeUnknown
from latchkey.store.tables import Table

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")


class PracticeItem(Table):
    """A practice at rest."""

    class Meta:
        table_name = settings.load().practices_table

    slug = UnicodeAttribute(hash_key=True)
    name = UnicodeAttribute()
    phone = UnicodeAttribute(null=True)
    language = UnicodeAttribute()
    time_zone = UnicodeAttribute()
    sender = UnicodeAttribute()
    reply_to = UnicodeAttribute(null=True)
    website = BooleanAttribute()
    new_client_url = UnicodeAttribute(null=True)
    app_url = UnicodeAttribute(null=True)
    help_url = UnicodeAttribute(null=True)
    welcome = UnicodeAttribute(null=True)
    unknown_address = UnicodeAttribute()


NAMES = tuple(f.name for f in fields(Practice))


@dataclass(slots=True)
class _Kept:
    """Practices read lately, with the Unix second of their reading."""

    practices: dict[str, tuple[Practice, int]] = field(default_factory=dict)


_kept = _Kept()


def load(slug: str, now: int) -> Practice:
    """A practice's settings, at most `PRACTICE_CACHE_SECONDS` old.

    :raises PracticeUnknown: there is none of that name.
    """
    practice, read_at = _kept.practices.get(slug, (None, 0))
    if practice and 0 <= now - read_at < settings.load().practice_cache_seconds:
        return practice
    if not SLUG.fullmatch(slug):
        raise PracticeUnknown
    try:
        item = PracticeItem.get(slug)
    except PracticeItem.DoesNotExist:
        raise PracticeUnknown from None
    values = {name: getattr(item, name) for name in NAMES}
    practice = Practice(**values | {"unknown_address": UnknownAddress(item.unknown_address)})
    _kept.practices[slug] = (practice, now)
    return practice


def save(practice: Practice) -> None:
    """Create or replace a practice."""
    PracticeItem(**{name: getattr(practice, name) for name in NAMES}).save()
