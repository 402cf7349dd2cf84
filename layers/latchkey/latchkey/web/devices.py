"""The kind of device that sent a request, where its headers are certain (B144)."""

from latchkey.http.requests import Request
from latchkey.pages.links import Device

COMPUTER_PLATFORMS = {"Windows", "macOS", "Chrome OS", "Chromium OS"}
"""Values of `Sec-CH-UA-Platform`. "Linux" is none of them: Android sends it for desktop sites."""


def device_of(request: Request) -> Device:
    """Return the kind of device. "device" if a phone or tablet could send the same headers as a computer."""
    agent = request.headers.get("user-agent", "")
    platform = request.headers.get("sec-ch-ua-platform", "").strip('"')
    if "iPhone" in agent or "iPod" in agent:
        return "phone"
    if "iPad" in agent:
        return "tablet"
    if "Android" in agent:
        is_phone = "Mobile" in agent or request.headers.get("sec-ch-ua-mobile") == "?1"
        return "phone" if is_phone else "tablet"
    # Safari on an iPad calls itself a Macintosh. Firefox and browsers with client hints do so only on a Mac.
    is_certain = platform in COMPUTER_PLATFORMS or "Firefox/" in agent
    if platform in COMPUTER_PLATFORMS or "Windows NT" in agent or ("Macintosh" in agent and is_certain):
        return "computer"
    return "computer" if "CrOS" in agent else "device"
