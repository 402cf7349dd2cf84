"""Opening a link: the question before it is spent, and the four ways a link can be dead."""

from collections.abc import Mapping
from typing import Literal

from latchkey.pages.layout import PageContext, render

type LinkFailure = Literal["expired", "used", "replaced", "unknown"]
"""Why a link opens nothing any more."""


def confirm(page: PageContext, *, action: str, masked: str, invitation: bool) -> str:
    """One button that spends the link; a mail scanner follows links but presses no buttons.

    `action` is where the form posts to; "" posts to the address the browser is at and keeps the token out of the page.
    """
    return render("confirm.html", page, action=action, masked=masked, invitation=invitation)


def confirm_switch(
    page: PageContext,
    *,
    action: str,
    masked: str,
    current: str,
    typed: Mapping[str, str] | None = None,
    by_link: bool = True,
) -> str:
    """Asks before a sign-in as `masked` signs out `current`, whose session is live in this browser.

    Asking spends nothing. `typed` is sent again with the answer; `by_link` is whether the person has opened a link.
    """
    return render(
        "confirm_switch.html", page, action=action, masked=masked, current=current, typed=typed or {}, by_link=by_link
    )


def dead_link(page: PageContext, *, why: LinkFailure, typed: str = "", hours: int = 24) -> str:
    """Says which kind of dead, and carries the way on: the email form itself (B38, B128). A link lives for `hours`."""
    return render("link_failure.html", page, why=why, typed=typed, problem=None, hours=hours)
