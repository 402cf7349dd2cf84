"""Coming in: the landing page, asking for a link, and what to do while it does not arrive."""

from typing import Literal

from latchkey.pages.layout import PageContext, minutes, render, web_address

type EmailProblem = Literal["empty", "format", "unknown"]
"""What was wrong with a typed address."""


def landing(page: PageContext, signed_in: bool) -> str:
    """The page to bookmark (B9): who are you? Someone signed in is offered the way on first."""
    return render("landing.html", page, signed_in=signed_in, new_client_url=_new_client_url(page))


def new_client(page: PageContext) -> str:
    """For people who never signed in (B5): their first link comes in the welcome email, never from here."""
    return render("new_client.html", page, new_client_url=_new_client_url(page))


def sign_in(
    page: PageContext, *, typed: str = "", problem: EmailProblem | None = None, idle_minutes: int | None = None
) -> str:
    """The email form; `idle_minutes` tells someone whose session ended why they see it again."""
    return render("sign_in.html", page, typed=typed, problem=problem, idle_minutes=idle_minutes)


def sent(page: PageContext, *, address: str, certain: bool, again: bool, hours: int = 24) -> str:
    """A link is on its way to the address as typed, and works for `hours`; "" shows no address any more.

    Where the practice gives every address one answer, `certain` is False and the page promises nothing about this one.
    `again` is the second press within a minute, which sends nothing.
    """
    return render("sent.html", page, address=address, certain=certain, again=again, hours=hours)


def link_used_elsewhere(page: PageContext) -> str:
    """Instead of `sent`, once someone has signed in with that address on another device: shows the address no more."""
    return render("link_used_elsewhere.html", page, typed="", problem=None)


def no_mail(page: PageContext, *, typed: str) -> str:
    """No mail can be sent to this address (B157): whom to call, and the ways in without mail.

    The form for a Pin Code is on the page, so that nobody types the address twice.
    """
    return render("no_mail.html", page, typed=typed, problem=None)


def tips(page: PageContext, *, sender: str) -> str:
    """Three tips (B80), the last of which is a Pin Code; where letters come from; and signposts for people at the
    wrong door (B121, B122)."""
    return render("tips.html", page, sender=sender)


def rate_limited(page: PageContext, *, seconds: int) -> str:
    """Too many attempts: when to come back, in whole minutes, never too early."""
    return render("rate_limited.html", page, minutes=minutes(seconds))


def _new_client_url(page: PageContext) -> str | None:
    return web_address(page.practice.new_client_url) if page.practice else None
