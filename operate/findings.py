"""Findings of `doctor` and `preflight`: one line for each check, with the way to fix what is wrong."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, NoCredentialsError, NoRegionError
from botocore.parsers import ResponseParserError

from operate.errors import CommandError

type State = Literal["ok", "fault", "unknown"]

DENIED = ("AccessDenied", "Unauthorized", "NotAuthorized")
"""Parts of the codes with which AWS refuses a call that the caller has no permission for."""
ENDED = ("Expired", "InvalidClientTokenId", "UnrecognizedClient", "InvalidAccessKeyId", "SignatureDoesNotMatch")
"""Parts of the codes with which AWS refuses credentials."""
SIGN_IN = "Sign in again, or set AWS_PROFILE and AWS_DEFAULT_REGION."
RETRY = "Run it again. If that does not help, see AWS's health dashboard, and your own network."
MARKS: dict[State, str] = {"ok": "ok     ", "fault": "FAULT  ", "unknown": "unknown"}


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check."""

    check: str
    """The check's name, which is also the heading of its paragraph in docs/doctor.md."""
    state: State
    facts: str
    """The finding, one sentence."""
    fix: str = ""
    """The way to fix it. Empty if nothing is wrong."""

    def line(self) -> str:
        """Return the line that is printed."""
        fix = f" {self.fix}" if self.fix else ""
        where = "" if self.state == "ok" else f" (docs/doctor.md#{self.check})"
        return f"{MARKS[self.state]} {self.check}: {self.facts}.{fix}{where}"


type Check = Callable[[], Finding]


def ok(check: str, facts: str) -> Finding:
    """Return the finding of a check that found nothing wrong."""
    return Finding(check, "ok", facts)


def fault(check: str, facts: str, fix: str) -> Finding:
    """Return the finding of a check that found something wrong."""
    return Finding(check, "fault", facts, fix)


def unknown(check: str, facts: str, fix: str) -> Finding:
    """Return the finding of a check that could not be done."""
    return Finding(check, "unknown", facts, fix)


def report(checks: Iterable[tuple[str, Check]]) -> None:
    """Run checks and print a line for each. A check without an answer from AWS is unknown, and the others still run.

    :raises CommandError: a check found something wrong, or could not be done.
    """
    found = []
    for name, check in checks:
        try:
            finding = check()
        except CommandError as error:
            finding = unknown(name, str(error).rstrip("."), "Deploy this version first.")
        except (BotoCoreError, ClientError) as error:
            finding = unknown(name, " ".join(str(error).split()).rstrip(".: "), _what_to_do(error))
        except (ResponseParserError, LookupError, TypeError, ValueError) as error:
            # A proxy's page, or a response of a form that this version does not know.
            finding = unknown(name, f"the answer cannot be read ({type(error).__name__}: {error})", RETRY)
        found.append(finding)
        print(finding.line(), flush=True)
    wrong = [finding.check for finding in found if finding.state != "ok"]
    if wrong:
        raise CommandError(f"{len(wrong)} of {len(found)} checks need you: {', '.join(wrong)}")
    print(f"All {len(found)} checks are in order.")


def _what_to_do(error: BotoCoreError | ClientError) -> str:
    """Return what to do about a question that AWS did not answer."""
    if isinstance(error, NoCredentialsError | NoRegionError):
        return SIGN_IN
    if isinstance(error, HTTPClientError):
        return RETRY
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if any(part in code for part in DENIED):
        return "Give your profile this permission, for example by the policy ReadOnlyAccess."
    return SIGN_IN if any(part in code for part in ENDED) else RETRY
