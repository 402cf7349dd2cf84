"""A running portal with its people, its mail and its clock. Each test has a day of its own there."""

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import pytest

from local import portal_process
from local.portal_process import PortalProcess
from local.stack import Engine
from tests.kit.visitors import App, Browser, Desk

DAY = 24 * 3600
PATIENCE_SECONDS = 15.0

_newcomers = count(1)


class Town:
    """A portal, what was mailed since the day began, and what is kept.

    A day later no limit is used up, no session and no link is alive: so tests that follow each other at one portal
    do not get in each other's way.
    """

    def __init__(self, portal: PortalProcess) -> None:
        self.portal = portal
        self.url = portal.url
        self._ahead = 0.0
        self._yesterday: set[str] = set()
        self._sqs = portal.address.client("sqs")
        self._queues = self._sqs.list_queues()["QueueUrls"]

    def new_day(self) -> None:
        """Sleep until everyone has forgotten what was, and clear away the mail."""
        self.wait(DAY + 3600)
        self._yesterday = {mail["id"] for mail in self.portal.mail()}

    def now(self) -> float:
        """The service's time, in Unix seconds."""
        return time.time() + self._ahead

    def wait(self, seconds: float) -> None:
        """Let time pass, once all promised mail is sent: a minute is long for a mail."""
        self.settle()
        self._advance(seconds)

    def wait_until(self, instant: float) -> None:
        """Let time pass until an instant, in Unix seconds."""
        self.settle()
        self._advance(instant - self.now())

    def letters(self, to: str) -> list[dict[str, Any]]:
        """Today's mail to an address, newest first, once nothing waits to be sent."""
        self.settle()
        return self._today(to)

    def letter(self, to: str, number: int = 1) -> dict[str, Any]:
        """Today's first letter to an address, or a later one by its number, as soon as it is there."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := self._today(to)) < number:
            assert time.monotonic() < deadline, f"only {len(found)} letters came"
            time.sleep(0.02)
        return found[-number]

    def link(self, practice: str, address: str) -> str:
        """Have someone ask somewhere, and take the link out of the letter."""
        number = len(self._today(address)) + 1
        answer = self.browser().ask(practice, address)
        assert answer.status == 303, answer
        link: str = self.letter(address, number)["url"]
        return link

    def settle(self) -> None:
        """Wait until every promised mail is sent."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while any(map(self._waiting, self._queues)):
            assert time.monotonic() < deadline, "mail is stuck"
            time.sleep(0.02)

    def at_rest(self) -> dict[str, list[dict[str, Any]]]:
        """Every item of every table, in an order that does not change by itself."""
        tables = self.portal.at_rest()["tables"]
        return {name: sorted(items, key=repr) for name, items in tables.items()}

    def items(self, table: str, **facts: Any) -> list[dict[str, Any]]:
        """The items of a table of which these facts hold."""
        return [item for item in self.at_rest()[table] if facts.items() <= item.items()]

    def browser(self, **how: Any) -> Browser:
        """A new one, without cookies."""
        return Browser(self.url, **how)

    def app(self, **how: Any) -> App:
        """Just installed."""
        return App(self.url, **how)

    def desk(self, practice: str = "willow") -> Desk:
        """A clinician at work there."""
        return Desk(self.url, practice, self.portal.authorization(practice))

    def newcomer(self, practice: str = "willow", language: str = "en") -> str:
        """The address of someone whom a clinician has just invited."""
        address = f"newcomer{next(_newcomers)}@example.com"
        self.desk(practice).admit("Noa Becker", address, language)
        self.letter(address)
        return address

    def signed_in(self, practice: str, address: str) -> Browser:
        """A browser on which someone has just signed in."""
        browser = self.browser()
        answer = browser.press(self.link(practice, address))
        assert answer.status == 303, answer
        return browser

    def _advance(self, seconds: float) -> None:
        self.portal.advance(seconds)
        self._ahead += seconds

    def _waiting(self, queue: str) -> bool:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        told = self._sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=counts)["Attributes"]
        return any(map(int, told.values()))

    def _today(self, to: str) -> list[dict[str, Any]]:
        return [mail for mail in self.portal.mail(to) if mail["id"] not in self._yesterday]


@contextmanager
def raised(engine: Engine = "ministack") -> Iterator[Town]:
    """A town of one's own."""
    with portal_process.portal(engine=engine) as portal:
        yield Town(portal)


_shared = pytest.StashKey[Town]()


def shared(config: pytest.Config) -> Town:
    """The one town of this test run, raised when it is first asked for."""
    if _shared not in config.stash:
        lasting = ExitStack()
        config.stash[_shared] = lasting.enter_context(raised())
        config.add_cleanup(lasting.close)
    return config.stash[_shared]
