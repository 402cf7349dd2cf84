"""Letters: functions from values to a rendered letter. They send nothing.

A letter says nothing about health or care, because a locked screen shows its subject to other people.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.header import Header
from email.utils import formataddr
from pathlib import Path

from jinja2 import Environment, StrictUndefined, select_autoescape
from markupsafe import Markup

from latchkey import languages, template_loader
from latchkey.mail.wording import RenderedWording, WordingOverrides, check_wording, render_wording
from latchkey.rules import branding
from latchkey.rules.branding import Scheme
from latchkey.rules.items import opens
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
    "service_notice",
    "sign_in",
    "waiting",
]

MAX_SUBJECT_LENGTH = 150
"""Characters of a subject. No mail program shows more."""


DARK = Scheme("#86d0d2", "#a8e2e3", "#06272b", "#1e3135")
"""The standard colours of the dark scheme."""


@dataclass(frozen=True, slots=True)
class LinkMail:
    """The values of a mail with a link."""

    address: str = field(repr=False)
    """The address on file."""
    language: Language
    """The language of the person."""
    url: str = field(repr=False)
    """The link, which signs the person in."""
    sender: str
    """The From address, with its domain."""
    entity_ref_id: str
    """An id that no other letter has. Without it, mail programs fold similar letters, and people open an old link."""
    hours: int = 24
    """Hours for which the link is valid."""


@dataclass(frozen=True, slots=True)
class Notice:
    """The values of a notice: a mail without a link, which reports a change of the person's sign-in."""

    address: str = field(repr=False)
    """The address that the notice goes to."""
    language: Language
    sender: str
    """The From address, with its domain."""
    entity_ref_id: str
    """An id that no other letter has."""
    at: int
    """Unix seconds of the change."""


@dataclass(frozen=True, slots=True)
class Letter:
    """A rendered mail to one person."""

    sender: str
    """The From mailbox (RFC 5322): the practice's name, encoded if it is not ASCII, and the address."""
    to: str = field(repr=False)
    reply_to: tuple[str, ...] = field(repr=False)
    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)
    headers: tuple[tuple[str, str], ...]
    """Names and values of further headers."""


def sign_in(
    practice: Practice,
    link_mail: LinkMail,
    *,
    requested_at: int,
    name: str,
    portal: str,
    overrides: WordingOverrides | None = None,
) -> Letter:
    """Return the letter with a link that was requested at `requested_at` (Unix seconds).

    `overrides` are the practice's wording. `name` and `portal` (the portal's URL) are values for its placeholders.
    """
    _ = languages.translator(link_mail.language)
    zone, language = practice.time_zone, link_mail.language
    return _link_letter(
        "sign_in",
        _("Sign in to your Client Portal"),
        practice,
        link_mail,
        wording=_wording(practice, overrides or WordingOverrides(), name, portal),
        at=languages.format_time(requested_at, zone, language),
        requested=languages.format_date_time(requested_at, zone, language),
    )


def invitation(  # noqa: PLR0913 - each part that a clinician may change
    practice: Practice,
    link_mail: LinkMail,
    *,
    name: str,
    portal: str,
    overrides: WordingOverrides | None = None,
    subject: str | None = None,
    message: str | None = None,
    items: Sequence[str] = (),
) -> Letter:
    """Return the invitation: the first link of a client or contact, and the address of the portal (B131).

    `overrides` are the practice's wording. `subject` and `message` replace the subject and the body of this one letter
    (B59). `items` are the names of items that are waiting in the portal (B44).
    """
    _ = languages.translator(link_mail.language)
    default_subject = _("Your invitation to the Client Portal")
    overrides = overrides or WordingOverrides()
    if message:
        greeting, body = _greeting_in(message, name)
        overrides = replace(overrides, greeting=greeting or overrides.greeting, body=body)
    return _link_letter(
        "invitation",
        _one_line(subject or "")[:MAX_SUBJECT_LENGTH].strip() or default_subject,
        practice,
        link_mail,
        wording=_wording(practice, overrides, name, portal),
        client=_one_line(name),
        portal=portal,
        items=[line for item in items if (line := _one_line(item))],
        opens_most=opens(practice, "messages", "appointments", "documents"),
    )


def pin_made(practice: Practice, notice: Notice) -> Letter:
    """Return the notice that a Pin Code was made.

    The notice does not contain the Pin Code, because the clinician reads it out on the phone. A reader of the mail must
    not have it.
    """
    _ = languages.translator(notice.language)
    return _notice_letter("pin_made", _("A Pin Code was made for your Client Portal"), practice, notice)


