"""The service's clock: the machine's own, moved forward to see tomorrow today."""

import time
from datetime import UTC, datetime


class Clock:
    """Tells the time to everything that stands for AWS. It only ever goes forward."""

    def __init__(self) -> None:
        self._steps: list[tuple[float, float]] = []

    def advance(self, seconds: float) -> None:
        """Move the service's time forward."""
        self._steps.append((time.time(), seconds))

    def at(self, machine_seconds: float) -> int:
        """What the service's clock showed, in Unix milliseconds, when the machine's showed `machine_seconds`."""
        shift = sum(seconds for taken_at, seconds in self._steps if taken_at <= machine_seconds)
        return int((machine_seconds + shift) * 1000)

    def now_ms(self) -> int:
        """The service's time in Unix milliseconds."""
        return self.at(time.time())

    def now(self) -> datetime:
        """The service's time."""
        return datetime.fromtimestamp(self.now_ms() / 1000, UTC)


def rfc3339(moment: datetime) -> str:
    """As the contract writes times."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
