"""Opening a link: the question before it is spent, and the four ways a link can be dead."""

from typing import Literal

from latchkey.pages.frames import Frame, render

type Dead = Literal["expired", "used", "replaced", "unknown"]
"""Why a link opens nothing any more."""


def confirm(frame: Frame, *, action: str, masked: str, invitation: bool) -> str:
    """One button that spends the link; a mail scanner follows links but presses no buttons.

    `action` is where the form posts to; "" posts to the address the browser is at and keeps the token out of the page.
    """
    return render("confirm.html", frame, action=action, masked=masked, invitation=invitation)


def switch(frame: Frame, *, action: str, masked: str, current: str) -> str:
    """Asks before a link signs out `current`, whose session is live in this browser. Asking spends nothing."""
    return render("switch.html", frame, action=action, masked=masked, current=current)


def dead_link(frame: Frame, *, why: Dead, typed: str = "", hours: int = 24) -> str:
    """Says which kind of dead, and carries the way on: the email form itself (B38, B128). A link lives for `hours`."""
    return render("dead_link.html", frame, why=why, typed=typed, problem=None, hours=hours)
