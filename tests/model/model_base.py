"""The state of the reference model, and what the steps of clients and clinicians share."""

from typing import NamedTuple

from tests.model.limits import Limit, LimitCounters
from tests.model.state import Account, Client, Request, Start

TELLING_PRACTICE = "willow"
"""The practice that says when an address is unknown."""


class Outcome(NamedTuple):
    """A response: its code, and the seconds to wait."""

    code: str
    seconds: int = 0


class ModelRefusal(Exception):
    """Raised when a step is refused."""

    def __init__(self, code: str, seconds: int = 0) -> None:
        self.outcome = Outcome(code, seconds)


class ModelBase:
    """The state that decides on sign-in."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.limit_counters = LimitCounters()
        self.accounts: dict[tuple[str, str], Account] = {}
        self.requests: list[Request] = []
        """All mail jobs, in order."""
        self.starts: list[Start] = []

    def account(self, practice: str, address: str) -> Account:
        """Return the account of an address at a practice. It may have no owner."""
        return self.accounts.setdefault((practice, address), Account(practice, address))

    def on_file(self, name: str, practice: str, address: str) -> Client:
        """Add a client whose invitation of yesterday was lost."""
        client, account = Client(name, practice, {address: True}, address), self.account(practice, address)
        self._grant(client, account)
        return client

    def _count(
        self, who: tuple[object, ...], limits: tuple[Limit, ...], unless: tuple[Limit, ...] = (), code: str = "wait"
    ) -> None:
        if seconds := self.limit_counters.wait(who, (*limits, *unless), self.now):
            raise ModelRefusal(code, seconds)
        self.limit_counters.count(who, limits, self.now)

    def _request_mail(self, kind: str, account: Account) -> Request:
        request = Request(kind, account, self.now, dead=not account.exists)
        account.requests.append(request)
        self.requests.append(request)
        return request

    def _grant(self, client: Client, account: Account) -> None:
        if account.owner not in (None, client):
            account.google = None
        account.exists, account.owner, account.consent = True, client, True
        account.status = account.status if account.may_sign_in else "invited"
        client.access, client.address = account, account.address
