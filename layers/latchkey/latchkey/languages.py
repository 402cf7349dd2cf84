"""Translations of pages and letters, and formats of times.

The English sentence in the source is the key (gettext's msgid), so English needs no catalog. Other languages have
`catalogs/*/LC_MESSAGES/latchkey.po`, which the build of the layer compiles. Without a compiled catalog a translated
page fails.
"""

import gettext
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import Protocol

from latchkey.rules.languages import DEFAULT_LANGUAGE, Language, facts

CATALOGS = Path(__file__).with_name("catalogs")
MAX_SENTENCES = 1024
"""Translated sentences that a process keeps for each language. Most functions use fewer than a hundred."""


class Translator(Protocol):
    """A function that translates messages into one language."""

    def __call__(self, message: str, /, **values: object) -> str:
        """Return the message in that language, with `{placeholders}` filled in."""


class PluralTranslator(Protocol):
    """A function that translates messages about a number of things into one language."""

    def __call__(self, singular: str, plural: str, number: int, /, **values: object) -> str:
        """Return the message for that number. The message can contain the number as `{number}`."""


@cache
def catalog(language: Language) -> gettext.NullTranslations:
    """Return the translations of a language.

    :raises FileNotFoundError: the catalog of the language was not compiled.
    """
    if language == DEFAULT_LANGUAGE:
        return gettext.NullTranslations()
    return gettext.translation("latchkey", CATALOGS, [language])


@cache
def translator(language: Language, text: type[str] = str) -> Translator:
    """Return the translator of a language.

    Its sentences have the type `text`. With `Markup`, the values of placeholders are escaped.
    """
    translate, fill = catalog(language).gettext, _filler(text)

    @lru_cache(maxsize=MAX_SENTENCES)
    def sentence(message: str) -> str:
        return text(translate(message))

    def say(message: str, /, **values: object) -> str:
        translated = sentence(message)
        return fill(translated, values) if "{" in translated else translated

    return say


@cache
def plural_translator(language: Language, text: type[str] = str) -> PluralTranslator:
    """Return the translator of a language for sentences that depend on a number. `text` is as in `translator`."""
    translate, fill = catalog(language).ngettext, _filler(text)

    def say(singular: str, plural: str, number: int, /, **values: object) -> str:
        return fill(translate(singular, plural, number), values | {"number": number})

    return say


def _filler(text: type[str]) -> Callable[[str, Mapping[str, object]], str]:
    """Return the function that fills a sentence's placeholders, which are names only.

    `Markup.format` reads each sentence in Python. This escapes the values, and `str.format` does the rest.
    """
    escape: Callable[[object], str] | None = getattr(text, "escape", None)

    def fill(sentence: str, values: Mapping[str, object]) -> str:
        shown = {name: escape(value) for name, value in values.items()} if escape else values
        return text(str.format(sentence, **shown))

    return fill


def format_time(at: int, zone: str, language: Language) -> str:
    """Return a time of day in the language's format, such as "3:42 PM" or "las 3:42 p. m.". `at` is Unix seconds.

    The article of a language that has one is part of the time. If the zone is unknown on this machine, return the time
    in UTC with the suffix "UTC", so that a letter can still be sent.
    """
    local_time = _local(at, zone)
    words = facts(language)
    half, hour = divmod(local_time.hour, 12)
    article = words.hour_articles[hour != 1]
    time = f"{article}{hour or 12}:{local_time:%M}{words.halves_of_the_day[half]}"
    return f"{time} UTC" if local_time.tzinfo is UTC else time


def format_date_time(at: int, zone: str, language: Language) -> str:
    """Return a date and a time of day, such as "March 3, 2026 at 3:42 PM". `at` is Unix seconds."""
    local_time = _local(at, zone)
    _ = translator(language)
    return _(
        "{month} {day}, {year} at {time}",
        month=_months(_)[local_time.month - 1],
        day=local_time.day,
        year=local_time.year,
        time=format_time(at, zone, language),
    )


def format_recent_time(at: int, now: int, zone: str, language: Language) -> str:
    """Return "today at 3:42 PM", "yesterday at 3:42 PM", or the date with the time. `at` and `now` are Unix seconds."""
    _ = translator(language)
    days = (_local(now, zone).date() - _local(at, zone).date()).days
    match days:
        case 0:
            return _("today at {time}", time=format_time(at, zone, language))
        case 1:
            return _("yesterday at {time}", time=format_time(at, zone, language))
    return format_date_time(at, zone, language)


def is_same_day(at: int, now: int, zone: str) -> bool:
    """Return True if both times (Unix seconds) are on one day in the zone."""
    return _local(at, zone).date() == _local(now, zone).date()


def start_of_day(at: int, zone: str) -> int:
    """Return the moment at which the day of `at` began in a time zone. Both are Unix seconds."""
    return int(_local(at, zone).replace(hour=0, minute=0, second=0, microsecond=0).timestamp())


def format_date(at: int, zone: str, language: Language) -> str:
    """Return a date, such as "March 3, 2026". `at` is Unix seconds."""
    local_time = _local(at, zone)
    _ = translator(language)
    return _("{month} {day}, {year}", month=_months(_)[local_time.month - 1], day=local_time.day, year=local_time.year)


def is_time_zone(name: str) -> bool:
    """Return True if the IANA database has a time zone of this name."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _local(at: int, zone: str) -> datetime:
    time_zone: tzinfo = UTC
    if zone != "UTC":
        from zoneinfo import ZoneInfo

        try:
            time_zone = ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            time_zone = UTC
    return datetime.fromtimestamp(at, time_zone)


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
