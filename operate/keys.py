"""Key rings in Secrets Manager: `{"current": "2", "1": "...", "2": "..."}`, and how a key is replaced while people
sign in.

A function goes on with a ring for up to 5 minutes before it reads it again. So a new key is first added, and made the
current one only when every function knows it; what one function makes under it, all others recognise.
"""

import argparse
import json
import secrets
import string
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from operate import aws
from operate.errors import CommandError

RINGS = ("LookupKey", "LinkKey", "CookieKey", "PinPepper")
UNROTATED = "LookupKey"
"""Accounts and budgets are found by it."""

KNOWN_AFTER = timedelta(minutes=6)
"""After this every function has read a ring again: they keep one for 5 minutes (latchkey.keys.FRESH_SECONDS)."""
OUTLIVED_AFTER = timedelta(hours=25)
"""Links and PINs live 24 hours at most; the rest is for functions that could not read the ring for an hour."""

LENGTH = 64
ALPHABET = string.ascii_letters + string.digits

LOST = {
    "LinkKey": "links in mails that are under way, or not opened yet",
    "CookieKey": "the marks of browsers that asked for a link or have signed in before",
    "PinPepper": "PINs that were not typed yet",
}


@dataclass(frozen=True, slots=True)
class Ring:
    """A ring as Secrets Manager keeps it."""

    arn: str
    document: dict[str, str] = field(repr=False)
    age: timedelta
    """Since it was last written."""

    @property
    def current(self) -> str:
        """Id of the key that new things are made under."""
        return self.document["current"]

    @property
    def ids(self) -> list[str]:
        """Ids of all keys, the oldest first."""
        return sorted((name for name in self.document if name != "current"), key=int)

    @property
    def next(self) -> str | None:
        """Id of a key that was added after the current one, and is not used yet."""
        later = self.ids[self.ids.index(self.current) + 1 :]
        return later[0] if later else None


def rotate(asked: argparse.Namespace) -> None:
    """Add a key and make it the current one; with `--finish`, drop those before it.

    It can be stopped and started again at any point: it goes on where the ring is.

    :raises Trouble: the key cannot be replaced, or it is too early to drop one.
    """
    if asked.key == UNROTATED:
        raise CommandError(
            "LookupKey is not rotated: accounts are found by it, and under another key nobody on file would be found"
            " (docs/operations.md, Keys)"
        )
    stack = aws.stack(asked.stack)
    step = _finish if asked.finish else _replace
    step(_read(stack.resource(asked.key)), asked)


def _replace(ring: Ring, asked: argparse.Namespace) -> None:
    following = ring.next
    if following is None:
        following = str(int(ring.ids[-1]) + 1)
        if asked.dry_run:
            print(f"Would add key {following} to {asked.key}, and make it the current one in place of {ring.current}.")
            return
        _write(ring, ring.document | {following: "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))})
        print(f"{asked.key}: key {following} is added; {ring.current} is still the current one.", flush=True)
        ring = _read(ring.arn)
    elif asked.dry_run:
        print(f"Would make key {following} of {asked.key} the current one in place of {ring.current}.")
        return
    if asked.at_once:
        print("For up to 5 minutes some functions refuse what others make under the new key.")
    elif (left := KNOWN_AFTER - ring.age) > timedelta():
        print(
            f"Waiting {left.seconds + 1} s, until every function knows it. Stopped here, the same command goes on.",
            flush=True,
        )
        time.sleep(left.total_seconds())
    _write(ring, ring.document | {"current": following})
    ripe = datetime.now(UTC) + OUTLIVED_AFTER
    print(f"{asked.key}: key {following} is the current one.")
    print(f"After {ripe:%Y-%m-%dT%H:%MZ}, to drop the ones before it: the same command with --finish")


def _finish(ring: Ring, asked: argparse.Namespace) -> None:
    if ring.next is not None:
        raise CommandError(
            f"key {ring.next} of {asked.key} is not the current one yet: first the same command without --finish"
        )
    old = [name for name in ring.ids if name != ring.current]
    if not old:
        print(f"{asked.key} has no key but the current one; there is nothing to drop.")
        return
    if not asked.at_once and (left := OUTLIVED_AFTER - ring.age) > timedelta():
        ripe = datetime.now(UTC) + left
        raise CommandError(
            f"too early: what was made under the old key of {asked.key} lives until {ripe:%Y-%m-%dT%H:%MZ}"
        )
    if asked.dry_run:
        print(f"Would drop from {asked.key}: {', '.join(old)}")
        return
    _write(ring, {"current": ring.current, ring.current: ring.document[ring.current]})
    print(f"{asked.key}: key {ring.current} is the only one.")
    if asked.at_once:
        print(f"Dead within 5 minutes: {LOST[asked.key]}")


def _read(arn: str) -> Ring:
    found = aws.client("secretsmanager").get_secret_value(SecretId=arn)
    document = json.loads(found["SecretString"])
    if not all(name == "current" or name.isdecimal() for name in document):
        raise CommandError(f"{arn} has keys that are not numbered: it was changed by hand")
    return Ring(arn, document, datetime.now(UTC) - found["CreatedDate"])


def _write(ring: Ring, document: dict[str, str]) -> None:
    """:raises Trouble: someone else has written it meanwhile."""
    if _read(ring.arn).document != ring.document:
        raise CommandError("someone else is changing this key: look again")
    aws.client("secretsmanager").put_secret_value(SecretId=ring.arn, SecretString=json.dumps(document))
