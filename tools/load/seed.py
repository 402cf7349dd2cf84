"""Clients on file for a load run.

`python -m tools.load.seed` runs in a function's environment. It reads practices and people from standard input, stores
them by the package's own store, and prints the PINs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from latchkey.rules.addresses import canonical
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
    """True if a clinician has created a PIN for them."""


def seed(portal: PortalProcess, practices: dict[str, str], people: Sequence[Person]) -> dict[str, str]:
    """Create practices and put people on file there. Return the PINs by address.

    `practices` maps a slug to the policy for unknown addresses. People with a PIN need different addresses.
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
    document = json.dumps({"now": now, "practices": practices, "people": [asdict(person) for person in people]})
    command = [sys.executable, "-m", "tools.load.seed"]
    done = subprocess.run(command, input=document, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr)
    pins: dict[str, str] = json.loads(done.stdout)
    return pins


def main() -> None:
    """Store everyone and print the PINs."""
    # The package reads the environment when it is imported, and only this process has a function's environment.
    from latchkey import tokens
    from latchkey.rules.accounts import Account, AccountStatus, Profile
    from latchkey.rules.practices import Practice, UnknownAddressPolicy
    from latchkey.store import accounts, pins, practices

    document = json.load(sys.stdin)
    now = int(document["now"])
    for slug, unknown in document["practices"].items():
        practices.save(Practice(slug=slug, name=f"Practice {slug}", unknown_address=UnknownAddressPolicy(unknown)))
    pin_by_address = {}
    for person in (Person(**fields) for fields in document["people"]):
        before = now - 90 * DAY if person.signed_in_before else None
        account = Account(
            key=accounts.key_of(person.practice, canonical(person.address)),
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
            pin_by_address[person.address], _ = pins.create(account, now * 1000)
    json.dump(pin_by_address, sys.stdout)


if __name__ == "__main__":
    main()
