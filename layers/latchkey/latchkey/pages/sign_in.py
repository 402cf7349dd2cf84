"""Pages of the sign-in: the landing page, the request for a link, and help if the mail does not arrive."""

from dataclasses import dataclass
from typing import Literal

from latchkey import languages
from latchkey.pages.expected_letter import ExpectedLetter
from latchkey.pages.layout import PageContext, minutes, render, web_address, whole_minute
from latchkey.rules.accounts import Profile
from latchkey.rules.items import opens
from latchkey.rules.practices import FEATURES

MAX_MINUTES = 90
"""Minutes that a page counts. A longer wait has only its end."""

type EmailProblem = Literal["empty", "format", "no_at", "space", "comma", "mistyped", "unknown"]
"""Problems of a typed address."""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A well-known domain in place of the typed one."""

    typed: str
    domain: str


def landing(page: PageContext, signed_in: bool, profile: Profile | None = None) -> str:
    """Return the landing page, which people bookmark (B9). If someone is signed in, it links home first.

    It promises features only where something opens them (B146). `profile` is the open profile if it is not the
    person's own.
    """
    return render(
        "landing.html",
        page,
        signed_in=signed_in,
        profile=profile,
        new_client_url=_new_client_url(page),
        opens_all=page.practice is not None and opens(page.practice, *FEATURES),
    )


def new_client(page: PageContext) -> str:
    """Return the page for people who never signed in (B5). Their first link comes in the invitation."""
    return render("new_client.html", page, new_client_url=_new_client_url(page))


def sign_in(
    page: PageContext,
    *,
    typed_address: str = "",
    problem: EmailProblem | None = None,
    suggestion: Suggestion | None = None,
    idle_minutes: int | None = None,
    cleared: bool = False,
) -> str:
    """Return the email form. `idle_minutes` explains that a session ended after that time without activity.

    `suggestion` belongs to the problem `mistyped`. `cleared` is True after the typed address was removed.
    """
    return render(
        "sign_in.html",
        page,
        typed_address=typed_address,
        problem=problem,
        suggestion=suggestion,
        idle_minutes=idle_minutes,
        cleared=cleared,
    )


def sent(  # noqa: PLR0913 - the facts of one request
    page: PageContext,
    *,
    address: str,
    address_known: bool,
    is_repeat: bool,
    letter: ExpectedLetter,
    links: int = 1,
    may_send_at: int = 0,
    now: int = 0,
    hours: int = 24,
) -> str:
    """Return the page after a request for a link. The link works for `hours`. `address` "" shows no address.

    `address_known` is False if the practice gives the same response for every address. The page then does not say that
    a mail was sent. `is_repeat` is True for a second request within a minute, which sends no mail. `links` is the
    number of links that this browser requested. `may_send_at` is the time from which another one can be sent, and `now`
    that of the page, in Unix seconds.
    """
    zone = page.practice.time_zone if page.practice else "UTC"
    return render(
        "sent.html",
        page,
        address=address,
        address_known=address_known,
        is_repeat=is_repeat,
        letter=letter,
        links=links,
        requested_time=languages.format_time(letter.requested_at, zone, page.language),
        send_time=languages.format_time(whole_minute(may_send_at), zone, page.language) if may_send_at > now else "",
        hours=hours,
    )


def link_used_elsewhere(page: PageContext) -> str:
    """Return the page that replaces `sent` after a sign-in on another device. It does not show the address."""
    return render("link_used_elsewhere.html", page, typed_address="", problem=None, suggestion=None)


def no_mail(page: PageContext, *, typed_address: str) -> str:
    """Return the page for an address that no mail can be sent to (B157).

    It shows the practice's phone number and the sign-in methods without mail. It contains the form for a PIN, so that
    people need not type the address again.
    """
    return render("no_mail.html", page, typed_address=typed_address, problem=None)


def tips(page: PageContext, *, sender: str) -> str:
    """Return the page with three tips (B80), the last of which is a PIN.

    It also shows the sender of the mails, and links for people who want another site (B121, B122).
    """
    return render("tips.html", page, sender=sender)


@dataclass(frozen=True, slots=True)
class Wait:
    """A wait after too many requests."""

    until: int
    """Unix seconds."""
    now: int
    """Unix seconds."""
    for_link: bool = False
    """True if a link was requested."""
    unknown_addresses: bool = False
    """True if the practice says that an address is unknown, and several of them were typed."""
    links: int = 0
    """Number of links that this browser requested for the address. 0 if it knows of none."""
    requested_at: int = 0
    """Unix seconds of the last of these."""
    address_known: bool = False
    """True if mail was certainly sent for these links."""


def rate_limited(page: PageContext, wait: Wait) -> str:
    """Return the page for too many requests: what to do now, and the time from which asking works again (B137)."""
    zone = page.practice.time_zone if page.practice else "UTC"
    until = whole_minute(wait.until)
    is_today = languages.is_same_day(until, wait.now, zone)
    time_format = languages.format_time if is_today else languages.format_date_time
    left = minutes(wait.until - wait.now)
    return render(
        "rate_limited.html",
        page,
        wait=wait,
        is_today=is_today,
        time=time_format(until, zone, page.language),
        minutes=left if is_today and left <= MAX_MINUTES else None,
        requested_time=languages.format_time(wait.requested_at, zone, page.language),
    )


def _new_client_url(page: PageContext) -> str | None:
    return web_address(page.practice.new_client_url) if page.practice else None
