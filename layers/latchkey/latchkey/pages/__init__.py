"""What people see: values in, HTML out. Nothing here reads, writes, decides or keeps time."""

from latchkey.pages.entry import landing, link_used_elsewhere, new_client, no_mail, sent, sign_in, tips, wait
from latchkey.pages.errors import failed, missing, not_allowed, stale_form, too_large, unavailable, unreadable
from latchkey.pages.frames import CONTENT_SECURITY_STYLE, Frame
from latchkey.pages.google import google_cancelled, google_failed, google_unmatched
from latchkey.pages.links import confirm, dead_link, switch
from latchkey.pages.pins import pin, pin_locked
from latchkey.pages.sessions import home, profiles, signed_out

__all__ = [
    "CONTENT_SECURITY_STYLE",
    "Frame",
    "confirm",
    "dead_link",
    "failed",
    "google_cancelled",
    "google_failed",
    "google_unmatched",
    "home",
    "landing",
    "link_used_elsewhere",
    "missing",
    "new_client",
    "no_mail",
    "not_allowed",
    "pin",
    "pin_locked",
    "profiles",
    "sent",
    "sign_in",
    "signed_out",
    "stale_form",
    "switch",
    "tips",
    "too_large",
    "unavailable",
    "unreadable",
    "wait",
]
