"""People ask for links, open them and type PINs, several at once, and every outcome is known beforehand."""

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

from load import memory
from load.memory import Resident
from load.people import Person, put_in
from load.queue import MAIL_SECONDS, MailQueue
from load.visits import Answer, Connection
from local.portal_process import PortalProcess

type Kind = Literal["ask", "open", "pin"]

SHARES: dict[Kind, float] = {"ask": 0.80, "open": 0.15, "pin": 0.05}
A_PRACTICE = 240
"""Requests for links at one practice, which sends 300 mails an hour."""
STRANGERS = 20
"""One in so many of those who ask is on file nowhere."""
AGAIN = 5
"""One in so many openings is of a link that was opened before."""
SETTLED = 500
"""Requests after which every process has seen all that it does, and should hold no more from then on."""
PARTS = ("RequestLink", "SendMail", "RedeemLink", "Pin")
"""The functions that have work in it."""
GROWTH_MB = 3.0
"""What a function's processes may hold more at the end: a leak of a kilobyte a request is about that."""


@dataclass(slots=True)
class Report:
    """What became of a run."""

    seconds: float = 0.0
    took: dict[Kind, list[float]] = field(default_factory=lambda: {kind: [] for kind in SHARES})
    """Seconds of each request."""
    wrong: list[str] = field(default_factory=list)
    """Every outcome that was not as it must be, in a sentence."""
    early: Resident = field(default_factory=dict)
    """Memory once the run is under way."""
    late: Resident = field(default_factory=dict)
    """And when it is over."""

    def memory(self) -> Iterator[tuple[str, int, float, float]]:
        """Of each function that took part: its processes, and their mean in megabytes, early and late."""
        for function in PARTS:
            lasting = [process for process in self.early.keys() & self.late.keys() if process[0] == function]
            if lasting:
                early, late = (statistics.mean(shot[each] for each in lasting) for shot in (self.early, self.late))
                yield function, len(lasting), early, late


