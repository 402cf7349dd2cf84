"""PINs as people type them, right and wrong."""

from typing import Any

from tests.kit.browser import HttpUser


def other_than(pin: str) -> str:
    """Return a wrong PIN."""
    return f"{(int(pin) + 1) % 10**6:06d}"


def typed(browser: HttpUser, email: str, pin: str, practice: str = "willow") -> Any:
    """Submit an address and a PIN."""
    return browser.post(f"/{practice}/pin", {"email": email, "pin": pin})
