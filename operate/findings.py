"""Findings of `doctor` and `preflight`: one line for each check, with the way to mend what is wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError

from operate.errors import CommandError

type State = Literal["ok", "fault", "unknown"]

MARKS: dict[State, str] = {"ok": "ok     ", "fault": "FAULT  ", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """The check's name, which is also the heading of its paragraph in docs/doctor.md."""
    state: State
    facts: str
    """The finding, one sentence."""
    mend: str = ""
    """The way to mend it. Empty if nothing is wrong."""

    def line(self) -> str:
        """Return the line that is printed."""
        mend = f" {self.mend}" if self.mend else ""
        where = "" if self.state == "ok" else f" (docs/doctor.md#{self.check})"
        return f"{MARKS[self.state]} {self.check}: {self.facts}.{mend}{where}"


type Check = Callable[[], Finding]


def ok(check: str, facts: str) -> Finding:
    """Return the finding of a check that found nothing wrong."""
    return Finding(check, "ok", facts)


def fault(check: str, facts: str, mend: str) -> Finding:
    """Return the finding of a check that found something wrong."""
    return Finding(check, "fault", facts, mend)


def unknown(check: str, facts: str, mend: str) -> Finding:
    """Return the finding of a check that could not be done."""
    return Finding(check, "unknown", facts, mend)


def report(checks: Iterable[tuple[str, Check]]) -> None:
    """Run checks and print a line for each. A check that AWS refuses is unknown, and the others still run.

    :raises CommandError: a check found something wrong, or could not be done.
    """
    found = []
    for name, check in checks:
        try:
            finding = check()
        except CommandError as error:
            finding = unknown(name, str(error).rstrip("."), "Deploy this version first.")
        except (BotoCoreError, ClientError) as error:
            finding = unknown(name, str(error).rstrip("."), "Give your profile this permission.")
        found.append(finding)
        print(finding.line(), flush=True)
    wrong = [finding.check for finding in found if finding.state != "ok"]
    if wrong:
        raise CommandError(f"{len(wrong)} of {len(found)} checks need you: {', '.join(wrong)}")
    print(f"All {len(found)} checks are in order.")
