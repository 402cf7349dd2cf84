"""Use cases of a practice's settings."""

from collections.abc import Mapping
from typing import Any, TypedDict

from latchkey.rules import addresses
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES, Practice, apply_switches
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.store import events, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case


class PracticeSettings(TypedDict, total=False):
    """Settings of a practice. A missing field keeps its default or its current value."""

    name: str
    phone: str | None
    language: Language
    time_zone: str
    sender: str
    reply_to: str | None
    website: bool
    new_client_url: str | None
    app_url: str | None
    help_url: str | None
    welcome: str | None
    unknown_address: str
    providers: Mapping[str, bool]
    features: Mapping[str, bool]


@use_case(Role.OPERATOR, may_create_practice=True)
def save_practice(context: RequestContext, settings: PracticeSettings) -> tuple[Practice, bool]:
    """Create a practice or replace its settings. Return it, and True if it is new.

    The practice's letters, clients and members stay.
    """
    practice = Practice(context.slug, **_stored(settings, Practice(context.slug, "")))
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, "put"))
    return practice, practices.create_or_replace(practice)


@use_case(Role.CLINICIAN)
def read_practice(context: RequestContext) -> Practice:
    """Return the practice's current settings."""
    return practices.get(context.slug) or context.practice


@use_case(Role.ADMIN)
def update_practice(context: RequestContext, changes: PracticeSettings) -> Practice:
    """Change some of a practice's settings. Return all of them."""
    current = practices.get(context.slug) or context.practice
    stored = _stored(changes, current)
    changed = {*changes, *changes.get("providers", ())} - {"providers"}
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, ",".join(sorted(changed))))
    return practices.update(context.slug, stored)


def _stored(settings: PracticeSettings, current: Practice) -> dict[str, Any]:
    """Return the settings as fields of `Practice`. `current` has the previous switches."""
    stored: dict[str, Any] = dict(settings)
    if "features" in settings:
        stored["features"] = apply_switches(FEATURES, current.features, settings["features"])
    if "providers" in settings:
        stored["providers"] = apply_switches(PROVIDER_NAMES, current.providers, settings["providers"])
    reply_to = settings.get("reply_to")
    if reply_to is not None:
        stored["reply_to"] = addresses.for_mail(reply_to)
    return stored
