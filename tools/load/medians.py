"""Response times of a request for a link, by the state of the account, as a stranger would measure them.

The practice answers the same for every address, so the times must not differ either.
"""

import random
import secrets
import statistics
from contextlib import closing
from http import HTTPStatus
from typing import Any

from local.portal_process import PortalProcess
from tools.load.connections import Connection
from tools.load.queue import MailQueue
from tools.load.seed import Person, seed

STATES: dict[str, dict[str, Any] | None] = {
    "active, never signed in": {"signed_in_before": False},
    "active, signed in before": {},
    "disabled": {"status": "disabled"},
    "invited": {"status": "invited", "signed_in_before": False},
    "no consent to email": {"email_ok": False},
    "bounced": {"suppressed": True},
    "unknown": None,
}
"""Fields of an account in each state. None means that no account exists."""
HOUR = 3600
REQUESTS_AN_HOUR = 280
"""Requests before the clock moves on by an hour: a practice sends 300 mails in one."""


def measure(portal: PortalProcess, rounds: int) -> dict[str, float]:
    """Return the median wall time of a request for a link in each state, in seconds.

    Every round requests one link in each state, for a new address, in another order. Each request waits until the mail
    of the one before is sent.
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
    seed(portal, {slug: "same_answer"}, people)
    seconds_by_state: dict[str, list[float]] = {state: [] for state in STATES}
    order = random.Random(1)  # noqa: S311 - the order is no secret
    queue = MailQueue(portal)
    with closing(Connection(portal.url)) as connection:
        for number in range(rounds * len(STATES)):
            if number % len(STATES) == 0:
                round_order = order.sample(list(STATES), len(STATES))
            if number % REQUESTS_AN_HOUR == REQUESTS_AN_HOUR - 1:
                portal.advance(HOUR)
            state = round_order[number % len(STATES)]
            response = connection.submit_form(f"/{slug}/sign-in", email=addresses[state].pop())
            if response.status != HTTPStatus.SEE_OTHER:
                raise RuntimeError(f"{state}: {response.status}")
            seconds_by_state[state].append(response.seconds)
            queue.settle()
    return {state: statistics.median(seconds) for state, seconds in seconds_by_state.items()}
