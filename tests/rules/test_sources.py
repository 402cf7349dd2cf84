"""Tests of the source of a request, and of the network around it."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latchkey.rules import sources


def networks(source_ip: str) -> tuple[str, str | None]:
    """Return the networks that the requests of a source count for."""
    source = sources.parse(source_ip)
    return source.subscriber, source.network


@pytest.mark.parametrize("source", ["203.0.113.7", "::ffff:203.0.113.7", "::ffff:cb00:7107", "::FFFF:203.0.113.7"])
def test_an_ipv4_address_stands_for_itself_however_it_is_written(source: str) -> None:
    assert networks(source) == ("203.0.113.7", None)


def test_an_ipv6_subscriber_is_a_64_within_a_48() -> None:
    assert networks("2001:db8:1:2:3:4:5:6") == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert networks("2001:db8:1:2:ffff:ffff:ffff:ffff") == ("2001:db8:1:2::/64", "2001:db8:1::/48")
    assert networks("2001:db8:1:3::1") == ("2001:db8:1:3::/64", "2001:db8:1::/48")
    assert networks("2001:db8:2::1")[1] == "2001:db8:2::/48"


def test_an_address_has_one_name_however_it_is_spelt() -> None:
    assert networks("2001:DB8:0001:0002::1") == networks("2001:db8:1:2:0:0:0:1")


@pytest.mark.parametrize(
    "source",
    ["", "unknown", "203.0.113", "203.0.113.256", "203.0.113.7, 198.51.100.1", "203.0.113.007", "2001:::1", "é"],
)
def test_an_unreadable_source_shares_the_one_strictest_scope(source: str) -> None:
    assert networks(source) == (sources.UNKNOWN, None)


@given(st.ip_addresses(v=6))
def test_addresses_of_one_ipv6_64_share_a_scope(address: ipaddress.IPv6Address) -> None:
    neighbour = ipaddress.IPv6Address(int(address) ^ 1)

    assert networks(str(address)) == networks(str(neighbour)) or address.ipv4_mapped
    assert all(networks(str(address))) or address.ipv4_mapped


@given(st.text())
def test_every_source_text_has_a_scope(source: str) -> None:
    assert networks(source)[0]
