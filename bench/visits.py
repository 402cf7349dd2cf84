"""At each line that comes in, signs someone new in by link and by PIN, and prints the seconds that it took.

The stretching of a PIN, which takes as long wherever it is kept, is left out.
"""

import json
import sys
import time

from latchkey import tokens
from latchkey.store import accounts, links, pins
from tests.kit.seed import NOON
from tests.store import flows


def by_link() -> float:
    """From looking at a link to the session."""
    account = flows.on_file()
    token = flows.send(account)
    start = time.perf_counter()
    links.spend(token, links.peek(token, NOON), flows.arrive(account))
    return time.perf_counter() - start


def by_pin() -> float:
    """From counting the try to the session."""
    account = flows.on_file()
    pins.PinItem(
        tokens.base64url_encode(account.key),
        generation="1",
        key="1",
        salt=tokens.random_salt(),
        hash=bytes(32),
        epoch=account.epoch,
        state=pins.LIVE,
        attempts=0,
        failures=0,
        expires_at=NOON + 600,
        sweep_at=NOON + 600,
    ).save()
    start = time.perf_counter()
    pin = pins.count_guess(account.key, tokens.new_ulid(NOON * 1000), NOON)
    pins.spend(pin, accounts.find(account.key) or account, flows.arrive(account))
    return time.perf_counter() - start


for _ in sys.stdin:
    print(json.dumps({"link": by_link(), "pin": by_pin()}), flush=True)
