"""Targets that webhooks refuse, addresses that a practice can give, and the times of further tries (B195, B196)."""

import pytest

from latchkey.rules.webhooks import RETRY_SECONDS, Webhook, is_allowed_target, is_valid_url, retry_delay

DAY = 24 * 3600


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.9.9.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "169.254.170.2", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1",
        "198.18.0.1", "224.0.0.1", "0.0.0.1", "240.0.0.1", "255.255.255.255", "::", "::1", "fe80::1",
        "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254",
        "::ffff:a9fe:a9fe", "64:ff9b::169.254.169.254", "64:ff9b::a00:1", "2002:a9fe:a9fe::1",
        "2002:7f00:1::", "::127.0.0.1", "2001:0:4136:e378:8000:63bf:80ff:fffe",
    ],
)  # fmt: skip
def test_no_webhook_goes_to_a_machine_that_is_not_on_the_internet(address: str) -> None:
    assert not is_allowed_target(address, allows_loopback=False)


@pytest.mark.parametrize("address", ["1.1.1.1", "8.8.8.8", "172.32.0.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_a_webhook_goes_to_the_internet(address: str) -> None:
    assert is_allowed_target(address, allows_loopback=False)
    assert is_allowed_target(address, allows_loopback=True)


def test_a_local_run_adds_loopback_and_nothing_else() -> None:
    assert is_allowed_target("127.0.0.1", allows_loopback=True)
    assert is_allowed_target("::ffff:127.0.0.1", allows_loopback=True)
    for address in ("169.254.169.254", "10.0.0.1", "fd00:ec2::254", "::ffff:10.0.0.1", "::"):
        assert not is_allowed_target(address, allows_loopback=True)


@pytest.mark.parametrize(
    "url",
    [
        "http://system.example/hook", "https://localhost/", "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.1/",
        "https://169.254.169.254/latest", "https://user@system.example/", "https://u:p@system.example/",
        "https://system.example/#part", "https://system.example:0/", "https://system.example:99999/", "ftp://a.example/",
        "https:///hook", "https://intranet/", "https://système.example/", "https://system.example/a b",
        "https://system.example\\@127.0.0.1/", "https://system.example/\r\nx: y", "",
        "https://system.example/" + "x" * 500,
    ],
)  # fmt: skip
def test_an_address_that_is_none_of_a_receiver_is_refused(url: str) -> None:
    assert not is_valid_url(url, allows_loopback=False)


@pytest.mark.parametrize(
    "url", ["https://system.example", "https://system.example:8443/a/b?c=d&e=%20", "https://1.1.1.1/hook"]
)
def test_an_address_on_the_internet_is_accepted(url: str) -> None:
    assert is_valid_url(url, allows_loopback=False)


def test_a_local_run_accepts_this_machine_by_http() -> None:
    assert is_valid_url("http://localhost:9000/hook", allows_loopback=True)
    assert not is_valid_url("http://system.example/hook", allows_loopback=True)


def test_tries_end_within_a_day_and_wait_ever_longer() -> None:
    assert 20 * 3600 < sum(RETRY_SECONDS) < DAY
    assert list(RETRY_SECONDS) == sorted(RETRY_SECONDS)
    assert [retry_delay(1, jitter) for jitter in (1, 100)] == [4, 5]
    assert [retry_delay(6, jitter) for jitter in (1, 50, 100)] == [2887, 3240, 3600]
    assert retry_delay(len(RETRY_SECONDS), 100) == RETRY_SECONDS[-1]
    assert retry_delay(len(RETRY_SECONDS) + 1, 100) is None


def test_the_secret_before_a_rotation_signs_until_its_second() -> None:
    webhook = Webhook("willow", "W", "https://a.example", frozenset(), "new", 0, "old", 100)
    assert webhook.secrets(99) == ("new", "old")
    assert webhook.secrets(100) == ("new",)
