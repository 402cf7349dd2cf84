"""Practices and their settings."""

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, fields
from typing import Any

from pynamodb.attributes import BooleanAttribute, MapAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PutError, UpdateError
from pynamodb.expressions.update import Action

from latchkey import settings
from latchkey.caches import Cache
from latchkey.rules.branding import Logo
from latchkey.rules.languages import language_or_default
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import PracticeUnknown
from latchkey.store.dynamodb import OUTAGES, IntegerAttribute, Table, condition_failed, set_or_remove
from latchkey.store.records import to_attributes, to_record

MAPPINGS = ("links", "welcomes", "legal", "clinician_word")
"""Settings that are mappings. An empty one is no attribute."""

SLUG = re.compile(r"[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")


class PracticeItem(Table):
    """A practice."""

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
    mails_per_hour = IntegerAttribute(null=True)
    # whether people may sign in with a provider, in an attribute with the provider's name
    for provider in PROVIDER_NAMES:
        vars()[provider] = BooleanAttribute(default=True)
    del provider
    features = UnicodeSetAttribute(null=True)
    links: MapAttribute[str, Any] = MapAttribute(null=True)
    welcomes: MapAttribute[str, Any] = MapAttribute(null=True)
    accent = UnicodeAttribute(null=True)
    address = UnicodeAttribute(null=True)
    legal: MapAttribute[str, Any] = MapAttribute(null=True)
    clinician_word: MapAttribute[str, Any] = MapAttribute(null=True)
    logo: MapAttribute[str, Any] = MapAttribute(null=True)
    letters: MapAttribute[str, Any] = MapAttribute(default=dict)

    def practice(self) -> Practice:
        """Return the practice as a value."""
        return to_record(
            Practice,
            self,
            providers=frozenset(name for name in PROVIDER_NAMES if getattr(self, name)),
            language=language_or_default(self.language),
            unknown_address=UnknownAddressPolicy(self.unknown_address),
            features=frozenset(self.features or ()),
            **{name: stored.as_dict() if (stored := getattr(self, name)) else {} for name in MAPPINGS},
            logo=Logo(**self.logo.as_dict()) if self.logo else None,
            letters=self.letters.as_dict(),
        )


_cache = Cache[Practice](OUTAGES)
"""Practices by slug."""


def get_cached(slug: str, now: int) -> Practice:
    """Return a practice's settings, at most `PRACTICE_CACHE_SECONDS` old, or an hour older in an outage.

    :raises PracticeUnknown: no practice has this slug.
    """
    if not SLUG.fullmatch(slug):
        raise PracticeUnknown
    try:
        return _cache.get(slug, now, lambda: _get(slug), lambda _: settings.load().practice_cache_seconds)
    except PracticeUnknown:
        _cache.forget(slug)
        raise


def warm_connection() -> None:
    """Read an item that does not exist, so that no request waits for the SDK client and its connection."""
    with suppress(PracticeItem.DoesNotExist):
        PracticeItem.get("-")


def get(slug: str) -> Practice | None:
    """Return a practice's settings by a consistent read, or None."""
    if not SLUG.fullmatch(slug):
        return None
    try:
        return PracticeItem.get(slug, consistent_read=True).practice()
    except PracticeItem.DoesNotExist:
        return None


def page_of(max_count: int, after: str | None = None) -> list[Practice]:
    """Return up to `max_count` practices in the table's order, from the one after the slug `after` on."""
    start = {"slug": {"S": after}} if after else None
    # The files of logos are items of the same table.
    practices_only = PracticeItem.name.exists()
    items = PracticeItem.scan(practices_only, limit=max_count, last_evaluated_key=start, consistent_read=True)
    return [item.practice() for item in items]


def save(practice: Practice) -> None:
    """Create or replace a practice with everything that belongs to it."""
    _to_item(practice).save()


def create_or_replace(practice: Practice) -> tuple[Practice, bool]:
    """Create a practice, or replace all its settings but its letters and logo. Return it, and True if it is new."""
    try:
        _to_item(practice).save(condition=PracticeItem.slug.does_not_exist())
    except PutError as error:
        if not condition_failed(error):
            raise
        settings_only = {field.name: getattr(practice, field.name) for field in fields(practice)}
        del settings_only["slug"], settings_only["letters"], settings_only["logo"]
        return update(practice.slug, settings_only), False
    return practice, True


def update(slug: str, changes: Mapping[str, Any]) -> Practice:
    """Change some settings of a practice by name, and return it. Others can change the other settings meanwhile.

    :raises PracticeUnknown: no practice has this slug.
    """
    actions = []
    for name, value in changes.items():
        if name == "providers":
            actions += [getattr(PracticeItem, provider).set(provider in value) for provider in PROVIDER_NAMES]
            continue
        stored = _to_stored(name, value)
        actions.append(set_or_remove(getattr(PracticeItem, name), stored))
    return _update(slug, actions)


def set_wording(slug: str, place: str, wording: Mapping[str, str]) -> None:
    """Write a practice's own wording of a letter. `place` is `{kind}/{language}`.

    :raises PracticeUnknown: no practice has this slug.
    """
    _update(slug, [PracticeItem.letters[place].set(dict(wording))])


def _get(slug: str) -> Practice:
    try:
        return PracticeItem.get(slug).practice()
    except PracticeItem.DoesNotExist:
        raise PracticeUnknown from None


def _update(slug: str, actions: list[Action]) -> Practice:
    item = PracticeItem(slug)
    try:
        if actions:
            item.update(actions, condition=PracticeItem.slug.exists())
        else:
            item.refresh(consistent_read=True)
    except UpdateError as error:
        if condition_failed(error):
            raise PracticeUnknown from None
        raise
    except PracticeItem.DoesNotExist:
        raise PracticeUnknown from None
    _cache.forget(slug)
    return item.practice()


def _to_item(practice: Practice) -> PracticeItem:
    providers = {name: name in practice.providers for name in PROVIDER_NAMES}
    return PracticeItem(
        **to_attributes(
            practice,
            leave_out=("providers",),
            letters=dict(practice.letters),
            **{name: _to_stored(name, getattr(practice, name)) for name in (*MAPPINGS, "logo")},
        ),
        **providers,
    )


def _to_stored(name: str, value: Any) -> Any:
    """Return a setting as its attribute holds it. None removes the attribute."""
    if name == "features":
        return set(value) or None
    if name == "logo":
        return value and asdict(value)
    return dict(value) or None if name in MAPPINGS else value
