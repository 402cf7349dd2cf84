"""Sources of requests, as rate limits count them."""

import ipaddress
from dataclasses import dataclass

UNKNOWN = "unknown"
"""The source of requests without a readable IP address. They are counted together."""


@dataclass(frozen=True, slots=True)
class Source:
    """The network prefixes that a request counts for."""

    subscriber: str
    """An IPv4 address (also if written as IPv6), or an IPv6 /64, which every subscriber has at least (RFC 6177)."""
    network: str | None = None
    """The /48 around an IPv6 subscriber, which is the most that a site has (RFC 6177). None for IPv4."""


def parse(source_ip: str) -> Source:
    """Return the source of an IP address, or `UNKNOWN` if the address is not readable."""
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
