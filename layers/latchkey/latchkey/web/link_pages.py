"""The facts on pages about requested links: the letter to look for, the wait, and why a link is dead."""

from latchkey import pages, settings
from latchkey.http.requests import Request
from latchkey.pages.expected_letter import ExpectedLetter
from latchkey.pages.links import LinkFailure
from latchkey.pages.sign_in import Wait
from latchkey.rules.languages import Language
from latchkey.rules.limits import UNKNOWN_ADDRESS_PER_NETWORK, UNKNOWN_ADDRESS_PER_SOURCE
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.rules.refusals import LinkReplaced, RateLimited
from latchkey.web import cookies
from latchkey.web.responses import page_context
from latchkey.web.typed_address import typed_address

SIGN_IN_ROUTE = "/{practice}/sign-in"
UNKNOWN_ADDRESS_LIMITS = {UNKNOWN_ADDRESS_PER_SOURCE.limit.name, UNKNOWN_ADDRESS_PER_NETWORK.limit.name}
"""Limits of addresses that are not on file."""


def dead_link(request: Request, why: LinkFailure, support_code: str) -> str:
    """Return the page of a dead link. Its form is filled in if the address was typed a short time ago (WCAG 3.3.7)."""
    shared, hours = page_context(request, support_code), settings.load().link_seconds // 3600
    return pages.dead_link(shared, why=why, typed_address=typed_address(request).address, hours=hours)


def newer_link(request: Request, refusal: LinkReplaced) -> str:
    """Return the page of a link that a newer one replaced. It leads to the newest letter (B136)."""
    letter = expected_letter(request, refusal.letter_language, refusal.requested_at, refusal.mail_domain)
    shared = page_context(request, refusal.support_code)
    return pages.newer_link(shared, letter=letter, typed_address=typed_address(request).address)


def expected_letter(
    request: Request, language: Language | None, requested_at: int, mail_domain: str | None = None
) -> ExpectedLetter:
    """Return the letter that was requested at `requested_at` (Unix seconds, 0 if unknown), as pages describe it.

    `language` is that of the letter, None if it is unknown. Without `mail_domain`, the mailbox is that of the address
    that was typed in this browser.
    """
    typed = cookies.typed(request) if mail_domain is None else None
    return pages.expected_letter(
        page_context(request),
        sender=sender_of(request.practice_or_404),
        language=language,
        requested_at=requested_at,
        now=request.now,
        address=typed.address if typed else mail_domain or "",
    )


def sender_of(practice: Practice) -> str:
    """Return the From address of a practice's letters."""
    return practice.from_address(settings.load().sender_domain)


def wait(request: Request, refusal: RateLimited) -> Wait:
    """Return the facts for the page about a wait. They include only links that this browser requested."""
    if request.route != SIGN_IN_ROUTE:
        return Wait(refusal.until, request.now)
    typed = cookies.typed(request)
    own = typed if typed and typed.is_of(request.form_value("email")) else None
    return Wait(
        refusal.until,
        request.now,
        for_link=True,
        unknown_addresses=refusal.limit in UNKNOWN_ADDRESS_LIMITS,
        links=own.links if own else 0,
        requested_at=own.typed_at if own else 0,
        address_known=request.practice_or_404.unknown_address is UnknownAddressPolicy.TELL,
    )
