"""Tests of the load tool: a run ends, and its report is right."""

import pytest

from tests.kit.live_portal import shared_portal
from tools.load import flood, mix


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


def test_a_flood_is_let_through_to_the_limit_and_spares_the_neighbours(pytestconfig: pytest.Config) -> None:
    """By one source and by one subscriber. The load run also floods a practice, which takes it 300 mails."""
    live_portal = shared_portal(pytestconfig)
    live_portal.new_day()
    floods = flood.by_source(live_portal.portal, 14)
    live_portal.new_day()

    assert [sentence for one in floods for sentence in one.wrong()] == []
    assert [(one.admitted, len(one.seconds)) for one in floods] == [(10, 4), (10, 4)]
