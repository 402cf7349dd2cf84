"""A mix of parallel requests: people ask for links, open them and type PINs. Each outcome is known beforehand."""

import random
import secrets
import statistics
import time
from collections import Counter, deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from threading import Lock
from typing import Any, Literal

from local.portal_process import PortalProcess
from tools.load import memory
from tools.load.connections import Connection, TimedResponse
from tools.load.memory import Resident
from tools.load.queue import MAIL_SECONDS, MailQueue
from tools.load.seed import Person, seed

type LoadAction = Literal["ask", "open", "pin"]

SHARES: dict[LoadAction, float] = {"ask": 0.80, "open": 0.15, "pin": 0.05}
REQUESTS_PER_PRACTICE = 240
"""Requests for links at one practice, which sends 300 mails an hour."""
STRANGERS = 20
"""One of this many requests is from an address that is not on file."""
USED_LINKS = 5
"""One of this many openings is of a link that was opened before."""
SETTLED = 500
"""Number of requests after which memory should not grow: every process has run all its code by then."""
FUNCTIONS = ("RequestLink", "SendMail", "RedeemLink", "Pin")
"""The functions that the mix uses."""
GROWTH_MB = 3.0
"""Allowed growth of a function's processes until the end. A leak of 1 KB a request is about that."""


@dataclass(slots=True)
class Report:
    """The result of a run."""

    seconds: float = 0.0
    seconds_by_action: dict[LoadAction, list[float]] = field(default_factory=lambda: {action: [] for action in SHARES})
    """Duration of each request."""
    wrong: list[str] = field(default_factory=list)
    """Every outcome that was not as expected, in a sentence."""
    early: Resident = field(default_factory=dict)
    """Memory once the run is under way."""
    late: Resident = field(default_factory=dict)
    """Memory at the end."""

    def memory(self) -> Iterator[tuple[str, int, float, float]]:
        """Yield each function with the number of its processes, and their mean memory in MB, early and late."""
        for function in FUNCTIONS:
            lasting = [process for process in self.early.keys() & self.late.keys() if process[0] == function]
            if lasting:
                early, late = (statistics.mean(shot[each] for each in lasting) for shot in (self.early, self.late))
                yield function, len(lasting), early, late


