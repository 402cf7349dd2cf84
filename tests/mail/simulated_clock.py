"""A clock that only the simulation moves."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field


class TimedOut(BaseException):
    """Raised when Lambda ends a function at its timeout. The function cannot catch it."""


@dataclass(slots=True)
class SimulatedClock:
    """The time of a simulation, in Unix seconds."""

    now: float
    deadline: float = math.inf
    """The Unix second at which Lambda ends the function that runs now."""
    on_change: Callable[[], None] = field(default=lambda: None)
    """Called at each step."""

    def pass_by(self, seconds: float) -> None:
        """Let time pass.

        :raises TimedOut: the deadline of the function has passed.
        """
        self.now += seconds
        if self.now >= self.deadline:
            self.now = self.deadline
            raise TimedOut
        self.on_change()