class Crowd:
    """Everyone who takes part, and what they have in hand: addresses to ask for, links to open, PINs to type."""

    def __init__(self, portal: PortalProcess, requests: int, clients: int) -> None:
        self.portal = portal
        self.report = Report()
        wanted = {kind: round(requests * share) for kind, share in SHARES.items()}
        run = secrets.token_hex(3)  # several runs can share a portal
        self.domain = f"@{run}.example"
        self.practices = {
            f"load-{run}-{number}": "same_answer" if number % 2 else "tell"
            for number in range(wanted["ask"] // A_PRACTICE + 1)
        }
        slugs = list(self.practices)
        asking = [Person(slugs[n % len(slugs)], f"client{n}{self.domain}") for n in range(wanted["ask"])]
        typing = [Person(slugs[n % len(slugs)], f"caller{n}{self.domain}", pin=True) for n in range(wanted["pin"])]
        self.on_file = {person.address for n, person in enumerate(asking) if n % STRANGERS}
        known = [person for person in asking if person.address in self.on_file]
        self.pins = put_in(portal, self.practices, [*known, *typing])
        self.to_ask, self.to_type = deque(asking), deque(typing)
        self.asked: deque[tuple[Person, dict[str, str]]] = deque()
        self.opened: deque[str] = deque()
        self.links_used = self.pins_used = 0
        self.turns = count(1)
        self.counting = Lock()
        self.kinds = _order(wanted, 4 * clients)

    def ask(self, connection: Connection) -> None:
        """Type an address."""
        person = self.to_ask.popleft()
        answer = connection.press(f"/{person.practice}/sign-in", email=person.address)
        known = person.address in self.on_file
        tells = self.practices[person.practice] == "tell"
        self.note("ask", answer, 422 if tells and not known else 303)
        if known:
            self.asked.append((person, answer.cookies))

    def open(self, connection: Connection) -> None:
        """Open a link: where it was asked for, or elsewhere by pressing the button; or one that is used up."""
        with self.counting:
            number = next(self.turns)
            before = self.opened.popleft() if number % AGAIN == 0 and self.opened else None
        if before:
            self.note("open", connection.press(before), 410)
            return
        person, cookies = self.asked.popleft()
        letters = self.portal.mail_within(MAIL_SECONDS, person.address)
        if not letters:
            self.wrong("someone who asked for a link got no mail")
            return
        link = letters[0]["url"]
        answer = connection.get(link, cookies) if number % 2 else connection.press(link)
        self.note("open", answer, 303, signs_in=True)
        self.opened.append(link)
        with self.counting:
            self.links_used += 1

    def pin(self, connection: Connection) -> None:
        """Type a PIN: every second one is wrong."""
        person = self.to_type.popleft()
        right, pin = len(self.to_type) % 2 == 0, self.pins[person.address]
        typed = pin if right else f"{(int(pin) + 1) % 10**6:06d}"
        answer = connection.press(f"/{person.practice}/pin", email=person.address, pin=typed)
        self.note("pin", answer, 303 if right else 422, signs_in=right)
        with self.counting:
            self.pins_used += right

    def note(self, kind: Kind, answer: Answer, status: int, *, signs_in: bool = False) -> None:
        """Write down how long a request took, and whether it went as it must."""
        self.report.took[kind].append(answer.seconds)
        if answer.status != status:
            self.wrong(f"{kind}: {answer.status} instead of {status}")
        if signs_in is not any(name.startswith("__Host-session-") for name in answer.cookies):
            self.wrong(f"{kind}: {'no session' if signs_in else 'a session'}")

    def wrong(self, sentence: str) -> None:
        """Write down that something is not as it must be."""
        self.report.wrong.append(sentence)

    def check_mail(self) -> None:
        """One mail for everyone on file who asked, and none for anybody else."""
        ours = Counter(mail["to"] for mail in self.portal.mail() if mail["to"].endswith(self.domain))
        for address in self.on_file ^ ours.keys():
            self.wrong(f"{ours[address]} mails to someone who {'asked' if address in self.on_file else 'did not'}")
        for number in (number for number in ours.values() if number > 1):
            self.wrong(f"{number} mails for one request")

    def check_tables(self) -> None:
        """Every opened link is used, every other one lives, and there are as many sessions as were opened."""
        tables: dict[str, list[dict[str, Any]]] = self.portal.at_rest()["tables"]
        ours = {item["key"] for item in tables["Accounts"] if item["practice"] in self.practices}
        links = Counter(item["state"] for item in tables["Links"] if item["account"] in ours)
        pins = Counter(item["state"] for item in tables["Pins"] if item["account"] in ours)
        sessions = sum(item["practice"] in self.practices for item in tables["Sessions"])
        told = {
            "used links": (links["used"], self.links_used),
            "live links": (links["live"], len(self.on_file) - self.links_used),
            "used PINs": (pins["used"], self.pins_used),
            "sessions": (sessions, self.links_used + self.pins_used),
        }
        for what, (there, wanted) in told.items():
            if there != wanted:
                self.wrong(f"{there} {what} instead of {wanted}")

    def check_memory(self) -> None:
        """No process holds more and more."""
        for function, _, early, late in self.report.memory():
            if late - early > GROWTH_MB:
                self.wrong(f"{function} grew from {early:.1f} to {late:.1f} MB")


def run(portal: PortalProcess, requests: int, clients: int) -> Report:
    """So many requests by so many clients at once, and what became of them."""
    crowd = Crowd(portal, requests, clients)
    report, ends = crowd.report, iter(crowd.kinds)
    drawing = Lock()

    def work() -> None:
        with closing(Connection(portal.url)) as connection:
            while True:
                with drawing:
                    drawn = next(ends, None)
                if drawn is None:
                    return
                number, kind = drawn
                if number == min(SETTLED, requests // 2):
                    report.early = memory.resident(portal)
                getattr(crowd, kind)(connection)

    begun = time.perf_counter()
    with ThreadPoolExecutor(clients) as pool:
        for worker in [pool.submit(work) for _ in range(clients)]:
            worker.result()
    report.seconds = time.perf_counter() - begun
    MailQueue(portal).settle()
    report.late = memory.resident(portal)
    crowd.check_mail()
    crowd.check_tables()
    if requests > SETTLED:
        crowd.check_memory()
    return report


def _order(wanted: dict[Kind, int], head: int) -> list[tuple[int, Kind]]:
    """The same at every run; the first few only ask, so that there is always something to open."""
    kinds = [kind for kind, number in wanted.items() for _ in range(number)]
    rest = kinds[head:]
    random.Random(1).shuffle(rest)  # noqa: S311 (nothing is secret about it)
    return list(enumerate([*kinds[:head], *rest], 1))
