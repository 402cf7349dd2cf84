"""Sign-ins by link and by PIN, and a search for a client: for each line of standard input, one of each.

The process prints the seconds that they took. Hashing the PIN is left out, because its duration does not depend on the
table.
"""

import json
import sys
import time

from latchkey import tokens
from latchkey.store import accounts, client_index, clients, links, pins, sessions
from latchkey.store.pins import PinProof
from tests.kit.clock import NOON
from tests.store import flows

PAGE = 10


def by_link() -> float:
    """Return the seconds from reading a link to the session."""
    account = flows.on_file()
    token = flows.send(account)
    start = time.perf_counter()
    sessions.start(links.verify(token, NOON), flows.new_attempt(account))
    return time.perf_counter() - start


def by_pin() -> float:
    """Return the seconds from counting the guess to the session."""
    account = flows.on_file()
    pins.PinItem(
        tokens.base64url_encode(account.key),
        generation="1",
        pepper_id="1",
        salt=tokens.random_salt(),
        hash=bytes(32),
        epoch=account.epoch,
        state=pins.LIVE,
        guesses=0,
        failures=0,
        expires_at=NOON + 600,
        sweep_at=NOON + 600,
    ).save()
    start = time.perf_counter()
    pin = pins.count_guess(account.key, tokens.new_ulid(NOON * 1000), NOON)
    sessions.start(PinProof(accounts.find(account.key) or account, pin), flows.new_attempt(account))
    return time.perf_counter() - start


def search() -> float:
    """Return the seconds of a search for clients by the start of a word, with a page of ten."""
    start = time.perf_counter()
    found = client_index.search("willow", "word", "name", PAGE + 1)
    clients.find_all("willow", [term.client_id for term in found[:PAGE]])
    seconds = time.perf_counter() - start
    if len(found) != PAGE + 1:
        raise ValueError("the index was not filled")
    return seconds


for _ in sys.stdin:
    print(json.dumps({"link": by_link(), "pin": by_pin(), "search": search()}), flush=True)
