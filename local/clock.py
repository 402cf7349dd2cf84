"""The portal's clock: the machine's clock, which a person can move forward."""

import time
from datetime import UTC, datetime


class Clock:
    """The time that everything in place of AWS uses. It only moves forward."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, float]] = []

    def advance(self, seconds: float) -> None:
        """Move the clock forward."""
        self._steps.append((time.time(), seconds))

    def at(self, machine_seconds: float) -> int:
        """Return the clock's time in Unix milliseconds at the machine's time `machine_seconds`.

        A later move of the clock does not change earlier times.
        """
        shift = sum(seconds for moved_at, seconds in self._steps if moved_at <= machine_seconds)
        return int((machine_seconds + shift) * 1000)

    def now_ms(self) -> int:
        """Return the clock's present time in Unix milliseconds."""
        return self.at(time.time())

    def now(self) -> datetime:
        """Return the clock's present time, in UTC."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)


def rfc3339(moment: datetime) -> str:
    """Return a time as the API's contract writes it, such as `2026-03-03T12:00:00Z`."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
