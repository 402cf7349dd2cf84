"""A clock that stands still until a test moves it."""

from dataclasses import dataclass

MINUTE, HOUR, DAY = 60, 3600, 86_400
NOON = 1_772_539_200
"""3 March 2026, 12:00 UTC, as Unix seconds."""


@dataclass(slots=True)
class Clock:
    """The time of the service under test."""

    now: int = NOON
    """Unix seconds."""

    def advance(self, seconds: int) -> None:
        """Let time pass."""
        self.now += seconds

    def monotonic(self) -> float:
        """Return the time as `time.monotonic` would."""
        return float(self.now)
