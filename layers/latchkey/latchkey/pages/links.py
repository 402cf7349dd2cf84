"""Pages of a link: the confirmation before it is used, and the four failures."""

from collections.abc import Mapping
from typing import Literal

from latchkey.pages.layout import PageContext, render

type LinkFailure = Literal["expired", "used", "replaced", "unknown"]
"""The reason why a link is no longer valid."""


def confirm(page: PageContext, *, action: str, masked: str, invitation: bool) -> str:
    """Return the page with the button that uses the link. A mail scanner follows links, but submits no forms.

    `action` is the URL of the form. "" is the URL in the browser, which keeps the token out of the page.
    """
    return render("confirm.html", page, action=action, masked=masked, invitation=invitation)


def confirm_switch(
    page: PageContext,
    *,
    action: str,
    masked: str,
    current: str,
    form_fields: Mapping[str, str] | None = None,
    by_link: bool = True,
) -> str:
    """Return the page that asks for consent before a sign-in as `masked` ends the session of `current`.

    The proof is not consumed yet. `form_fields` are sent again with the consent. `by_link` is True if the person has
    opened a link.
    """
    return render(
        "confirm_switch.html",
        page,
        action=action,
        masked=masked,
        current=current,
        form_fields=form_fields or {},
        by_link=by_link,
    )


def dead_link(page: PageContext, *, why: LinkFailure, typed_address: str = "", hours: int = 24) -> str:
    """Return the page of a link that is not valid, with the form for a new one (B38, B128).

    `hours` is the lifetime of a link.
    """
    return render("link_failure.html", page, why=why, typed_address=typed_address, problem=None, hours=hours)
