"""Sample letters of a practice, and how tests read them."""

import re
from html import unescape

import pytest

from latchkey.mail import letters
from latchkey.mail.letters import Letter, LinkMail, Notice, WordingOverrides
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice

URL = "https://portal.example.com/willow/link/" + "Ab3_-" * 17

PORTAL = "https://portal.example.com/willow"

HOSTILE = """</p><a href="https://evil.example">'"&lt;{{ 7*7 }}{0}"""

THIRD_OF_MARCH = 1772574120
"""3 March 2026, 15:42 in Chicago."""

WILLOW = Practice(slug="willow", name="Willow Family Therapy", phone="(555) 010-0142", time_zone="America/Chicago")

every_language = pytest.mark.parametrize("language", LANGUAGES)

LINK_MAILS = ["sign_in", "invitation"]

NOTICES = ["pin_made", "address_changed"]

every_link_mail = pytest.mark.parametrize("kind", LINK_MAILS)


def write(
    kind: str = "sign_in",
    language: Language = "en",
    practice: Practice = WILLOW,
    hours: int = 24,
    overrides: WordingOverrides | None = None,
) -> Letter:
    if kind == "waiting":
        return letters.waiting(practice, notice(language), portal=PORTAL)
    if kind == "service_notice":
        subject = "Your Client Portal"
        return letters.service_notice(practice, notice(language), subject=subject, lines=["One.", "Two."], url=URL)
    if kind in NOTICES:
        return (letters.pin_made if kind == "pin_made" else letters.address_changed)(practice, notice(language))
    if kind == "invitation":
        return letters.invitation(
            practice, link_mail(language, hours), name="Sam Okafor", portal=PORTAL, overrides=overrides
        )
    return letters.sign_in(
        practice,
        link_mail(language, hours),
        requested_at=THIRD_OF_MARCH,
        name="Sam Okafor",
        portal=PORTAL,
        overrides=overrides,
    )


def link_mail(language: Language = "en", hours: int = 24) -> LinkMail:
    return LinkMail(
        address="sam@example.com",
        language=language,
        url=URL,
        sender="yourprovider@mail.example.com",
        entity_ref_id="01JREFERENCE",
        hours=hours,
    )


def notice(language: Language = "en") -> Notice:
    return Notice(
        address="sam@example.com",
        language=language,
        sender="yourprovider@mail.example.com",
        entity_ref_id="01JREFERENCE",
        at=THIRD_OF_MARCH,
    )


def visible(html: str) -> str:
    """Return the text of an HTML part in order, with the hidden preview."""
    body = re.sub(r"</?span[^>]*>", "", html.partition("<body")[2].partition(">")[2])
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def in_order(text: str, *parts: str) -> bool:
    """Return True if the text has all parts in this order."""
    for part in parts:
        _, found, text = text.partition(part)
        if not found:
            return False
    return True
