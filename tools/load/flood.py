"""Floods of one portal: what is let through for a source and for a practice, and how others fare meanwhile."""

import secrets
import statistics
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from http import HTTPStatus

from latchkey.rules import limits
from latchkey.rules.limits import Policy
from local.portal_process import PortalProcess
from tools.load.connections import Connection, TimedResponse
from tools.load.seed import Person, seed

REQUESTS = 400
"""Requests of each flood. A practice sends 300 mails an hour."""
NEIGHBOURS = 20
"""People elsewhere who ask for a link during each flood."""
CLIENTS = 8
SOURCE, SUBSCRIBER = "198.51.100.7", "2001:db8:5::"


@dataclass(slots=True)
class Flood:
    """The result of one flood."""

    name: str
    requests: int
    admitted: int
    """Requests that were let through."""
    expected: int
    """Requests that the limit lets through."""
    seconds: list[float] = field(default_factory=list)
    """Durations of the requests that had to wait."""
    neighbours: list[TimedResponse] = field(default_factory=list)
    """Responses to people at another practice, from other sources."""

    @property
    def neighbour_ms(self) -> float:
        """Median time of a neighbour's request in ms."""
        return statistics.median(one.seconds for one in self.neighbours) * 1000

    def wrong(self) -> Iterator[str]:
        """Yield what was not as expected, in sentences."""
        if self.admitted != self.expected:
            yield f"{self.name}: {self.admitted} of {self.requests} requests were let through, and not {self.expected}"
        refused = sum(one.status != HTTPStatus.SEE_OTHER for one in self.neighbours)
        if refused:
            yield f"{self.name}: {refused} of {len(self.neighbours)} neighbours had to wait"


def run(portal: PortalProcess) -> list[Flood]:
    """Flood a portal by single sources, and by everyone at one practice."""
    return [*by_source(portal, REQUESTS), by_everyone(portal, REQUESTS)]


def by_source(portal: PortalProcess, requests: int) -> list[Flood]:
    """Flood a portal by one source, and by one subscriber with many addresses."""
    expected = _first(limits.REQUEST_LINK_PER_SOURCE)
    return [
        _flood(portal, "one source", [SOURCE] * requests, expected),
        _flood(portal, "one IPv6 subscriber", [f"{SUBSCRIBER}{number + 1:x}" for number in range(requests)], expected),
    ]


def by_everyone(portal: PortalProcess, requests: int) -> Flood:
    """Flood one practice by a source for each request."""
    return _flood(portal, "a source for each request", [""] * requests, _first(limits.MAIL_PER_PRACTICE))


def _flood(portal: PortalProcess, name: str, sources: list[str], expected: int) -> Flood:
    run_id = secrets.token_hex(3)
    flooded, spared = f"flood-{run_id}", f"spared-{run_id}"
    victims = [Person(flooded, f"victim{number}@{run_id}.example") for number in range(len(sources))]
    neighbours = [Person(spared, f"neighbour{number}@{run_id}.example") for number in range(NEIGHBOURS)]
    seed(portal, {flooded: "tell", spared: "tell"}, [*victims, *neighbours])

    def ask(person: Person, source_ip: str) -> TimedResponse:
        with closing(Connection(portal.url, source_ip)) as connection:
            return connection.submit_form(f"/{person.practice}/sign-in", email=person.address)

    with ThreadPoolExecutor(CLIENTS) as threads:
        others = [threads.submit(ask, person, "") for person in neighbours[: NEIGHBOURS // 2]]
        requests = [threads.submit(ask, person, source) for person, source in zip(victims, sources, strict=True)]
        others += [threads.submit(ask, person, "") for person in neighbours[NEIGHBOURS // 2 :]]
        responses = [request.result() for request in requests]
    statuses = Counter(response.status for response in responses)
    waits = [response.seconds for response in responses if response.status == HTTPStatus.TOO_MANY_REQUESTS]
    admitted = len(sources) - statuses[HTTPStatus.TOO_MANY_REQUESTS]
    return Flood(name, len(sources), admitted, expected, waits, [other.result() for other in others])


def _first(policy: Policy) -> int:
    """Return how many requests a policy lets through at once."""
    return min(limit.max_count for limit in policy.limits)
