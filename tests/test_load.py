"""Tests of the load tool: a run ends, and its report is right."""

import pytest

from tests.kit.live_portal import shared_portal
from tools.load import mix


def test_a_small_mix_goes_as_it_must(pytestconfig: pytest.Config) -> None:
    """All people on file get mail, every link opens once, right PINs are accepted and wrong ones refused."""
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