class LoadState:
    """The people of a run, and their next actions: addresses to ask for, links to open, PINs to type."""

    def __init__(self, portal: PortalProcess, requests: int, clients: int) -> None:
        self.portal = portal
        self.report = Report()
        wanted = {action: round(requests * share) for action, share in SHARES.items()}
        run = secrets.token_hex(3)  # several runs can share a portal
        self.domain = f"@{run}.example"
        self.practices = {
            f"load-{run}-{number}": "same_answer" if number % 2 else "tell"
            for number in range(wanted["ask"] // REQUESTS_PER_PRACTICE + 1)
        }
        slugs = list(self.practices)
        asking = [Person(slugs[n % len(slugs)], f"client{n}{self.domain}") for n in range(wanted["ask"])]
        typing = [Person(slugs[n % len(slugs)], f"caller{n}{self.domain}", pin=True) for n in range(wanted["pin"])]
        self.on_file = {person.address for n, person in enumerate(asking) if n % STRANGERS}
        known = [person for person in asking if person.address in self.on_file]
        self.pins = seed(portal, self.practices, [*known, *typing])
        self.to_ask, self.to_type = deque(asking), deque(typing)
        self.to_open: deque[tuple[Person, dict[str, str]]] = deque()
        self.opened: deque[str] = deque()
        self.links_used = self.pins_used = 0
        self.openings = count(1)
        self.counting = Lock()
        self.actions = _order(wanted, 4 * clients)

    def ask(self, connection: Connection) -> None:
        """Request a link."""
        person = self.to_ask.popleft()
        response = connection.submit_form(f"/{person.practice}/sign-in", email=person.address)
        known = person.address in self.on_file
        tells = self.practices[person.practice] == "tell"
        self.record("ask", response, 422 if tells and not known else 303)
        if known:
            self.to_open.append((person, response.cookies))

    def open(self, connection: Connection) -> None:
        """Open a link, in the browser that requested it or by the button elsewhere. Some links are used ones."""
        with self.counting:
            number = next(self.openings)
            used = self.opened.popleft() if number % USED_LINKS == 0 and self.opened else None
        if used:
            self.record("open", connection.submit_form(used), 410)
            return
        person, cookies = self.to_open.popleft()
        letters = self.portal.mail_within(MAIL_SECONDS, person.address)
        if not letters:
            self.wrong("someone who requested a link got no mail")
            return
        link = letters[0]["url"]
        response = connection.get(link, cookies) if number % 2 else connection.submit_form(link)
        self.record("open", response, 303, signs_in=True)
        self.opened.append(link)
        with self.counting:
            self.links_used += 1

    def pin(self, connection: Connection) -> None:
        """Type a PIN. Every second PIN is wrong."""
        person = self.to_type.popleft()
        right, pin = len(self.to_type) % 2 == 0, self.pins[person.address]
        typed = pin if right else f"{(int(pin) + 1) % 10**6:06d}"
        response = connection.submit_form(f"/{person.practice}/pin", email=person.address, pin=typed)
        self.record("pin", response, 303 if right else 422, signs_in=right)
        with self.counting:
            self.pins_used += right

    def record(self, action: LoadAction, response: TimedResponse, status: int, *, signs_in: bool = False) -> None:
        """Record the duration of a request, and whether its outcome was as expected."""
        self.report.seconds_by_action[action].append(response.seconds)
        if response.status != status:
            self.wrong(f"{action}: {response.status} instead of {status}")
        if signs_in is not any(name.startswith("__Host-session-") for name in response.cookies):
            self.wrong(f"{action}: {'no session' if signs_in else 'a session'}")

    def wrong(self, sentence: str) -> None:
        """Record an outcome that was not as expected."""
        self.report.wrong.append(sentence)

    def check_mail(self) -> None:
        """Check that everyone on file who requested a link got exactly one mail, and that all others got none."""
        counts = Counter(mail["to"] for mail in self.portal.mail() if mail["to"].endswith(self.domain))
        for address in self.on_file ^ counts.keys():
            requested = "one" if address in self.on_file else "none"
            self.wrong(f"{counts[address]} mails to someone who requested {requested}")
        for number in (number for number in counts.values() if number > 1):
            self.wrong(f"{number} mails for one request")

    def check_tables(self) -> None:
        """Check that opened links are used, the others are live, and each sign-in has one session."""
        tables: dict[str, list[dict[str, Any]]] = self.portal.at_rest()["tables"]
        accounts = {item["key"] for item in tables["Accounts"] if item["practice"] in self.practices}
        links = Counter(item.get("state") for item in tables["Links"] if item["account"] in accounts)
        pins = Counter(item["state"] for item in tables["Pins"] if item["account"] in accounts)
        sessions = sum(
            name.startswith("session_") for item in tables["Links"] if item["account"] in accounts for name in item
        )
        stored_and_expected = {
            "used links": (links["used"], self.links_used),
            "live links": (links["live"], len(self.on_file) - self.links_used),
            "used PINs": (pins["used"], self.pins_used),
            "sessions": (sessions, self.links_used + self.pins_used),
        }
        for what, (stored, expected) in stored_and_expected.items():
            if stored != expected:
                self.wrong(f"{stored} {what} instead of {expected}")

    def check_memory(self) -> None:
        """Check that no function's processes have grown by more than `GROWTH_MB`."""
        for function, _, early, late in self.report.memory():
            if late - early > GROWTH_MB:
                self.wrong(f"{function} grew from {early:.1f} to {late:.1f} MB")


def run(portal: PortalProcess, requests: int, clients: int) -> Report:
    """Send a number of requests by a number of parallel clients. Return the outcomes."""
    state = LoadState(portal, requests, clients)
    report, remaining = state.report, iter(state.actions)
    drawing = Lock()

    def work() -> None:
        with closing(Connection(portal.url)) as connection:
            while True:
                with drawing:
                    drawn = next(remaining, None)
                if drawn is None:
                    return
                number, action = drawn
                if number == min(SETTLED, requests // 2):
                    report.early = memory.resident(portal)
                getattr(state, action)(connection)

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for worker in [pool.submit(work) for _ in range(clients)]:
            worker.result()
    report.seconds = time.perf_counter() - begun
    MailQueue(portal).settle()
    report.late = memory.resident(portal)
    state.check_mail()
    state.check_tables()
    if requests > SETTLED:
        state.check_memory()
    return report


def _order(wanted: dict[LoadAction, int], head: int) -> list[tuple[int, LoadAction]]:
    """Return the numbered actions in the same order at every run.

    The first `head` actions only ask for links, so that there is always a link to open.
    """
    actions = [action for action, number in wanted.items() for _ in range(number)]
    rest = actions[head:]
    random.Random(1).shuffle(rest)  # noqa: S311 - the order is no secret
    return list(enumerate([*actions[:head], *rest], 1))
