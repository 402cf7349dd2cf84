"""The counts of a night with an outage: visits by chance, the probe by the clock, and what each leaves in metrics."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from tools.quiet_night.alarms import Alarm, Counts

type Outage = Literal["all answers 503", "SES closed"]

OUTAGES: tuple[Outage, ...] = ("all answers 503", "SES closed")
MINUTES = 240
BEGINS = 60
"""Minute of the outage, in a night that is quiet before."""
MAX_MINUTES = 15
METRICS = ("Count", "5xx", "Asked", "Sent", "MailDropped", "MailWaiting", "MailRefused", "ProbePassed", "ProbeFailed")
PROBE_MINUTES = 5
SLOWEST_DATA_MINUTES = 3
"""Metrics reach CloudWatch within 1 to 3 minutes after their period. The runs take each delay equally often."""
RETRIES = (1, 2, 4, 8, 16, 32, 32, 32, 32, 32)
"""Minutes until the worker tries a delayed mail again."""


@dataclass(slots=True)
class SimulatedCounts:
    """The counts of one night."""

    outage: Outage
    chance: random.Random
    counts: dict[str, list[float]] = field(default_factory=lambda: {name: [0.0] * MINUTES for name in METRICS})

    def add(self, metric: str, minute: float, count: float = 1) -> None:
        """Count something, unless the night is over."""
        if minute < MINUTES:
            self.counts[metric][int(minute)] += count

    def sign_in(self, at: float) -> None:
        """Count what a person does who wants to sign in: 3 requests for a link, 3 to open it."""
        if self._is_down(at):
            # An error page. Half of the people try once more.
            for minute in (at, at + 1)[: 1 + self.chance.getrandbits(1)]:
                self.add("Count", minute)
                self.add("5xx", minute)
            return
        self.add("Count", at, 3)
        self.add("Asked", at)
        if self._is_closed(at):
            self._delay(at)
        else:
            self.add("Sent", at)
            self.add("Count", at + 2, 3)

    def probe(self, at: float) -> None:
        """Count what a run of the probe does: 7 requests, a letter, and a notice of the PIN."""
        if self._is_down(at):
            self.add("Count", at, 2)
            self.add("5xx", at, 2)
            self.add("ProbeFailed", at)
        elif self._is_closed(at):
            for tried_at in (at, at + 1.2):
                self.add("Count", tried_at, 2)
                self.add("Asked", tried_at)
                self._delay(tried_at)
            self.add("ProbeFailed", at + 2.3)
        else:
            self.add("Count", at, 7)
            self.add("Asked", at, 2)
            self.add("Sent", at, 2)
            self.add("ProbePassed", at + 0.2)

    def _delay(self, at: float) -> None:
        for wait in (0, *RETRIES):
            at += wait
            self.add("MailWaiting", at)

    def _is_down(self, at: float) -> bool:
        return self.outage == "all answers 503" and at >= BEGINS

    def _is_closed(self, at: float) -> bool:
        return self.outage == "SES closed" and at >= BEGINS


def simulate(outage: Outage, sign_ins_per_hour: float, chance: random.Random, *, has_probe: bool) -> Counts:
    """Return the counts of one night."""
    made = SimulatedCounts(outage, chance)
    at = chance.expovariate(sign_ins_per_hour / 60)
    while at < MINUTES:
        made.sign_in(at)
        at += chance.expovariate(sign_ins_per_hour / 60)
    if has_probe:
        at = chance.uniform(0, PROBE_MINUTES)
        while at < MINUTES:
            made.probe(at + chance.uniform(0, 0.5))
            at += PROBE_MINUTES
    return made.counts


def minutes_until_alarm(alarms: list[Alarm], counts: Counts, chance: random.Random) -> float:
    """Return the minutes from the beginning of the outage to the first alarm. Infinity if none goes off at night.

    :raises ValueError: an alarm was on before the outage.
    """
    delay = chance.randint(1, SLOWEST_DATA_MINUTES)
    for minute in range(BEGINS - 30, MINUTES):
        if any(alarm.is_on(counts, minute - delay) for alarm in alarms):
            if minute < BEGINS:
                raise ValueError("an alarm was on before the outage")
            return minute - BEGINS
    return float("inf")


def alarm_minutes(
    runs: int, make_counts: Callable[[random.Random], Counts], alarms: list[Alarm], seed: int
) -> list[float]:
    """Return the minutes from the outage to the first alarm, one for each run, sorted."""
    chance = random.Random(seed)  # noqa: S311 - a simulation
    return sorted(minutes_until_alarm(alarms, make_counts(chance), chance) for _ in range(runs))
