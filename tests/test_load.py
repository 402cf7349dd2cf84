"""The run of load comes to an end, and what it tells is so."""

import pytest

from tests.kit.live_portal import shared_portal
from tools.load import mix


def test_a_small_mix_goes_as_it_must(pytestconfig: pytest.Config) -> None:
    """Everyone who is on file gets mail, every link opens once, right PINs open and wrong ones do not."""
    live_portal = shared_portal(pytestconfig)
    live_portal.new_day()
    report = mix.run(live_portal.portal, requests=60, clients=4)

    assert report.wrong == []
    assert {action: len(seconds) for action, seconds in report.seconds_by_action.items()} == {
        "ask": 48,
        "open": 9,
        "pin": 3,
    }
    assert {name for name, _ in report.late} >= {"RequestLink", "SendMail", "RedeemLink", "Pin"}
