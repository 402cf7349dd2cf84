"""Webhooks: their addresses, the targets that are refused, and the times of further tries."""

import ipaddress
import re
from dataclasses import dataclass, field
from typing import Literal, get_args
from urllib.parse import urlsplit

from latchkey.rules.published import PublishedKind

type DeliveryStatus = Literal["pending", "retrying", "delivered", "failed"]
DELIVERY_STATUSES: tuple[DeliveryStatus, ...] = get_args(DeliveryStatus.__value__)

MAX_WEBHOOKS = 5
"""Webhooks of one practice."""
MAX_URL = 500
URL = re.compile(r"https?://[A-Za-z0-9.\[\]:-]+(/[A-Za-z0-9._~:/?@!$&'()*+,;=%-]*)?")
GONE = 410
"""The status by which a receiver asks for no further events (Standard Webhooks)."""
RETRY_SECONDS = (5, 30, 120, 600, 1800, 3600, 7200, 14_400, 28_800, 28_800)
"""The longest delay before each further try. Together they are 23.7 hours."""
OVERLAP_SECONDS = 24 * 3600
"""Seconds after a rotation for which the earlier secret stays valid."""
KEEP_SECONDS = 30 * 24 * 3600
"""Seconds for which a delivery stays in the log."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An address of a practice to which events are sent."""

    practice: str
    id: str
    """ULID."""
    url: str = field(repr=False)
    kinds: frozenset[PublishedKind]
    secret: str = field(repr=False)
    """As the receiver has it, with `whsec_` before the base64 text."""
    created_at: int
    """Unix seconds."""
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: int | None = None
    """Unix seconds at which the secret before a rotation ends."""
    disabled_at: int | None = None
    """Unix seconds at which the receiver answered `GONE`. Nothing is sent after it."""

    def secrets(self, now: int) -> tuple[str, ...]:
        """Return the secrets that sign at `now` (Unix seconds), the newest first."""
        is_live = self.previous_secret is not None and self.previous_until is not None and now < self.previous_until
        return (self.secret, self.previous_secret) if is_live and self.previous_secret else (self.secret,)


@dataclass(frozen=True, slots=True)
class Delivery:
    """An event for one webhook, and what became of it."""

    practice: str
    webhook: str
    event: str
    """ULID of the event. It is the `webhook-id` of every try."""
    kind: PublishedKind
    body: str
    """The JSON text, the same in every try."""
    created_at: int
    """Unix seconds."""
    status: DeliveryStatus = "pending"
    tries: int = 0
    next_at: int | None = None
    """Unix seconds of the next try. None after the last one."""
    last_at: int | None = None
    """Unix seconds of the last try."""
    last_result: str | None = None
    """The status of the last response, or the reason why there was none."""

    @property
    def is_done(self) -> bool:
        """True if no further try follows."""
        return self.status in ("delivered", "failed")


def retry_delay(tries: int, jitter_percent: int) -> int | None:
    """Return the seconds until the next try, or None if there is none.

    `tries` have been made. The delay is four fifths of the longest one, and a random part of the last fifth.
    """
    if tries > len(RETRY_SECONDS):
        return None
    return max(1, RETRY_SECONDS[tries - 1] * (400 + jitter_percent) // 500)


def is_valid_url(url: str, *, allows_loopback: bool) -> bool:
    """Return True for an `https` address with a host, without a user, a fragment or a forbidden IP address.

    With `allows_loopback`, `http` is allowed for `localhost` and 127.0.0.1, for a run on one machine.
    """
    if len(url) > MAX_URL or not URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    host = parts.hostname or ""
    if port == 0 or not host or parts.username is not None:
        return False
    if parts.scheme == "http":
        return allows_loopback and host in ("localhost", "127.0.0.1")
    try:
        return is_allowed_target(host, allows_loopback=allows_loopback)
    except ValueError:
        # a name, whose addresses are checked at every delivery
        return "." in host.strip(".") or (allows_loopback and host == "localhost")


def is_allowed_target(address: str, *, allows_loopback: bool) -> bool:
    """Return True if a webhook may be sent to an IP address.

    Loopback, private, shared, link-local, multicast and reserved addresses are refused, and with them the metadata
    service of every cloud. An IPv4 address inside an IPv6 address is checked as well.

    :raises ValueError: the text is no IP address.
    """
    ip = ipaddress.ip_address(address)
    inner = _embedded(ip)
    if inner is not None:
        return is_allowed_target(str(inner), allows_loopback=allows_loopback)
    if ip.is_loopback:
        return allows_loopback
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _embedded(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """Return the IPv4 address that a mapped, compatible, 6to4, Teredo or NAT64 address leads to."""
    if not isinstance(ip, ipaddress.IPv6Address):
        return None
    if ip.ipv4_mapped or ip.sixtofour:
        return ip.ipv4_mapped or ip.sixtofour
    if ip.teredo:
        return ip.teredo[1]
    if ip in NAT64 or (ip in COMPATIBLE and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return None


NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
COMPATIBLE = ipaddress.IPv6Network("::/96")
