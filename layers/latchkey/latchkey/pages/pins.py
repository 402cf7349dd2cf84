"""The way in when mail fails: an address, and the code that the practice read out on the phone."""

from typing import Literal

from latchkey.pages.layout import PageContext, minutes, render

type PinProblem = Literal["email_empty", "email_format", "pin_empty", "pin_length", "refused"]
"""What was wrong with what was typed. `refused` is all that may be known of an address and six digits together."""


def pin(page: PageContext, *, typed: str = "", problem: PinProblem | None = None) -> str:
    """The form. `typed` is the address, shown again; a code is never shown, and has to be typed anew."""
    return render("pin.html", page, typed=typed, problem=problem)


def pin_locked(page: PageContext, *, seconds: int) -> str:
    """Too many wrong codes for an address, whether or not it has one: whom to call, and the way in without a code."""
    return render("pin_locked.html", page, minutes=minutes(seconds))
