"""Tests that the alarms of the template go off soon after an outage, also on a night with few visits."""

from functools import partial

import pytest

from tools.quiet_night import alarms, outages
from tools.quiet_night.__main__ import BEFORE, GOAL, SIGN_INS_PER_HOUR, WITH_PROBE
from tools.quiet_night.outages import Outage

RUNS = 40


@pytest.mark.parametrize("outage", outages.OUTAGES)
@pytest.mark.parametrize("sign_ins", SIGN_INS_PER_HOUR)
def test_an_outage_sets_off_an_alarm_within_15_minutes(outage: Outage, sign_ins: float) -> None:
    """B201"""
    make = partial(outages.simulate, outage, sign_ins, has_probe=True)
    minutes = outages.alarm_minutes(RUNS, make, alarms.declared(WITH_PROBE), seed=1)

    assert sum(each <= outages.MAX_MINUTES for each in minutes) >= GOAL * RUNS


def test_without_the_probe_a_quiet_portal_is_silent() -> None:
    make = partial(outages.simulate, "all answers 503", 0.6, has_probe=False)
    minutes = outages.alarm_minutes(RUNS, make, alarms.declared(BEFORE), seed=1)

    assert sum(each <= outages.MAX_MINUTES for each in minutes) < RUNS / 2


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("FILL(a, 0) + FILL(b, 0)", 5),
        ("IF(FILL(a, 0) > FILL(b, 0) AND FILL(b, 0) == 0, 1, 0)", 0),
        ("IF(FILL(a, 0) >= 2, 100 * FILL(b, 0) / a, 0)", 150),
    ],
)
def test_metric_math_is_read_as_the_template_writes_it(expression: str, value: float) -> None:
    assert alarms.evaluate(expression, {"a": 2, "b": 3}) == value


def test_an_alarm_with_something_else_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="Attribute"):
        alarms.evaluate("a.b", {"a": 1})
