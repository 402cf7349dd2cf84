"""Tests of the portal's clock, which can be moved forward."""

import time

from local.clock import Clock


def test_the_clock_is_the_machines_until_it_is_moved() -> None:
    clock = Clock()

    assert abs(clock.now_ms() - time.time() * 1000) < 1000
    clock.advance(3600)
    clock.advance(60)
    assert abs(clock.now_ms() - (time.time() + 3660) * 1000) < 1000


def test_a_move_does_not_change_earlier_times() -> None:
    clock = Clock()
    earlier = time.time() - 1
    clock.advance(3600)

    assert clock.at(earlier) == int(earlier * 1000)
