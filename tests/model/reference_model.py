"""The rules of `docs/security.md` on sign-in, as plain Python without the product's code.

When access ends, the model marks every link, PIN and session as dead. The service compares epochs instead. Times are
Unix seconds. What ends at a second is over at that second.
"""

from collections.abc import Iterator

from tests.model.client_rules import ClientRules
from tests.model.clinician_rules import ClinicianRules
from tests.model.state import ABSOLUTE_TIMEOUT, IDLE_TIMEOUT, LINK_LIFETIME, MAX_MAIL_AGE, STATE_LIFETIME, Request


class ReferenceModel(ClientRules, ClinicianRules):
    """The state that decides on sign-in, and the steps that change it."""

    def deliver(self, request: Request) -> str | None:
        """Run a mail job, and return the recipient, None if no mail is sent. A job can run twice."""
        account = request.account
        if (
            not account.exists
            or not account.consent
            or account.stopped
            or request.requested_at + MAX_MAIL_AGE <= self.now
        ):
            return None
        if not request.carries_link:
            return account.address
        if request.dead or not account.may_sign_in:
            return None
        if request.used or (account.newest and account.newest.requested_at > request.requested_at):
            return None
        account.newest, request.expires_at = request, self.now + LINK_LIFETIME
        return account.address

    def report(self, request: Request, *, stops: bool) -> None:
        """Record what SES reports about a mail."""
        request.account.stopped |= stops

    def moments(self, what: str) -> Iterator[int]:
        """Yield the times at which something of this kind ends."""
        for account in self.accounts.values():
            match what:
                case "link" if account.newest and account.newest.expires_at and not account.newest.used:
                    yield account.newest.expires_at
                case "pin" if account.pin and account.has_live_pin(self.now):
                    yield account.pin.expires_at
                case "session":
                    yield from (
                        min(one.seen_at + IDLE_TIMEOUT, one.started_at + ABSOLUTE_TIMEOUT) for one in account.sessions
                    )
        if what == "mail":
            yield from (request.requested_at + MAX_MAIL_AGE for request in self.requests)
        if what == "google":
            yield from (start.started_at + STATE_LIFETIME for start in self.starts if not start.returned)
        if what == "limit":
            yield from (ends for _, ends in self.limit_counters.windows.values())
