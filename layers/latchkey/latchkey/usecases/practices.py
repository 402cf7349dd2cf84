"""Use cases of a practice's settings."""

from collections.abc import Mapping
from typing import Any, TypedDict

from latchkey.rules import addresses, branding
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES, Practice, apply_switches
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import RoleMissing, ValueRefused
from latchkey.rules.web_addresses import is_path_below, is_web_address
from latchkey.store import events, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.listing import Page, page


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
    mails_per_hour: int | None
    providers: Mapping[str, bool]
    features: Mapping[str, bool]
    links: Mapping[str, str | None]
    welcomes: Mapping[str, str | None]
    accent: str | None
    address: str | None
    legal: Mapping[str, str | None]
    clinician_word: Mapping[str, str | None]


@use_case(Role.OPERATOR, may_create_practice=True)
def save_practice(context: RequestContext, settings: PracticeSettings) -> tuple[Practice, bool]:
    """Create a practice or replace its settings. Return it, and True if it is new.

    The practice's letters, logo, clients and members stay.

    :raises ValueRefused: a setting has a value that no page can use.
    """
    practice = Practice(context.slug, **_stored(settings, Practice(context.slug, "")))
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, "put"))
    return practices.create_or_replace(practice)


@use_case(Role.OPERATOR, of_stack=True)
def list_practices(context: RequestContext, after: str | None, limit: int) -> Page[Practice]:  # noqa: ARG001
    """Return a page of the stack's practices, in no order."""
    return page(practices.page_of(limit + 1, after), limit, lambda practice: practice.slug)


@use_case(Role.CLINICIAN)
def read_practice(context: RequestContext) -> Practice:
    """Return the practice's current settings."""
    return practices.get(context.slug) or context.practice


@use_case(Role.ADMIN)
def update_practice(context: RequestContext, changes: PracticeSettings) -> Practice:
    """Change some of a practice's settings. Return all of them.

    :raises ValueRefused: a setting has a value that no page can use.
    :raises RoleMissing: only an operator changes `mails_per_hour`.
    """
    if "mails_per_hour" in changes and context.clinician.role < Role.OPERATOR:
        events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.ADMIN_DENIED, "role_missing"))
        raise RoleMissing
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
    for name in ("links", "welcomes", "legal", "clinician_word"):
        if name in settings:
            stored[name] = _merged(getattr(current, name), settings[name])
    if isinstance(settings.get("accent"), str):
        stored["accent"] = str(settings["accent"]).lower()
    _check(stored, current.slug)
    reply_to = settings.get("reply_to")
    if reply_to is not None:
        stored["reply_to"] = addresses.for_mail(reply_to)
    return stored


def _merged(current: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """Return a mapping with changes. None removes a value."""
    return {name: value for name, value in (dict(current) | dict(changes)).items() if value is not None}


def _check(stored: Mapping[str, Any], slug: str) -> None:
    """Raise unless pages of the portal can use these settings.

    :raises ValueRefused: one cannot be used.
    """
    errors = [
        (f"body.{place}.{name}", f"A link begins with https:// and a host, or with /{slug}/")
        for place in ("links", "legal")
        for name, url in stored.get(place, {}).items()
        if not is_web_address(url) and not is_path_below(url, slug)
    ]
    errors += [
        (f"body.clinician_word.{language}", "A word has 2 to 40 letters, and no article or pronoun before it")
        for language, word in stored.get("clinician_word", {}).items()
        if not branding.is_clinician_word(word)
    ]
    if problem := _accent_problem(stored.get("accent")):
        errors.append(("body.accent", problem))
    if errors:
        raise ValueRefused(tuple(errors))


def _accent_problem(accent: str | None) -> str | None:
    """Return the reason why pages cannot use a colour, or None."""
    if accent is None:
        return None
    if not branding.COLOUR.fullmatch(accent):
        return "A colour is # and six hexadecimal digits, such as #0b5a63"
    nearest = branding.accent_that_passes(accent)
    return None if nearest == accent else f"Text in this colour is hard to read. The nearest that passes is {nearest}"
