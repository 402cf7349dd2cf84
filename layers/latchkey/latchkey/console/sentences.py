"""Sentences of the console: what a press did, and what became of the last email."""

from dataclasses import dataclass, field
from typing import Literal

from latchkey import languages
from latchkey.languages import Translator
from latchkey.rules.accounts import Account
from latchkey.rules.languages import Language
from latchkey.rules.mail import BounceReason
from latchkey.usecases.client_access import bounce, email_status

type Done = Literal[
    "added", "invited", "saved", "moved", "unlinked", "signed_out", "ended", "shared", "person_added", "person_removed",
    "address_added", "address_removed", "device_ended", "device_gone",
]  # fmt: skip


def done(key: str, name: str, address: str, _: Translator) -> str | None:
    """Return the sentence about the last press. None for a key that is not in the list."""
    sentences = {
        "added": _("{name} is on file. Nothing was sent.", name=name),
        "invited": _("An invitation to {address} is on its way.", address=address),
        "saved": _("Saved. Nothing was sent.", name=name),
        "moved": _("The old sign-in has ended. An invitation to {address} is on its way.", address=address),
        "unlinked": _("Unlinked. The next account with the address on file can sign in. Nothing was sent."),
        "signed_out": _("{name} is signed out everywhere, and can sign in with a new link.", name=name),
        "ended": _("Access has ended: sessions, links and Pin Codes. No email was sent.", name=name),
        "shared": _("Shared with {name}.", name=name),
        "person_added": _("They can open the profile of {name}.", name=name),
        "person_removed": _("They can no longer open the profile of {name}. No email was sent.", name=name),
        "address_added": _("The address is on file. Nothing was sent."),
        "address_removed": _("The address is no longer on file. Nothing was sent."),
        "device_ended": _("It is signed out. No email was sent."),
        "device_gone": _("It was signed out already. Nothing was done."),
    }
    return sentences.get(key)


@dataclass(frozen=True, slots=True)
class MailLine:
    """A sentence about the newest email to an address."""

    sentence: str = field(repr=False)
    is_final: bool
    """True if no further report is expected soon."""
    is_bad: bool = False


def mail_line(account: Account | None, zone: str, language: Language) -> MailLine:  # noqa: PLR0911 - one for each status
    """Return the sentence about the newest email of an account."""
    _ = languages.translator(language)
    status = email_status(account)
    if account is None or status == "none":
        return MailLine(_("No email has been sent yet."), is_final=True)
    if not account.email_ok and status == "suppressed":
        return MailLine(_("No email was sent, because there is no consent."), is_final=True, is_bad=True)
    at = languages.format_date_time(account.email_status_at, zone, language) if account.email_status_at else ""
    match status:
        case "queued":
            return MailLine(_("On its way since {at}", at=at), is_final=False)
        case "sent":
            return MailLine(_("Sent {at}", at=at), is_final=False)
        case "delivered":
            text = _("Delivered {at} If they can’t see it: Spam, Junk, Bulk, Updates.", at=_stop(at))
            return MailLine(text, is_final=True)
        case "delayed":
            return MailLine(_("Their mail provider has not taken it yet, since {at}", at=at), is_final=False)
        case "bounced":
            return MailLine(_bounce_sentence(account, zone, language), is_final=True, is_bad=True)
        case "complained":
            text = _("Email to {address} was reported as spam on {at}", address=account.address, at=at)
            return MailLine(text, is_final=True, is_bad=True)
        case "rejected":
            return MailLine(_("The last email could not be sent, {at}", at=at), is_final=True, is_bad=True)
        case _:
            return MailLine(_("No email goes to {address} now.", address=account.address), is_final=True, is_bad=True)


def _bounce_sentence(account: Account, zone: str, language: Language) -> str:
    _ = languages.translator(language)
    newest = bounce(account)
    at = languages.format_date(newest.at, zone, language) if newest else ""
    return _(
        "Email to {address} bounced on {at}: {reason}",
        address=account.address,
        at=at,
        reason=bounce_reason(newest.reason if newest else "unknown", _),
    )


def bounce_reason(reason: BounceReason, _: Translator) -> str:
    """Return a bounce's reason in words."""
    match reason:
        case "unknown_mailbox":
            return _("there is no such mailbox.")
        case "mailbox_full":
            return _("the mailbox is full.")
        case "refused":
            return _("the mail provider refused it.")
        case "reported_as_spam":
            return _("it was reported as spam.")
        case _:
            return _("the mail provider gave no reason.")


def _stop(text: str) -> str:
    """Return the text with a period, unless it ends in one."""
    return text if text.endswith(".") else f"{text}."
