"""Pages: functions that render values as HTML. They do no I/O, make no decisions and read no clock."""

from latchkey.pages.apps import app_confirm, app_refused, app_return, devices
from latchkey.pages.errors import (
    bad_request,
    find_practice,
    internal_error,
    method_not_allowed,
    not_found,
    practice_unknown,
    stale_form,
    too_large,
    unavailable,
)
from latchkey.pages.expected_letter import expected_letter
from latchkey.pages.layout import PageContext, content_security_style
from latchkey.pages.links import confirm, confirm_switch, dead_link, newer_link
from latchkey.pages.pins import pin, pin_locked
from latchkey.pages.providers import identity_unmatched, provider_cancelled, provider_failed
from latchkey.pages.sessions import home, profiles, signed_out
from latchkey.pages.sign_in import landing, link_used_elsewhere, new_client, no_mail, rate_limited, sent, sign_in, tips

__all__ = [
    "PageContext",
    "app_confirm",
    "app_refused",
    "app_return",
    "bad_request",
    "confirm",
    "confirm_switch",
    "content_security_style",
    "dead_link",
    "devices",
    "expected_letter",
    "find_practice",
    "home",
    "identity_unmatched",
    "internal_error",
    "landing",
    "link_used_elsewhere",
    "method_not_allowed",
    "new_client",
    "newer_link",
    "no_mail",
    "not_found",
    "pin",
    "pin_locked",
    "practice_unknown",
    "profiles",
    "provider_cancelled",
    "provider_failed",
    "rate_limited",
    "sent",
    "sign_in",
    "signed_out",
    "stale_form",
    "tips",
    "too_large",
    "unavailable",
]
