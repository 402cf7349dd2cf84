"""PINs: one item an account. A try is counted before it is compared; no number of tries at once gets one more."""

from functools import partial
from typing import cast

from pynamodb.attributes import BinaryAttribute, NumberAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PutError, UpdateError

from latchkey import keys, settings, tokens
from latchkey.rules import pins
from latchkey.rules.accounts import Account
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import PinRefused, Unavailable
from latchkey.rules.sessions import Visit
from latchkey.store import accounts, sessions
from latchkey.store.sessions import Arrival, Spending
from latchkey.store.tables import Table, unmet

LIVE, USED = "live", "used"
TRIES = 3


class PinItem(Table):
    """An account's newest PIN at rest."""

    class Meta:
        table_name = settings.load().pins_table

    account = UnicodeAttribute(hash_key=True)
    generation = UnicodeAttribute()
    key = UnicodeAttribute()
    salt = BinaryAttribute(legacy_encoding=False)
    hash = BinaryAttribute(legacy_encoding=False)
    epoch = NumberAttribute()
    state = UnicodeAttribute()
    used_by = UnicodeAttribute(null=True)
    attempts = NumberAttribute()
    tries = UnicodeSetAttribute(null=True)
    """Names of the attempts that `attempts` counts. botocore sends a write again whose answer was lost: here it finds
    what it did the first time, and is refused."""
    failures = NumberAttribute()
    since = NumberAttribute(null=True)
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()

    def pin(self) -> Pin:
        """The PIN as rules know it."""
        return Pin(
            generation=self.generation,
            key=self.key,
            salt=self.salt,
            hash=self.hash,
            epoch=int(self.epoch),
            expires_at=int(self.expires_at),
        )


def make(account: Account, instant: int) -> tuple[str, int]:
    """A new PIN and when it expires (Unix seconds); the one before it is dead.

    The PIN is nowhere but in what is returned. Consecutive wrong PINs go on counting from one to the next until the
    account has signed in some other way.

    :raises Unavailable: someone else was making one at the same moment, several times over.
    """
    now = instant // 1000
    ring, salt, pin = keys.pin(), tokens.salt(), tokens.pin()
    hashed = tokens.pin_hash(ring, ring.current, salt, account.key, pin)
    expires_at = now + pins.LIFE_SECONDS
    for _ in range(TRIES):
        item = _read(account.key)
        failures = item.failures if item and item.since == account.last_sign_in_at else 0
        same = PinItem.account.does_not_exist() if item is None else PinItem.generation == item.generation
        if item is not None:
            same &= PinItem.attempts == item.attempts
        new = PinItem(
            tokens.encode(account.key),
            generation=tokens.ulid(instant),
            key=ring.current,
            salt=salt,
            hash=cast("bytes", hashed),
            epoch=account.epoch,
            state=LIVE,
            attempts=0,
            failures=failures,
            since=account.last_sign_in_at,
            expires_at=expires_at,
            sweep_at=expires_at + pins.SWEEP_SECONDS,
        )
        try:
            new.save(condition=same)
        except PutError as error:
            if not unmet(error):
                raise
        else:
            return pin, expires_at
    raise Unavailable


def is_live(account: Account, now: int) -> bool:
    """Whether the account has a PIN that would still open a session."""
    item = _read(account.key)
    return (
        item is not None
        and item.state == LIVE
        and item.expires_at > now
        and item.attempts < pins.MOST_ATTEMPTS
        and item.failures < pins.MOST_FAILURES
        and item.epoch == account.epoch
    )


def take_attempt(account: bytes, attempt: str, now: int) -> Pin:
    """Count one try, and return the PIN that it may be compared with. `attempt` names the try: it counts once.

    :raises PinRefused: there is none that is live, or it has been tried too often.
    """
    item = PinItem(tokens.encode(account))
    try:
        item.update(
            [PinItem.attempts.add(1), PinItem.failures.add(1), PinItem.tries.add({attempt})],
            condition=(PinItem.state == LIVE)
            & (PinItem.expires_at > now)
            & (PinItem.attempts < pins.MOST_ATTEMPTS)
            & (PinItem.failures < pins.MOST_FAILURES)
            & ~PinItem.tries.contains(attempt),
        )
    except UpdateError as error:
        if not unmet(error):
            raise
        counted = _read(account)
        if counted is None or attempt not in (counted.tries or ()):
            raise PinRefused from None
        item = counted
    return item.pin()


def give_back_attempt(account: bytes, attempt: str) -> None:
    """Uncount a try that stayed undecided, once, and unless another PIN has been made since."""
    try:
        PinItem(tokens.encode(account)).write(
            [PinItem.attempts.add(-1), PinItem.failures.add(-1), PinItem.tries.delete({attempt})],
            condition=PinItem.tries.contains(attempt),
        )
    except UpdateError as error:
        if not unmet(error):
            raise


def spend(pin: Pin, account: Account, arrival: Arrival) -> Visit:
    """Open a session by a PIN that was rightly typed, and use it up.

    :raises PinRefused: someone or something was faster.
    :raises Unavailable: the store does not answer, and nothing was spent.
    """

    def again() -> Account | None:
        item, current = _read(account.key), accounts.find(account.key)
        if item and item.used_by == arrival.attempt:
            return None
        if not item or item.generation != pin.generation or item.state != LIVE or not current:
            raise PinRefused
        if not current.may_sign_in or current.epoch != pin.epoch:
            raise PinRefused
        return current

    return sessions.sign_in(arrival, account, partial(_spending, pin, arrival), again)


def _spending(pin: Pin, arrival: Arrival, account: Account) -> Spending:
    return Spending(
        PinItem(tokens.encode(account.key)),
        [PinItem.state.set(USED), PinItem.used_by.set(arrival.attempt)],
        (PinItem.state == LIVE)
        & (PinItem.generation == pin.generation)
        & (PinItem.expires_at > arrival.instant // 1000)
        & (PinItem.epoch == account.epoch),
    )


def _read(account: bytes) -> PinItem | None:
    try:
        return PinItem.get(tokens.encode(account), consistent_read=True)
    except PinItem.DoesNotExist:
        return None
