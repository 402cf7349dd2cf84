"""The `rotate` command: replace a key of a keyring while people sign in.

A keyring in Secrets Manager is `{"current": "2", "1": "...", "2": "..."}`. Functions cache it for up to 5 minutes.
Therefore a new key is first added, and becomes the current one only after every function has read it. So each function
accepts what any other makes.
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
NOT_ROTATABLE = "LookupKey"
"""Keyring that is not rotated, because functions find accounts and rate limits with it."""

PROPAGATION_TIME = timedelta(minutes=6)
"""Time after which every function has read a changed keyring. They cache it for 5 minutes (latchkey.keys)."""
EXPIRY_TIME = timedelta(hours=25)
"""Time after which nothing made with the old key is valid. Links and PINs are valid for at most 24 hours.

The 25th hour is for functions that could not read the new keyring and still used the old key.
"""

LENGTH = 64
ALPHABET = string.ascii_letters + string.digits

EFFECT_OF_ROTATION = {
    "LinkKey": "links that nobody has used yet, also in mails that are still on their way",
    "CookieKey": "cookies of requested links and of known browsers",
    "PinPepper": "PINs that nobody has used yet",
}
"""Things that become invalid when the old keys are dropped at once, by keyring."""


@dataclass(frozen=True, slots=True)
class Ring:
    """A keyring as it is stored in Secrets Manager."""

    arn: str
    document: dict[str, str] = field(repr=False)
    age: timedelta
    """Time since the last write."""

    @property
    def current(self) -> str:
        """Id of the key that functions make new links, cookies or PINs with."""
        return self.document["current"]

    @property
    def ids(self) -> list[str]:
        """Ids of all keys, oldest first."""
        return sorted((name for name in self.document if name != "current"), key=int)

    @property
    def next(self) -> str | None:
        """Id of the key after the current one, which is not used yet. None if there is none."""
        later = self.ids[self.ids.index(self.current) + 1 :]
        return later[0] if later else None


def rotate(args: argparse.Namespace) -> None:
    """Add a key and make it the current one. With `--finish`, drop the older keys.

    The command can be stopped at any time. Run again, it continues with the keyring as it is.

    :raises CommandError: the key cannot be rotated, it is too early to drop a key, or someone else changes the keyring.
    """
    if args.key == NOT_ROTATABLE:
        raise CommandError(
            "LookupKey cannot be rotated: functions find accounts with it, and with another key they would find none."
            " See docs/operations.md, Keys."
        )
    stack = aws.stack(args.stack)
    step = _finish if args.finish else _replace
    step(_read(stack.resource(args.key)), args)


def _replace(ring: Ring, args: argparse.Namespace) -> None:
    following = ring.next
    if following is None:
        following = str(int(ring.ids[-1]) + 1)
        if args.dry_run:
            print(f"Would add key {following} to {args.key} and make it the current key instead of key {ring.current}.")
            return
        _write(ring, ring.document | {following: "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))})
        print(f"{args.key}: key {following} was added. Key {ring.current} is still the current key.", flush=True)
        ring = _read(ring.arn)
    elif args.dry_run:
        print(f"Would make key {following} of {args.key} the current key instead of key {ring.current}.")
        return
    if args.at_once:
        print("For up to 5 minutes, some functions refuse links, cookies or PINs that others make with the new key.")
    elif (left := PROPAGATION_TIME - ring.age) > timedelta():
        print(
            f"Waiting {left.seconds + 1} s until every function has read the new key. If you stop this now, run the"
            " same command again later.",
            flush=True,
        )
        time.sleep(left.total_seconds())
    _write(ring, ring.document | {"current": following})
    expires_at = datetime.now(UTC) + EXPIRY_TIME
    print(f"{args.key}: key {following} is the current key.")
    print(f"After {expires_at:%Y-%m-%dT%H:%MZ}, run the same command with --finish to drop the older keys.")


def _finish(ring: Ring, args: argparse.Namespace) -> None:
    if ring.next is not None:
        raise CommandError(
            f"Key {ring.next} of {args.key} is not the current key yet. Run the same command without --finish first."
        )
    old = [name for name in ring.ids if name != ring.current]
    if not old:
        print(f"{args.key} has only the current key. There is nothing to drop.")
        return
    if not args.at_once and (left := EXPIRY_TIME - ring.age) > timedelta():
        expires_at = datetime.now(UTC) + left
        raise CommandError(
            f"Cannot drop the old {args.key} yet: links, cookies or PINs made with it are valid until"
            f" {expires_at:%Y-%m-%dT%H:%MZ}. Run this again then, or use --at-once if the key has leaked."
        )
    if args.dry_run:
        print(f"Would drop from {args.key}: {', '.join(old)}")
        return
    _write(ring, {"current": ring.current, ring.current: ring.document[ring.current]})
    print(f"{args.key}: key {ring.current} is the only key.")
    if args.at_once:
        print(f"Invalid within 5 minutes: {EFFECT_OF_ROTATION[args.key]}")


def _read(arn: str) -> Ring:
    secret = aws.client("secretsmanager").get_secret_value(SecretId=arn)
    document = json.loads(secret["SecretString"])
    if not all(name == "current" or name.isdecimal() for name in document):
        raise CommandError(f"{arn} has keys without a number: someone edited it. Put its previous version back.")
    return Ring(arn, document, datetime.now(UTC) - secret["CreatedDate"])


def _write(ring: Ring, document: dict[str, str]) -> None:
    """Write a keyring.

    :raises CommandError: someone else has changed the keyring since it was read.
    """
    if _read(ring.arn).document != ring.document:
        raise CommandError("Someone else is changing this keyring. Run this again when they have finished.")
    aws.client("secretsmanager").put_secret_value(SecretId=ring.arn, SecretString=json.dumps(document))
