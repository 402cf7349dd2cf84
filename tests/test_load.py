"""The run of load comes to an end, and what it tells is so."""

import pytest

from tests.kit import live_portal as towns
from tools.load import mix


def test_a_small_mix_goes_as_it_must(pytestconfig: pytest.Config) -> None:
    """Everyone who is on file gets mail, every link opens once, right PINs open and wrong ones do not."""
    town = towns.shared(pytestconfig)
    town.new_day()
    report = mix.run(town.portal, requests=60, clients=4)

    assert report.wrong == []
    assert {action: len(seconds) for action, seconds in report.seconds_by_action.items()} == {
        "ask": 48,
        "open": 9,
        "pin": 3,
    }
    assert {name for name, _ in report.late} >= {"RequestLink", "SendMail", "RedeemLink", "Pin"}
