"""The letter that a person looks for in their mailbox: sender, subject, time, and where to open it (B136, B141)."""

from dataclasses import dataclass

from latchkey import languages
from latchkey.pages.layout import PageContext
from latchkey.pages.mailboxes import Mailbox, mailbox_of
from latchkey.rules.languages import Language


@dataclass(frozen=True, slots=True)
class ExpectedLetter:
    """A sign-in letter as its reader sees it in a mailbox."""

    sender: str
    """The From address."""
    language: Language | None
    """The language of the letter, which the page may not have. None if it is unknown."""
    subject: str | None
    """None if it is unknown."""
    button: str | None
    """The text of the letter's button. None if it is unknown."""
    requested_at: int
    """Unix seconds. 0 if it is unknown."""
    time: str
    """The time of the request in the language of the page."""
    mailbox: Mailbox | None
    """None if the domain of the address is not well known."""


def expected_letter(
    page: PageContext, *, sender: str, language: Language | None, requested_at: int, now: int, address: str
) -> ExpectedLetter:
    """Return the letter that was requested at `requested_at` (Unix seconds, 0 if unknown) for an address or domain.

    Subject and button are quoted in the letter's own language, whatever language the page has (B135).
    """
    zone = page.practice.time_zone if page.practice else "UTC"
    letter = languages.translator(language) if language else None
    return ExpectedLetter(
        sender,
        language,
        letter("Sign in to your Client Portal") if letter else None,
        letter("Sign in") if letter else None,
        requested_at,
        languages.format_recent_time(requested_at, now, zone, page.language) if requested_at else "",
        mailbox_of(address),
    )
