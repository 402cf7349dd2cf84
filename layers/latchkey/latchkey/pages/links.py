"""Pages of a link: the confirmation before it is used, and the four failures."""

from collections.abc import Mapping
from typing import Literal, assert_never

from markupsafe import Markup

from latchkey import languages
from latchkey.languages import Translator
from latchkey.pages.expected_letter import ExpectedLetter
from latchkey.pages.layout import PageContext, render

type LinkFailure = Literal["expired", "used", "replaced", "unknown"]
"""The reason why a link is no longer valid."""


type Device = Literal["phone", "computer", "tablet", "device"]
"""The kind of device that a page names. "device" if it is not certain."""


def confirm(page: PageContext, *, action: str, masked: str, invitation: bool, device: Device = "device") -> str:
    """Return the page with the button that uses the link. A mail scanner follows links, but submits no forms.

    `action` is the URL of the form. "" is the URL in the browser, which keeps the token out of the page. The button
    names the device that will be signed in, because people read their mail on another one (B144).
    """
    _ = languages.translator(page.language, Markup)
    button, sentence = _device_texts(device, _)
    return render(
        "confirm.html", page, action=action, masked=masked, invitation=invitation, button=button, sentence=sentence
    )


def _device_texts(device: Device, _: Translator) -> tuple[str, str]:
    """Return the text of the button, and the sentence above it."""
    match device:
        case "phone":
            return (
                _("Sign in on this phone"),
                _("You will be signed in here, on this phone, even if you asked for the link somewhere else."),
            )
        case "computer":
            return (
                _("Sign in on this computer"),
                _("You will be signed in here, on this computer, even if you asked for the link somewhere else."),
            )
        case "tablet":
            return (
                _("Sign in on this tablet"),
                _("You will be signed in here, on this tablet, even if you asked for the link somewhere else."),
            )
        case "device":
            return (
                _("Sign in on this device"),
                _("You will be signed in here, on this device, even if you asked for the link somewhere else."),
            )
        case _ as never:
            assert_never(never)


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

    `hours` is the lifetime of a link. `replaced` is for a link whose successor is not valid any more either.
    """
    return render("link_failure.html", page, why=why, typed_address=typed_address, problem=None, hours=hours)


def newer_link(page: PageContext, *, letter: ExpectedLetter, typed_address: str = "") -> str:
    """Return the page of a link that a newer one replaced. It leads to the newest letter (B136).

    Asking for one more link is folded away, because that ends the link in the newest letter.
    """
    return render("newer_link.html", page, letter=letter, typed_address=typed_address, problem=None)
