"""How long a practice with one answer takes to give it, by what is true of the address: as a stranger would measure."""

import random
import secrets
import statistics
from contextlib import closing
from http import HTTPStatus
from typing import Any

from load.people import Person, put_in
from load.queue import MailQueue
from load.visits import Connection
from local.portal_process import PortalProcess

STATES: dict[str, dict[str, Any] | None] = {
    "active, never signed in": {"signed_in_before": False},
    "active, signed in before": {},
    "disabled": {"status": "disabled"},
    "invited": {"status": "invited", "signed_in_before": False},
    "no consent to email": {"email_ok": False},
    "bounced": {"suppressed": True},
    "unknown": None,
}
"""What is true of an account; None where there is none."""
HOUR = 3600
AN_HOUR = 280
"""Requests between which an hour passes: a practice sends 300 mails in one."""


def measure(portal: PortalProcess, rounds: int) -> dict[str, float]:
    """The median of the wall time of a request for a link in each state, in seconds.

    Every round asks once for an address of each state that nobody has asked for, in another order each time, and never
    while a mail of the last request is being made.
    """
    run = secrets.token_hex(3)
    slug = f"same-{run}"
    addresses = {state: [f"{place}-{n}@{run}.example" for n in range(rounds)] for place, state in enumerate(STATES)}
    people = [
        Person(slug, address, **facts)
        for state, facts in STATES.items()
        if facts is not None
        for address in addresses[state]
    ]
    put_in(portal, {slug: "same_answer"}, people)
    took: dict[str, list[float]] = {state: [] for state in STATES}
    order = random.Random(1)  # noqa: S311 (nothing is secret about it)
    queue = MailQueue(portal)
    with closing(Connection(portal.url)) as connection:
        for number in range(rounds * len(STATES)):
            if number % len(STATES) == 0:
                turn = order.sample(list(STATES), len(STATES))
            if number % AN_HOUR == AN_HOUR - 1:
                portal.advance(HOUR)
            state = turn[number % len(STATES)]
            answer = connection.press(f"/{slug}/sign-in", email=addresses[state].pop())
            if answer.status != HTTPStatus.SEE_OTHER:
                raise RuntimeError(f"{state}: {answer.status}")
            took[state].append(answer.seconds)
            queue.settle()
    return {state: statistics.median(seconds) for state, seconds in took.items()}
