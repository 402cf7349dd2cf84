"""Pages that say no, each with the way back."""

from latchkey.pages.layout import PageContext, render


def not_found(page: PageContext) -> str:
    """404: nothing is here."""
    return render("not_found.html", page)


def internal_error(page: PageContext) -> str:
    """500: our fault, and nothing about it that a stranger could use."""
    return render("internal_error.html", page)


def unavailable(page: PageContext) -> str:
    """503: something we need does not answer; trying again will help."""
    return render("unavailable.html", page)


def stale_form(page: PageContext) -> str:
    """403: the form did not come from a page of ours, or from one too old to know."""
    return render("stale_form.html", page)


def bad_request(page: PageContext) -> str:
    """400: what was sent makes no sense."""
    return render("bad_request.html", page)


def too_large(page: PageContext) -> str:
    """413: more was sent than any form of ours holds."""
    return render("too_large.html", page)


def method_not_allowed(page: PageContext) -> str:
    """405: the address is right, what was tried there is not."""
    return render("method_not_allowed.html", page)
