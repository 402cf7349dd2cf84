"""Clients on file for a run of load. Run as `python -m load.people` in a function's environment: reads who is wanted
from standard input, puts them in by the package's own store, and prints the PINs of those who have one."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from local.aws import ROOT
from local.portal_process import PortalProcess
from local.sam_template import REGION
from local.stack import PROJECT

DAY = 24 * 3600


@dataclass(frozen=True, slots=True)
class Person:
    """A client of a practice, with an account."""

    practice: str
    address: str
    status: str = "active"
    signed_in_before: bool = True
    email_ok: bool = True
    suppressed: bool = False
    pin: bool = False
    """Whether a clinician has made a code for them."""


def put_in(portal: PortalProcess, practices: dict[str, str], people: Sequence[Person]) -> dict[str, str]:
    """Make practices, each with what it answers to an unknown address, and put people on file there.

    Returns the PINs, by address. The addresses of those who have one have to differ.
    """
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([str(PROJECT / "layers" / "latchkey"), str(PROJECT)]),
    }
    for function in portal.functions.values():
        environment |= function
    environment |= ROOT | {"AWS_REGION": REGION}
    del environment["AWS_SESSION_TOKEN"]
    now = datetime.fromisoformat(portal.advance(0)).timestamp()
    asked = json.dumps({"now": now, "practices": practices, "people": [asdict(person) for person in people]})
    command = [sys.executable, "-m", "load.people"]
    done = subprocess.run(command, input=asked, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    pins: dict[str, str] = json.loads(done.stdout)
    return pins


def main() -> None:
    """Put everyone in, and print the PINs."""
    # only here is there a function's environment, which the package reads as soon as it is imported
    from latchkey import tokens
    from latchkey.rules.accounts import Account, AccountStatus, Profile
    from latchkey.rules.practices import Practice, UnknownAddressPolicy
    from latchkey.store import accounts, pins, practices

    asked = json.load(sys.stdin)
    now = int(asked["now"])
    for slug, unknown in asked["practices"].items():
        practices.save(Practice(slug=slug, name=f"Practice {slug}", unknown_address=UnknownAddressPolicy(unknown)))
    made = {}
    for person in (Person(**told) for told in asked["people"]):
        before = now - 90 * DAY if person.signed_in_before else None
        account = Account(
            key=accounts.key_of(person.practice, person.address),
            id=tokens.new_ulid(now * 1000),
            practice=person.practice,
            address=person.address,
            name="Kim Rivers",
            status=AccountStatus(person.status),
            email_ok=person.email_ok,
            suppressed=person.suppressed,
            profiles=(Profile(tokens.new_ulid(now * 1000), "Kim Rivers"),),
            first_sign_in_at=before,
            last_sign_in_at=before,
        )
        accounts.save(account)
        if person.pin:
            made[person.address], _ = pins.create(account, now * 1000)
    json.dump(made, sys.stdout)


if __name__ == "__main__":
    main()
