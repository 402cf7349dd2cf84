"""Where a request comes from, as budgets count it."""

import ipaddress

UNKNOWN = "unknown"
"""All requests without a readable source share this one: the strictest bucket, never none."""


def networks(source: str) -> tuple[str, str | None]:
    """The prefix that stands for one subscriber, and the wider one around it if there is one.

    An IPv4 address stands for itself, also when written as IPv6. An IPv6 subscriber has a /64 at least,
    and a site up to a /48 (RFC 6177).
    """
    try:
        address = ipaddress.ip_address(source)
    except ValueError:
        return UNKNOWN, None
    if isinstance(address, ipaddress.IPv4Address):
        return str(address), None
    if address.ipv4_mapped:
        return str(address.ipv4_mapped), None
    packed = int(address)
    narrow, wide = (str(ipaddress.IPv6Network((packed, bits), strict=False)) for bits in (64, 48))
    return narrow, wide
