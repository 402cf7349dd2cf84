"""Translations of pages and letters. English stands in the source, the others in catalogs beside this file.

The English sentence is the key (gettext's msgid), so English needs no catalog. The others are written in
`catalogs/*/LC_MESSAGES/latchkey.po` and compiled when the layer is built; without that, a translated page fails loudly.
"""

import gettext
from datetime import UTC, datetime, tzinfo
from functools import cache
from pathlib import Path
from typing import Protocol

from latchkey.rules.languages import DEFAULT_LANGUAGE, Language, facts

CATALOGS = Path(__file__).with_name("catalogs")


class Translator(Protocol):
    """Speaks one language."""

    def __call__(self, message: str, /, **values: object) -> str:
        """The message in that language, `{placeholders}` filled in."""


class PluralTranslator(Protocol):
    """Speaks one language about a number of things."""

    def __call__(self, one: str, many: str, number: int, /, **values: object) -> str:
        """The message for that number, which it can mention as `{number}`."""


@cache
def catalog(language: Language) -> gettext.NullTranslations:
    """The translations of a language; raises FileNotFoundError when its catalog was not compiled."""
    if language == DEFAULT_LANGUAGE:
        return gettext.NullTranslations()
    return gettext.translation("latchkey", CATALOGS, [language])


def translator(language: Language, text: type[str] = str) -> Translator:
    """A voice whose sentences are of the type `text`: given `Markup`, what fills a placeholder is escaped."""
    translate = catalog(language).gettext

    def say(message: str, /, **values: object) -> str:
        return text(translate(message)).format(**values)

    return say


def plural_translator(language: Language, text: type[str] = str) -> PluralTranslator:
    """Like `voice`, for sentences that depend on a number."""
    translate = catalog(language).ngettext

    def say(one: str, many: str, number: int, /, **values: object) -> str:
        return text(translate(one, many, number)).format(number=number, **values)

    return say


def format_time(at: int, zone: str, language: Language) -> str:
    """A time of day as that language's readers write it, such as "3:42 PM" or "15:42"; `at` is Unix seconds.

    A zone that this machine does not know must not keep a letter back: the time is then UTC, and says so.
    """
    here = _local(at, zone)
    if facts(language).twelve_hour_clock:
        half, hour = divmod(here.hour, 12)
        time = f"{hour or 12}:{here:%M} {('AM', 'PM')[half]}"
    else:
        time = f"{here:%H:%M}"
    return f"{time} UTC" if here.tzinfo is UTC else time


def format_date_time(at: int, zone: str, language: Language) -> str:
    """A date and a time of day, in words: "March 3, 2026 at 3:42 PM"."""
    here = _local(at, zone)
    _ = translator(language)
    return _(
        "{month} {day}, {year} at {time}",
        month=_months(_)[here.month - 1],
        day=here.day,
        year=here.year,
        time=format_time(at, zone, language),
    )


def _local(at: int, zone: str) -> datetime:
    here: tzinfo = UTC
    if zone != "UTC":
        from zoneinfo import ZoneInfo

        try:
            here = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            here = UTC
    return datetime.fromtimestamp(at, here)


def _months(_: Translator) -> tuple[str, ...]:
    return (
        _("January"),
        _("February"),
        _("March"),
        _("April"),
        _("May"),
        _("June"),
        _("July"),
        _("August"),
        _("September"),
        _("October"),
        _("November"),
        _("December"),
    )
