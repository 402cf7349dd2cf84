"""Web addresses that a practice gives, and that pages link to."""

import re
from urllib.parse import unquote, urlsplit

from latchkey.rules.practices import RESERVED_SLUGS

MAX_LENGTH = 2000
MAX_PATH_LENGTH = 500
"""Characters of a path below a portal."""

WEB_ADDRESS = r"^(https://[A-Za-z0-9]|http://localhost)[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=%-]*$"
PATH = re.compile(r"/[A-Za-z0-9._~:/?#@!$&'()*+,;=%-]*")
"""A path with query and fragment (RFC 3986, section 3)."""


def is_web_address(text: str) -> bool:
    """Return True for an `https` address with a host and without a user. `http` is only for localhost."""
    if len(text) > MAX_LENGTH or not re.fullmatch(WEB_ADDRESS.removeprefix("^").removesuffix("$"), text):
        return False
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    plain = parts.scheme == "http" and parts.hostname == "localhost"
    return bool(parts.hostname) and parts.username is None and (parts.scheme == "https" or plain)


def is_path_below(path: str, slug: str) -> bool:
    """Return True if a path stays below the portal of the practice in every browser.

    A browser takes `//` for another host, and resolves dots also if they are encoded.
    """
    prefix = f"/{slug}/"
    if len(path) > MAX_PATH_LENGTH or not PATH.fullmatch(path) or not path.startswith(prefix):
        return False
    segments = re.split(r"[?#]", path, maxsplit=1)[0].removeprefix(prefix).split("/")
    return "" not in segments[:-1] and not any(_resolves_elsewhere(unquote(segment)) for segment in segments)


def is_return_path(path: str, slug: str) -> bool:
    """Return True for a path of this host that belongs to the practice: below its portal, or at a service beside it.

    A service beside the portal has the practice as the second segment of its paths, such as `/booking/willow`.
    """
    service = re.match(r"/([a-z0-9-]+)(/.*)", path, re.DOTALL)
    if service and service[1] != slug and service[1] not in RESERVED_SLUGS:
        path = f"{service[2]}/" if service[2] == f"/{slug}" else service[2]
    return is_path_below(path, slug)


def _resolves_elsewhere(segment: str) -> bool:
    return segment in (".", "..") or "/" in segment or "\\" in segment or not segment.isprintable()
