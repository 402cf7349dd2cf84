"""The letters people get: values in, a letter out. Nothing here sends.

A letter says nothing about health or care: its subject may be read on a locked screen, by anyone who passes.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from email.header import Header
from email.utils import formataddr
from pathlib import Path

from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup

from latchkey import languages, template_loader
from latchkey.mail.wording import RenderedWording, WordingOverrides, check_wording, render_wording
from latchkey.rules.languages import Language, facts
from latchkey.rules.practices import Practice

__all__ = [
    "Letter",
    "LinkMail",
    "Notice",
    "WordingOverrides",
    "address_changed",
    "check_wording",
    "invitation",
    "pin_made",
    "sign_in",
]

LONGEST_SUBJECT = 150
"""Characters; more than any mail program shows."""


@dataclass(frozen=True, slots=True)
class LinkMail:
    """A link on its way to a person."""

    address: str = field(repr=False)
    """The one on file."""
    language: Language
    """The one the person reads."""
    url: str = field(repr=False)
    """Signs them in."""
    sender: str
    """The From address, with its domain."""
    entity_ref_id: str
    """Unlike any other letter's: mail programs fold letters that look alike, and then an old link is opened."""
    hours: int = 24
    """How long the link lives."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Word to a person of what was done about their sign-in: it opens nothing."""

    address: str = field(repr=False)
    """The one to tell."""
    language: Language
    sender: str
    """The From address, with its domain."""
    entity_ref_id: str
    """Unlike any other letter's."""
    at: int
    """When it was done, in Unix seconds."""


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


def sign_in(
    practice: Practice,
    errand: LinkMail,
    *,
    requested_at: int,
    name: str,
    portal: str,
    words: WordingOverrides | None = None,
) -> Letter:
    """The link somebody asked for at `requested_at` (Unix seconds).

    `words` are the practice's own; `name` and `portal` (its address) are what these may mention.
    """
    _ = languages.translator(errand.language)
    at = languages.format_time(requested_at, practice.time_zone, errand.language)
    own = _own(practice, words or WordingOverrides(), name, portal)
    return _link_letter("sign_in", _("Sign in to your Client Portal"), practice, errand, own=own, at=at)


def invitation(  # noqa: PLR0913 - all that a clinician may change of it
    practice: Practice,
    errand: LinkMail,
    *,
    name: str,
    portal: str,
    words: WordingOverrides | None = None,
    subject: str | None = None,
    message: str | None = None,
    items: Sequence[str] = (),
) -> Letter:
    """The first link of someone the practice gave access to, and the page to come back to without it (B131).

    `words` are the practice's own. For this one letter (B59), `subject` stands in place of ours, `message` in place of
    the body, and `items` says what is waiting in the portal (B44).
    """
    _ = languages.translator(errand.language)
    ours = _("{practice} invited you to the Client Portal", practice=_one_line(practice.name))
    said = words or WordingOverrides()
    if message:
        said = replace(said, body=message)
    return _link_letter(
        "invitation",
        _one_line(subject or "")[:LONGEST_SUBJECT].strip() or ours,
        practice,
        errand,
        own=_own(practice, said, name, portal),
        client=_one_line(name),
        portal=portal,
        items=[line for item in items if (line := _one_line(item))],
    )


def pin_made(practice: Practice, notice: Notice) -> Letter:
    """A Pin Code was made. It is told on the phone: not here, or whoever reads the mail would have it too."""
    _ = languages.translator(notice.language)
    return _notice_letter("pin_made", _("A Pin Code was made for your Client Portal"), practice, notice)


def address_changed(practice: Practice, notice: Notice) -> Letter:
    """Another address signs in now. Fit for either address to read, and neither learns the other from it."""
    _ = languages.translator(notice.language)
    return _notice_letter(
        "address_changed", _("The email address for your Client Portal was changed"), practice, notice
    )


def _own(practice: Practice, words: WordingOverrides, name: str, portal: str) -> RenderedWording:
    values = {"name": name, "practice": practice.name, "portal": portal, "phone": practice.phone or ""}
    return render_wording(words, **{key: _one_line(value) for key, value in values.items()})


def _link_letter(kind: str, subject: str, practice: Practice, errand: LinkMail, **particulars: object) -> Letter:
    return _write(kind, subject, practice, errand, url=errand.url, hours=errand.hours, **particulars)


def _notice_letter(kind: str, subject: str, practice: Practice, notice: Notice) -> Letter:
    at = languages.format_date_time(notice.at, practice.time_zone, notice.language)
    return _write(kind, subject, practice, notice, at=at)


def _write(kind: str, subject: str, practice: Practice, to: LinkMail | Notice, **particulars: object) -> Letter:
    name, phone = _one_line(practice.name), _one_line(practice.phone or "")
    unbroken = phone and Markup('<span style="white-space:nowrap">{}</span>').format(phone)
    values = particulars | {
        "subject": subject,
        "practice": name,
        "phone": phone,
        "replies_read": practice.reply_to is not None,
        "language": to.language,
        "direction": facts(to.language).direction,
    }
    return Letter(
        sender=_mailbox(name, to.sender),
        to=to.address,
        reply_to=(practice.reply_to,) if practice.reply_to else (),
        subject=subject,
        text=_render(f"{kind}.txt", to.language, str, values).strip() + "\n",
        html=_render(f"{kind}.html", to.language, Markup, values | {"phone": unbroken}),
        headers=(
            ("Auto-Submitted", "auto-generated"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Entity-Ref-ID", to.entity_ref_id),
            ("Content-Language", to.language),
        ),
    )


def _render(template: str, language: Language, text: type[str], values: dict[str, object]) -> str:
    say, count = languages.translator(language, text), languages.plural_translator(language, text)
    return TEMPLATE_ENV.get_template(template).render(values, _=say, ngettext=count)


def _mailbox(name: str, address: str) -> str:
    """A display name and an address as one header field, on one line, in ASCII."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def _one_line(text: str) -> str:
    """The text without line breaks, controls and invisible marks: a name stays a name wherever it is put."""
    visible = (" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join("".join(visible).split())


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(Path(__file__).parent),
    # A text template that an HTML one includes holds sentences alone: their voice escapes what they quote.
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
