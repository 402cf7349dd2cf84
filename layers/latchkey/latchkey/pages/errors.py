"""Error pages, each with a link back."""

from latchkey.pages.layout import PageContext, render


def not_found(page: PageContext) -> str:
    """Return the 404 page."""
    return render("not_found.html", page)


def practice_unknown(page: PageContext) -> str:
    """Return the 404 page for a name that no practice has (B139). It suggests no other practice."""
    return render("practice_unknown.html", page)


def find_practice(page: PageContext) -> str:
    """Return the page that explains how to find the portal of one's own practice. It lists none."""
    return render("find_practice.html", page)


def internal_error(page: PageContext) -> str:
    """Return the 500 page. It contains no details of the fault."""
    return render("internal_error.html", page)


def unavailable(page: PageContext) -> str:
    """Return the 503 page of an outage. It asks to try again."""
    return render("unavailable.html", page)


def stale_form(page: PageContext) -> str:
    """Return the 403 page for a form that did not come from a page of the portal."""
    return render("stale_form.html", page)


def bad_request(page: PageContext) -> str:
    """Return the 400 page."""
    return render("bad_request.html", page)


def too_large(page: PageContext) -> str:
    """Return the 413 page."""
    return render("too_large.html", page)


def method_not_allowed(page: PageContext) -> str:
    """Return the 405 page."""
    return render("method_not_allowed.html", page)
