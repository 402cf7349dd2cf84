"""The portal over real HTTP, with its mail and its clock. Each test begins on a new day."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Any

import pytest

from local import portal_process
from local.clinicians import Role
from local.portal_process import PortalProcess
from local.provider_choice import ProviderConfig
from local.stack import Engine
from tests.kit import sam_template, transports
from tests.kit.browser import App, Browser, new_source, send_http
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse

DAY = 24 * 3600
NOON = 20 * 3600
"""Seconds after midnight UTC: noon in Los Angeles, in winter."""
TIMEOUT_SECONDS = 15.0

_numbers = count(1)


class LivePortal:
    """A running portal, the mail since the test began, and the items in its tables.

    A day later every rate limit is open, and every session and link has expired. Tests of one portal therefore do
    not affect each other.
    """

    def __init__(self, portal: PortalProcess) -> None:
        self.portal = portal
        self.url = self.origin = portal.url
        self._ahead = 0.0
        self._last_mail_before: str | None = None
        self._sqs = transports.client_at(portal.address.endpoint, "sqs")
        urls = self._sqs.call("ListQueues", {})["QueueUrls"]
        self._queues = [url for url in urls if url.endswith(("MailQueue", "NoticeQueue", "DeadMail"))]

    def new_day(self) -> None:
        """Let a day and more pass, until it is about noon at the practices, and forget the mail so far.

        So no wait of a test ends on another date, which pages would name.
        """
        noon = self.now() // DAY * DAY + NOON
        self.wait_until(next(at for at in (noon + DAY, noon + 2 * DAY) if at > self.now() + DAY + 3600))
        if mails := self.portal.mail(after=self._last_mail_before):
            self._last_mail_before = mails[0]["id"]

    def now(self) -> float:
        """Return the time of the service, in Unix seconds."""
        return time.time() + self._ahead

    def wait(self, seconds: float) -> None:
        """Let time pass, after all queued mail is sent: a mail job that is a minute old would count as late."""
        self.settle()
        self._advance(seconds)

    def wait_until(self, at: float) -> None:
        """Let time pass until then, in Unix seconds."""
        self.settle()
        self._advance(at - self.now())

    def letters(self, to: str) -> list[dict[str, Any]]:
        """Return today's mail to an address, newest first, after all queued mail is sent."""
        self.settle()
        return self._today(to)

    def letter(self, to: str, number: int = 1) -> dict[str, Any]:
        """Wait for today's mail with this number to an address, and return it."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while len(mails := self._today(to)) < number:
            assert time.monotonic() < deadline, f"only {len(mails)} letters came"
            time.sleep(0.02)
        return mails[-number]

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes, source: str) -> HttpResponse:
        """Return the response to a real HTTP request."""
        return send_http(self.url, method, target, headers, body, source)

    def link(self, address: str, practice: str = "willow") -> str:
        """Ask for a link in a new browser, and return it from the mail."""
        return self.browser().link(address, practice)

    def link_mailed_after(self, request: Callable[[], HttpResponse], email: str) -> str:
        """Return the URL of the link in the mail that a request leads to, without the query."""
        number = len(self._today(email)) + 1
        response = request()
        assert response.status in {202, 303}, response
        link: str = self.letter(email, number)["url"]
        return link.partition("?")[0]

    def settle(self) -> None:
        """Wait until all queued mail is sent."""
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while any(map(self._waiting, self._queues)):
            assert time.monotonic() < deadline, "mail is stuck"
            time.sleep(0.02)

    def at_rest(self) -> dict[str, list[dict[str, Any]]]:
        """Return every item of every table, in a stable order."""
        tables = self.portal.at_rest()["tables"]
        return {name: sorted(items, key=repr) for name, items in tables.items()}

    def changes_since(self, before: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
        """Return the items that were written or deleted since `before`, by table: their old and new forms."""
        now = self.at_rest()
        return {
            name: [
                *({"before": item} for item in before[name] if item not in items),
                *({"now": item} for item in items if item not in before[name]),
            ]
            for name, items in now.items()
            if items != before[name]
        }

    def items(self, table: str, **facts: Any) -> list[dict[str, Any]]:
        """Return the items of a table that have these attributes."""
        return [item for item in self.at_rest()[table] if facts.items() <= item.items()]

    def sessions(self) -> set[str]:
        """Return the digests of the stored sessions."""
        return set(sam_template.sessions_in(self.at_rest()))

    def browser(self, source: str = "", **headers: str) -> Browser:
        """Return a browser without cookies, at an IP address of its own unless `source` is given."""
        return Browser(self, source or new_source(), headers)

    def app(self, source: str = "", **headers: str) -> App:
        """Return an app without cookies."""
        return App(self, source or new_source(), headers)

    def clinician(self, practice: str = "willow", role: Role = "clinician") -> ClinicianApi:
        """Return the clinicians' API as someone with this role may call it."""
        return ClinicianApi(self, self.portal.authorization(practice, role), practice)

    def fresh_client(self, practice: str = "willow", language: str = "en") -> str:
        """Return the address of a client who has just been invited."""
        address = f"newcomer{next(_numbers)}@example.com"
        item = {"title": "Before your first visit", "path": f"/{practice}/help"}
        self.clinician(practice).add_client("Noa Becker", address, language=language, invite={"items": [item]})
        self.letter(address)
        return address

    def signed_in(self, address: str, practice: str = "willow") -> Browser:
        """Return a browser on which this person has just signed in by a link that another browser requested."""
        browser = self.browser()
        response = browser.post(self.link(address, practice))
        assert response.status == 303, response
        return browser

    def _advance(self, seconds: float) -> None:
        self.portal.advance(seconds)
        self._ahead += seconds

    def _waiting(self, queue: str) -> bool:
        counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self._sqs.call("GetQueueAttributes", {"QueueUrl": queue, "AttributeNames": counts})
        return any(map(int, found["Attributes"].values()))

    def _today(self, to: str) -> list[dict[str, Any]]:
        return self.portal.mail(to, self._last_mail_before)


@contextmanager
def running_portal(
    engine: Engine = "ministack", provider: ProviderConfig | None = None, options: Sequence[str] = ()
) -> Iterator[LivePortal]:
    """Start a portal, and stop it afterwards. A function starts at its first event: most tests need a few of them."""
    with portal_process.portal(engine=engine, google=provider, options=("--cold", *options)) as portal:
        yield LivePortal(portal)


_shared = pytest.StashKey[LivePortal]()


def shared_portal(config: pytest.Config) -> LivePortal:
    """Return the portal that all tests of this process share. It starts when the first of them needs it."""
    if _shared not in config.stash:
        stack = ExitStack()
        # with a service behind the sign-in, which takes no stack of its own
        config.stash[_shared] = stack.enter_context(running_portal(options=("--example", "examples/api")))
        config.add_cleanup(stack.close)
    return config.stash[_shared]
