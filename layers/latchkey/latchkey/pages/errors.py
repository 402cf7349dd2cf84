"""Pages that say no, each with the way back."""

from latchkey.pages.frames import Frame, render


def missing(frame: Frame) -> str:
    """404: nothing is here."""
    return render("missing.html", frame)


def failed(frame: Frame) -> str:
    """500: our fault, and nothing about it that a stranger could use."""
    return render("failed.html", frame)


def unavailable(frame: Frame) -> str:
    """503: something we need does not answer; trying again will help."""
    return render("unavailable.html", frame)


def stale_form(frame: Frame) -> str:
    """403: the form did not come from a page of ours, or from one too old to know."""
    return render("stale_form.html", frame)


def unreadable(frame: Frame) -> str:
    """400: what was sent makes no sense."""
    return render("unreadable.html", frame)


def too_large(frame: Frame) -> str:
    """413: more was sent than any form of ours holds."""
    return render("too_large.html", frame)


def not_allowed(frame: Frame) -> str:
    """405: the address is right, what was tried there is not."""
    return render("not_allowed.html", frame)
