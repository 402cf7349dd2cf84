"""PINs: one item for each account.

A guess is counted before it is compared, so parallel guesses cannot exceed the limit.
"""

from dataclasses import dataclass
from typing import ClassVar, cast

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import PutError, UpdateError

from latchkey import keys, settings, tokens
from latchkey.rules import pins
from latchkey.rules.accounts import Account, AccountKey
from latchkey.rules.pins import Pin
from latchkey.rules.refusals import PinRefused, Unavailable
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import accounts
from latchkey.store.batches import Batch, ItemKey
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed
from latchkey.store.proofs import Attempt, ConsumingWrite
from latchkey.store.records import to_record

LIVE, USED = "live", "used"
MAX_TRIES = 3


class PinItem(Table):
    """The newest PIN of an account."""

    class Meta:
        table_name = settings.load().pins_table

    account_key = UnicodeAttribute(attr_name="account", hash_key=True)
    generation = UnicodeAttribute()
    pepper_id = UnicodeAttribute(attr_name="key")
    salt = BinaryAttribute(legacy_encoding=False)
    hash = BinaryAttribute(legacy_encoding=False)
    epoch = IntegerAttribute()
    state = UnicodeAttribute()
    used_by = UnicodeAttribute(null=True)
    guesses = IntegerAttribute(attr_name="attempts")
    guess_ids = UnicodeSetAttribute(attr_name="tries", null=True)
    """Ids of the guesses that `guesses` counts. botocore resends a write whose response was lost. The id makes the
    second one fail, so that a guess counts once."""
    failures = IntegerAttribute()
    failures_counted_from = IntegerAttribute(attr_name="since", null=True)
    expires_at = IntegerAttribute()
    sweep_at = IntegerAttribute()

    def pin(self) -> Pin:
        """Return the PIN as a value."""
        return to_record(Pin, self)


def create(account: Account, now_ms: int) -> tuple[str, int]:
    """Create a PIN in place of the one before. Return its digits, and the time at which it expires (Unix seconds).

    :raises Unavailable: other requests changed the stored PIN at the same moment, several times in a row.
    """
    # Consecutive failures carry over to the new PIN until another sign-in succeeds (NIST SP 800-63B-4, 3.2.2).
    # The condition covers generation and guesses: a guess counted between read and write must not be lost.
    # The PIN itself is returned once and stored only as a hash: a lost response costs a new PIN.
    now = now_ms // 1000
    ring, salt, pin = keys.pin(), tokens.random_salt(), tokens.random_pin()
    hashed = tokens.hash_pin(ring, ring.current, salt, account.key, pin)
    expires_at = now + pins.LIFETIME_SECONDS
    for _ in range(MAX_TRIES):
        item = _get(account.key)
        failures = item.failures if item and item.failures_counted_from == account.last_sign_in_at else 0
        unchanged = PinItem.account_key.does_not_exist() if item is None else PinItem.generation == item.generation
        if item is not None:
            unchanged &= PinItem.guesses == item.guesses
        new = PinItem(
            tokens.base64url_encode(account.key),
            generation=tokens.new_ulid(now_ms),
            pepper_id=ring.current,
            salt=salt,
            hash=cast("bytes", hashed),
            epoch=account.epoch,
            state=LIVE,
            guesses=0,
            failures=failures,
            failures_counted_from=account.last_sign_in_at,
            expires_at=expires_at,
            sweep_at=expires_at + pins.KEEP_DEAD_SECONDS,
        )
        try:
            new.save(condition=unchanged)
        except PutError as error:
            if not condition_failed(error):
                raise
        else:
            return pin, expires_at
    raise Unavailable


def item_key(account_key: AccountKey) -> tuple[type[PinItem], ItemKey]:
    """Return the table and key of an account's PIN, to read it with other items."""
    return PinItem, (tokens.base64url_encode(account_key),)


def is_live(batch: Batch, account: Account, now: int) -> bool:
    """Return True if the account has a PIN in the batch that would still open a session. `now` is Unix seconds."""
    item = batch.get(PinItem, tokens.base64url_encode(account.key))
    return (
        item is not None
        and item.state == LIVE
        and item.expires_at > now
        and item.guesses < pins.MAX_GUESSES
        and item.failures < pins.MAX_CONSECUTIVE_WRONG
        and item.epoch == account.epoch
    )


