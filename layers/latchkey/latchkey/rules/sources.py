"""Where a request comes from, as rate limits count it."""

import ipaddress
from dataclasses import dataclass

UNKNOWN = "unknown"
"""All requests without a readable source address count together, so that none of them goes uncounted."""


@dataclass(frozen=True, slots=True)
class Source:
    """The network prefixes that a request counts for."""

    subscriber: str
    """An IPv4 address, also when written as IPv6, or an IPv6 /64: a subscriber has at least that (RFC 6177)."""
    network: str | None = None
    """The /48 around an IPv6 subscriber: a site has up to that (RFC 6177). None for IPv4."""


def parse(source_ip: str) -> Source:
    """Return the source of an IP address, or of all unreadable ones."""
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return Source(UNKNOWN)
    if isinstance(address, ipaddress.IPv4Address):
        return Source(str(address))
    if address.ipv4_mapped:
        return Source(str(address.ipv4_mapped))
    narrow, wide = (str(ipaddress.IPv6Network((int(address), bits), strict=False)) for bits in (64, 48))
    return Source(narrow, wide)
