"""Measured figures beside their goals, and a table of them."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure beside its goal."""

    number: int
    """Number of the goal."""
    what: str
    measured: float
    goal: float
    unit: str = ""
    """"" for a ratio."""
    spread: float | None = None
    """Half of the distance between the quartiles, or of all if they are few, as a ratio of the median."""

    @property
    def reached(self) -> bool:
        """Return True if the figure is not above the goal."""
        return self.measured <= self.goal

    def document(self) -> dict[str, Any]:
        """Return the figure as in results.json."""
        return asdict(self) | {"measured": round(self.measured, 3), "reached": self.reached}

    def row(self) -> tuple[str, ...]:
        """Return the figure as a row of the table."""
        spread = "" if self.spread is None else f"±{self.spread:.0%}"
        unit = f" {self.unit}" if self.unit else ""
        verdict = "reached" if self.reached else "MISSED"
        return str(self.number), self.what, f"{self.measured:.2f}{unit}", spread, f"≤ {self.goal:g}{unit}", verdict


def table(figures: list[Figure]) -> str:
    """Return a table of all figures, one on each line."""
    rows = [("#", "what", "measured", "spread", "goal", "verdict"), *(figure.row() for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in rows)
    return "\n".join(line.rstrip() for line in lines)
