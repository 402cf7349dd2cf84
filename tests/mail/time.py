"""Time that passes only by what is done in it."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field


class TimedOut(BaseException):
    """Lambda ends the function in the middle of what it does; nothing in the function can catch that."""


@dataclass(slots=True)
class SimulatedClock:
    """Where a simulation is, in Unix seconds."""

    now: float
    deadline: float = math.inf
    """Of the function that runs now."""
    on_change: Callable[[], None] = field(default=lambda: None)
    """Called at each step."""

    def pass_by(self, seconds: float) -> None:
        """Go on.

        :raises TimedOut: the function that runs has used up its time.
        """
        self.now += seconds
        if self.now >= self.deadline:
            self.now = self.deadline
            raise TimedOut
        self.on_change()
