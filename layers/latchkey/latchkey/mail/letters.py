"""The letters people get: values in, a letter out. Nothing here sends.

A letter says nothing about health or care: its subject may be read on a locked screen, by anyone who passes.
"""

import unicodedata
from dataclasses import dataclass, field
from email.header import Header
from email.utils import formataddr
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from latchkey import languages
from latchkey.rules.practices import Language, Practice


@dataclass(frozen=True, slots=True)
class Errand:
    """A link on its way to a person."""

    address: str = field(repr=False)
    """The one on file."""
    language: Language
    """The one the person reads."""
    url: str = field(repr=False)
    """Signs them in."""
    sender: str
    """The From address, with its domain."""
    reference: str
    """Unlike any other letter's: mail programs fold letters that look alike, and then an old link is opened."""
    hours: int = 24
    """How long the link lives."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one person, ready for the post."""

    sender: str
    """From, as RFC 5322 writes a mailbox: the practice's name, encoded where it must be, and the address."""
    to: str = field(repr=False)
    reply_to: tuple[str, ...] = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: tuple[tuple[str, str], ...]
    """Names and values beyond the usual ones."""


def sign_in(practice: Practice, errand: Errand, *, requested_at: int) -> Letter:
    """The link somebody asked for at `requested_at` (Unix seconds)."""
    _ = languages.voice(errand.language)
    at = languages.clock(requested_at, practice.time_zone, errand.language)
    return _write("sign_in", _("Sign in to your Client Portal"), practice, errand, at=at)


def invitation(practice: Practice, errand: Errand, *, name: str, portal: str) -> Letter:
    """The first link of someone the practice gave access to, and the page to come back to without it (B131)."""
    _ = languages.voice(errand.language)
    subject = _("{practice} invited you to the Client Portal", practice=_one_line(practice.name))
    return _write("invitation", subject, practice, errand, client=_one_line(name), portal=portal)


def _write(kind: str, subject: str, practice: Practice, errand: Errand, **particulars: str) -> Letter:
    name, phone = _one_line(practice.name), _one_line(practice.phone or "")
    unbroken = phone and Markup('<span style="white-space:nowrap">{}</span>').format(phone)
    values = particulars | {
        "subject": subject,
        "practice": name,
        "phone": phone,
        "replies_read": practice.reply_to is not None,
        "url": errand.url,
        "hours": errand.hours,
        "language": errand.language,
        "direction": languages.DIRECTIONS[errand.language],
    }
    return Letter(
        sender=_mailbox(name, errand.sender),
        to=errand.address,
        reply_to=(practice.reply_to,) if practice.reply_to else (),
        subject=subject,
        text=_render(f"{kind}.txt", errand.language, str, values).strip() + "\n",
        html=_render(f"{kind}.html", errand.language, Markup, values | {"phone": unbroken}),
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Entity-Ref-ID", errand.reference),
            ("Content-Language", errand.language),
        ),
    )


def _render(template: str, language: Language, text: type[str], values: dict[str, object]) -> str:
    say, count = languages.voice(language, text), languages.counting_voice(language, text)
    return _PAPER.get_template(template).render(values, _=say, ngettext=count)


def _mailbox(name: str, address: str) -> str:
    """A display name and an address as one header field, on one line, in ASCII."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def _one_line(text: str) -> str:
    """The text without line breaks, controls and invisible marks: a name stays a name wherever it is put."""
    visible = (" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join("".join(visible).split())


_PAPER = Environment(
    loader=FileSystemLoader(Path(__file__).with_name("templates")),
    # A text template that an HTML one includes holds sentences alone: their voice escapes what they quote.
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