def needs_other_method(batch: Batch, account: Account) -> bool:
    """Return True if no PIN works before a sign-in by another method: too many wrong ones were typed in a row.

    The account's PIN is in the batch, if it has one.
    """
    return refusals_in_a_row(batch, account) >= pins.MAX_CONSECUTIVE_WRONG


def refusals_in_a_row(batch: Batch, account: Account) -> int:
    """Return the number of wrong PINs that were typed in a row since the last sign-in. The batch has the PIN."""
    item = batch.get(PinItem, tokens.base64url_encode(account.key))
    is_counted = item is not None and item.failures_counted_from == account.last_sign_in_at
    return item.failures if item is not None and is_counted else 0


def count_guess(account_key: AccountKey, guess_id: str, now: int) -> Pin:
    """Count one guess, and return the PIN to compare it with. `guess_id` names the guess, so that it counts once.

    :raises PinRefused: there is no live PIN, or it was guessed too often.
    """
    item = PinItem(tokens.base64url_encode(account_key))
    try:
        item.update(
            [PinItem.guesses.add(1), PinItem.failures.add(1), PinItem.guess_ids.add({guess_id})],
            condition=(PinItem.state == LIVE)
            & (PinItem.expires_at > now)
            & (PinItem.guesses < pins.MAX_GUESSES)
            & (PinItem.failures < pins.MAX_CONSECUTIVE_WRONG)
            & ~PinItem.guess_ids.contains(guess_id),
        )
    except UpdateError as error:
        if not condition_failed(error):
            raise
        counted = _get(account_key)
        if counted is None or guess_id not in (counted.guess_ids or ()):
            raise PinRefused from None
        item = counted
    return item.pin()


def release_guess(account_key: AccountKey, guess_id: str) -> None:
    """Take back a guess that stayed undecided, once, unless another PIN has been created since."""
    try:
        PinItem(tokens.base64url_encode(account_key)).upsert(
            [PinItem.guesses.add(-1), PinItem.failures.add(-1), PinItem.guess_ids.delete({guess_id})],
            condition=PinItem.guess_ids.contains(guess_id),
        )
    except UpdateError as error:
        if not condition_failed(error):
            raise


@dataclass(frozen=True, slots=True)
class PinProof:
    """A PIN that was typed right, and the account it opens."""

    account: Account
    pin: Pin
    method: ClassVar[SignInMethod] = "pin"

    def consuming_write(self, account: Account, attempt: Attempt) -> ConsumingWrite:
        """Return the write that marks the PIN as used."""
        return ConsumingWrite(
            PinItem(tokens.base64url_encode(account.key)),
            [PinItem.state.set(USED), PinItem.used_by.set(attempt.id)],
            (PinItem.state == LIVE)
            & (PinItem.generation == self.pin.generation)
            & (PinItem.expires_at > attempt.now)
            & (PinItem.epoch == account.epoch),
        )

    def recheck(self, attempt: Attempt) -> Account | None:
        """Return the account that the PIN still opens, or None if `attempt` used it.

        :raises PinRefused: the PIN no longer opens an account.
        """
        item, account = _get(self.account.key), accounts.find(self.account.key)
        if item and item.used_by == attempt.id:
            return None
        if not item or item.generation != self.pin.generation or item.state != LIVE or not account:
            raise PinRefused
        if not account.may_sign_in or account.epoch != self.pin.epoch:
            raise PinRefused
        return account


def verify(account_key: AccountKey, digits: str, guess_id: str, now: int) -> PinProof:
    """Return the proof that a typed PIN gives. `guess_id` names the guess, so that it counts once.

    :raises PinRefused: the PIN is wrong, expired, used, missing or guessed too often, or the account has no access.
    """
    # Count the guess before comparing, so that parallel guesses cannot exceed the limit.
    # Without a live PIN, hash anyway: PBKDF2 dominates, so "no PIN" and "wrong PIN" take equally long.
    # Every failure is the same refusal, so that nobody sees which check failed.
    ring = keys.pin()
    try:
        pin = count_guess(account_key, guess_id, now)
    except PinRefused:
        tokens.verify_pin(ring, None, account_key, digits)
        raise
    account = accounts.find(account_key)
    tokens.verify_pin(ring, pin, account_key, digits)
    if account is None or not account.may_sign_in or account.epoch != pin.epoch:
        raise PinRefused
    return PinProof(account, pin)


def _get(account_key: AccountKey) -> PinItem | None:
    try:
        return PinItem.get(tokens.base64url_encode(account_key), consistent_read=True)
    except PinItem.DoesNotExist:
        return None
