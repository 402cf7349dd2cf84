"""Coming in: the landing page, asking for a link, and what to do while it does not arrive."""

from typing import Literal

from latchkey.pages.frames import Frame, minutes, render, web_address

type EmailProblem = Literal["empty", "format", "unknown"]
"""What was wrong with a typed address."""


def landing(frame: Frame, signed_in: bool) -> str:
    """The page to bookmark (B9): who are you? Someone signed in is offered the way on first."""
    return render("landing.html", frame, signed_in=signed_in, new_client_url=_new_client_url(frame))


def new_client(frame: Frame) -> str:
    """For people who never signed in (B5): their first link comes in the welcome email, never from here."""
    return render("new_client.html", frame, new_client_url=_new_client_url(frame))


def sign_in(
    frame: Frame, *, typed: str = "", problem: EmailProblem | None = None, idle_minutes: int | None = None
) -> str:
    """The email form; `idle_minutes` tells someone whose session ended why they see it again."""
    return render("sign_in.html", frame, typed=typed, problem=problem, idle_minutes=idle_minutes)


def sent(frame: Frame, *, address: str, certain: bool, again: bool, hours: int = 24) -> str:
    """A link is on its way to the address as typed, and works for `hours`; "" shows no address any more.

    Where the practice gives every address one answer, `certain` is False and the page promises nothing about this one.
    `again` is the second press within a minute, which sends nothing.
    """
    return render("sent.html", frame, address=address, certain=certain, again=again, hours=hours)


def link_used_elsewhere(frame: Frame) -> str:
    """Instead of `sent`, once someone has signed in with that address on another device: shows the address no more."""
    return render("link_used_elsewhere.html", frame, typed="", problem=None)


def no_mail(frame: Frame, *, typed: str) -> str:
    """No mail can be sent to this address (B157): whom to call, and the ways in without mail.

    The form for a Pin Code is on the page, so that nobody types the address twice.
    """
    return render("no_mail.html", frame, typed=typed, problem=None)


def tips(frame: Frame, *, sender: str) -> str:
    """Three tips (B80), the last of which is a Pin Code; where letters come from; and signposts for people at the
    wrong door (B121, B122)."""
    return render("tips.html", frame, sender=sender)


def wait(frame: Frame, *, seconds: int) -> str:
    """Too many attempts: when to come back, in whole minutes, never too early."""
    return render("wait.html", frame, minutes=minutes(seconds))


def _new_client_url(frame: Frame) -> str | None:
    return web_address(frame.practice.new_client_url) if frame.practice else None