def address_changed(practice: Practice, notice: Notice) -> Letter:
    """Return the notice that another address signs in now. It goes to both addresses and names neither."""
    _ = languages.translator(notice.language)
    return _notice_letter("address_changed", _("Your Client Portal email was changed"), practice, notice)


def waiting(practice: Practice, notice: Notice, *, portal: str) -> Letter:
    """Return the notice that something is waiting in the portal, whose URL is `portal` (B146).

    It names no item, and its button opens the sign-in page. A link that works once would end the link that the person
    may have asked for.
    """
    _ = languages.translator(notice.language)
    return _notice_letter("waiting", _("Something is waiting in your Client Portal"), practice, notice, portal=portal)


def service_notice(practice: Practice, notice: Notice, *, subject: str, lines: Sequence[str], url: str) -> Letter:
    """Return the notice of another service, in its words. The button opens `url`, a page of the portal's host (B215).

    The page asks the person to sign in if it has to. The letter itself opens nothing.
    """
    return _notice_letter(
        "service_notice", subject, practice, notice, url=url, lines=[_one_line(line) for line in lines]
    )


def _greeting_in(message: str, name: str) -> tuple[str, str]:
    """Return the greeting that a message begins with, and the rest. The greeting is empty if the message has none.

    A first line that names the person is their greeting. The letter must not greet a second time.
    """
    first, _, rest = message.strip().partition("\n")
    names = [re.escape(word) for word in ("{name}", *name.split()[:1])]
    names_person = re.search(rf"(?<!\w)({'|'.join(names)})(?!\w)", first, re.IGNORECASE)
    return (first, rest) if names_person and rest.strip() and "{link}" not in first else ("", message)


def _wording(practice: Practice, overrides: WordingOverrides, name: str, portal: str) -> RenderedWording:
    values = {"name": name, "practice": practice.name, "portal": portal, "phone": practice.phone or ""}
    return render_wording(overrides, **{key: _one_line(value) for key, value in values.items()})


def _link_letter(kind: str, subject: str, practice: Practice, link_mail: LinkMail, **particulars: object) -> Letter:
    return _write(kind, subject, practice, link_mail, url=link_mail.url, hours=link_mail.hours, **particulars)


def _notice_letter(kind: str, subject: str, practice: Practice, notice: Notice, **particulars: object) -> Letter:
    at = languages.format_date_time(notice.at, practice.time_zone, notice.language)
    return _write(kind, subject, practice, notice, at=at, **particulars)


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
        "clinician": _one_line(branding.clinician_word(practice.clinician_word, to.language)),
        "street": [line for text in (practice.address or "").splitlines() if (line := _one_line(text))],
        "accent": branding.light_scheme(practice.accent).accent if practice.accent else "#0b5a63",
        "dark": branding.dark_scheme(practice.accent) if practice.accent else DARK,
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
    values = values | {"questions": _questions(say, values), "expiry": _expiry(count, values.get("hours"))}
    return TEMPLATE_ENV.get_template(template).render(values, _=say, ngettext=count)


def _questions(_: languages.Translator, values: Mapping[str, object]) -> str:
    """Return where a person can ask."""
    practice, phone = values["practice"], values["phone"]
    questions = (
        _("Questions? Call {practice} at {phone}.", practice=practice, phone=phone)
        if phone
        else _("Questions? Contact {practice}.", practice=practice)
    )
    if values["replies_read"]:
        return questions
    return questions + " " + _("Please don’t reply to this email: nobody reads the replies.")


def _expiry(ngettext: languages.PluralTranslator, hours: object) -> str | None:
    """Return a sentence about the time for which the link works. None for a letter without a link."""
    if not isinstance(hours, int):
        return None
    return ngettext(
        "This link works for {number} hour and only once. If you asked for more than one, use the newest.",
        "This link works for {number} hours and only once. If you asked for more than one, use the newest.",
        hours,
    )


def _mailbox(name: str, address: str) -> str:
    """Return a display name and an address as the value of a header field: one line, in ASCII."""
    if name.isascii():
        return formataddr((name, address))
    return f"{Header(name, 'utf-8', maxlinelen=75).encode(linesep='')} <{address}>"


def _one_line(text: str) -> str:
    """Return the text without line breaks, control characters and invisible marks, so that it cannot add a line."""
    if text.isprintable():
        return " ".join(text.split())
    visible = (" " if unicodedata.category(character)[0] in "CZ" else character for character in text)
    return " ".join("".join(visible).split())


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(Path(__file__).parent),
    # HTML templates include text templates that contain only sentences. Their translator escapes the values.
    autoescape=select_autoescape(["html"]),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
