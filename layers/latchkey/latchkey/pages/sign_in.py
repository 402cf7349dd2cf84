"""Pages of the sign-in: the landing page, the request for a link, and help if the mail does not arrive."""

from typing import Literal

from latchkey.pages.layout import PageContext, minutes, render, web_address

type EmailProblem = Literal["empty", "format", "unknown"]
"""Problems of a typed address."""


def landing(page: PageContext, signed_in: bool) -> str:
    """Return the landing page, which people bookmark (B9). If someone is signed in, it links home first."""
    return render("landing.html", page, signed_in=signed_in, new_client_url=_new_client_url(page))


def new_client(page: PageContext) -> str:
    """Return the page for people who never signed in (B5). Their first link comes in the invitation."""
    return render("new_client.html", page, new_client_url=_new_client_url(page))


def sign_in(
    page: PageContext, *, typed_address: str = "", problem: EmailProblem | None = None, idle_minutes: int | None = None
) -> str:
    """Return the email form. `idle_minutes` explains that a session ended after that time without activity."""
    return render("sign_in.html", page, typed_address=typed_address, problem=problem, idle_minutes=idle_minutes)


def sent(page: PageContext, *, address: str, address_known: bool, is_repeat: bool, hours: int = 24) -> str:
    """Return the page after a request for a link. The link works for `hours`. `address` "" shows no address.

    `address_known` is False if the practice gives the same response for every address. The page then does not say that
    a mail was sent. `is_repeat` is True for a second request within a minute, which sends no mail.
    """
    return render("sent.html", page, address=address, address_known=address_known, is_repeat=is_repeat, hours=hours)


def link_used_elsewhere(page: PageContext) -> str:
    """Return the page that replaces `sent` after a sign-in on another device. It does not show the address."""
    return render("link_used_elsewhere.html", page, typed_address="", problem=None)


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


def rate_limited(page: PageContext, *, seconds: int) -> str:
    """Return the page for too many requests. It shows the remaining time in minutes, rounded up."""
    return render("rate_limited.html", page, minutes=minutes(seconds))


def _new_client_url(page: PageContext) -> str | None:
    return web_address(page.practice.new_client_url) if page.practice else None
