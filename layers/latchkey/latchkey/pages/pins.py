"""Pages of the sign-in with a PIN, which the practice reads out when mail fails."""

from typing import Literal

from latchkey.pages.layout import PageContext, minutes, render

type PinProblem = Literal["email_empty", "email_format", "pin_empty", "pin_length", "refused"]
"""Problems of the form. For a complete form there is only `refused`, which does not say which check failed."""


def pin(page: PageContext, *, typed_address: str = "", problem: PinProblem | None = None) -> str:
    """Return the form. It shows the typed address again, but never the PIN."""
    return render("pin.html", page, typed_address=typed_address, problem=problem)


def pin_locked(page: PageContext, *, seconds: int) -> str:
    """Return the page for too many wrong PINs. It is the same for addresses with and without a PIN.

    It shows the practice's phone number and the sign-in without a PIN.
    """
    return render("pin_locked.html", page, minutes=minutes(seconds))
