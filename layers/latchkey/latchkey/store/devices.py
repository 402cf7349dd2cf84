"""Devices: signed in by an app code, renewed by refresh tokens, and ended in one write with the app's session."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from latchkey import tokens
from latchkey.rules import app_codes, devices
from latchkey.rules.accounts import Account, AccountKey, SessionRef
from latchkey.rules.app_codes import AppCode
from latchkey.rules.devices import MAX_DEVICES, AppDevice
from latchkey.rules.events import Event, EventKind
from latchkey.rules.refusals import AppCodeRefused, RefreshTokenRefused, RefreshTokenReused, Unavailable
from latchkey.rules.sessions import MAX_SESSIONS, LiveSession, Session
from latchkey.rules.times import Millis
from latchkey.store import accounts, events
from latchkey.store import app_codes as stored_codes
from latchkey.store.accounts import AccountItem
from latchkey.store.batches import get_pair, read_batch
from latchkey.store.credentials import SESSION_PROJECTION, CredentialsItem, device_action, item_of, slot
from latchkey.store.dynamodb import (
    MAX_TRIES,
    OUTAGES,
    ConcurrentUpdate,
    write_atomically,
)


@dataclass(frozen=True, slots=True)
class AppAttempt:
    """One try of an app to get a session, with its new tokens."""

    id: str
    """ULID. The device that it adds gets it."""
    session_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    now_ms: Millis
    """Unix milliseconds."""
    support_code: str

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000


@dataclass(frozen=True, slots=True)
class SignedInDevice:
    """A device after its app got a session."""

    device: AppDevice
    live_session: LiveSession


def find(account_key: AccountKey) -> tuple[Account | None, list[AppDevice]]:
    """Return an account with its devices, dead ones too, the newest first."""
    item, stored = get_pair(AccountItem, CredentialsItem, tokens.base64url_encode(account_key), SESSION_PROJECTION)
    account = item.account(stored) if item else None
    return account, _newest_first(stored, account)


def find_all(account_keys: Iterable[AccountKey]) -> tuple[dict[AccountKey, Account], dict[AccountKey, list[AppDevice]]]:
    """Return accounts and their devices, dead ones too, the newest first. Keys without an account are left out."""
    keys = list(account_keys)
    batch = read_batch(accounts.item_keys(keys), accounts.PROJECTIONS)
    accounts_by_key = accounts.found_in(batch, keys)
    return accounts_by_key, {
        key: _newest_first(batch.get(CredentialsItem, tokens.base64url_encode(key)), account)
        for key, account in accounts_by_key.items()
    }


def _newest_first(stored: CredentialsItem | None, account: Account | None) -> list[AppDevice]:
    """Return the stored devices of an account, dead ones too."""
    found = stored.devices(account) if stored and account else ()
    return sorted(found, key=lambda device: device.signed_in_at, reverse=True)


def live(account_key: AccountKey, now: int) -> list[AppDevice]:
    """Return the live devices of an account, the newest first. `now` is Unix seconds."""
    account, found = find(account_key)
    return [device for device in found if account and device.is_live(account, now)]


def sign_in(request: str, code: AppCode, sent: str, name: str, attempt: AppAttempt) -> SignedInDevice:
    """Use an app code, and return the device that is signed in: all of it or nothing. `count_try` has counted the try.

    `request` is the digest of the app's request, `sent` that of the code it sent.

    :raises AppCodeRefused: the code opens nothing, or another attempt used it.
    :raises Unavailable: DynamoDB does not answer, or others write the same item.
    """
    # After an error we cannot know whether the transaction committed. The stored code says which attempt has used it.
    # Try again only after a concurrent update. After an outage with nothing written, the app tries again.
    for _ in range(MAX_TRIES):
        account, stored = find(code.account_key)
        account = app_codes.check(code, account, sent, attempt.now)
        try:
            return _add(request, code, account, stored, name, attempt)
        except (ConcurrentUpdate, *OUTAGES) as error:
            is_outage = not isinstance(error, ConcurrentUpdate)
        current = stored_codes.find(request)
        if current is None or (current.is_used and current.used_by != attempt.id):
            raise AppCodeRefused
        if current.is_used:
            # our own commit, whose response was lost
            return _added_by(attempt, code.account_key)
        if is_outage:
            raise Unavailable
        if current.code != code.code:
            raise AppCodeRefused
    raise Unavailable


def refresh(practice: str, token: str, attempt: AppAttempt) -> SignedInDevice:
    """Return the device of a refresh token, with its next refresh token and session. An old token ends the device.

    :raises RefreshTokenRefused: the token opens nothing.
    :raises RefreshTokenReused: the token was used before. The device has ended.
    :raises Unavailable: DynamoDB does not answer. The token may be used up.
    """
    parts = tokens.parse_refresh_token(token)
    if parts is None:
        raise RefreshTokenRefused
    account_key, family = parts[0], tokens.family_digest(practice, parts[1])
    sent, new = (tokens.refresh_digest(practice, text) for text in (token, attempt.refresh_token))
    for _ in range(MAX_TRIES):
        account, stored = find(account_key)
        own = next((device for device in stored if device.family == family), None)
        if own and account and own.token == new:
            # our own commit, whose response was lost
            return _signed_in(own, account)
        try:
            device, account = devices.check_refresh(own, account, sent, attempt.now)
        except RefreshTokenReused:
            if own:
                end(own, "refresh_token_reused", attempt.now_ms, attempt.support_code)
            raise
        # After a failed write, read again: a token that is old by then has two holders.
        with suppress(ConcurrentUpdate, *OUTAGES):
            return _renew(device, account, new, attempt)
    raise Unavailable


def end(device: AppDevice, reason: str, now_ms: Millis, support_code: str, actor: str = "client") -> None:
    """End a device with its session, whatever token it has by now, and write the audit row.

    A device that has ended already gets no second row.

    :raises Unavailable: others kept writing the same item.
    """
    row = replace(_event(EventKind.DEVICE_ENDED, device.session, now_ms, support_code, reason), actor=actor)

    def write(transaction: TransactWrite) -> None:
        stored = slot(device.session.slot)
        transaction.update(item_of(device.session), [stored.remove()], condition=stored.device == device.id)
        events.append_in(transaction, row)

    with suppress(ConcurrentUpdate):
        write_atomically(write)


def _added_by(attempt: AppAttempt, account_key: AccountKey) -> SignedInDevice:
    """Return the device that this attempt has added.

    :raises AppCodeRefused: the device has ended since.
    """
    account, stored = find(account_key)
    for device in stored:
        if account and device.id == attempt.id:
            return _signed_in(device, account)
    raise AppCodeRefused


def _add(
    request: str, code: AppCode, account: Account, stored: list[AppDevice], name: str, attempt: AppAttempt
) -> SignedInDevice:
    """Store the device in a free slot, or in that of the oldest device, and use the code. Return the device.

    :raises ConcurrentUpdate: the slot was taken, or the code was used.
    """
    alive = [device for device in stored if device.is_live(account, attempt.now)]
    ended = devices.evicted(alive)
    occupied = {device.session.slot for device in alive if device not in ended}
    number = min(set(range(MAX_SESSIONS, MAX_SESSIONS + MAX_DEVICES)) - occupied)
    before = next((device for device in stored if device.session.slot == number), None)
    session = Session(
        digest=tokens.app_session_digest(account.practice, attempt.session_token),
        practice=account.practice,
        account_key=account.key,
        epoch=account.epoch,
        method=code.method,
        started_at=attempt.now,
        last_active_at=attempt.now,
        previous_sign_in_at=account.last_sign_in_at,
        session_epoch=account.session_epoch,
        slot=number,
        device=attempt.id,
    )
    parts = tokens.parse_refresh_token(attempt.refresh_token)
    device = AppDevice(
        id=attempt.id,
        name=name,
        family=tokens.family_digest(account.practice, parts[1] if parts else b""),
        token=tokens.refresh_digest(account.practice, attempt.refresh_token),
        signed_in_at=attempt.now,
        session=session,
    )
    rows = [_event(EventKind.DEVICE_ADDED, session, attempt.now_ms, attempt.support_code)]
    rows += [
        _event(EventKind.DEVICE_ENDED, other.session, attempt.now_ms, attempt.support_code, "room") for other in ended
    ]

    def write(transaction: TransactWrite) -> None:
        transaction.update(item_of(session), [device_action(device)], condition=_is_as_read(number, before))
        stored_codes.use_in(transaction, request, code, attempt.id, attempt.now)
        for row in rows:
            events.append_in(transaction, row)

    write_atomically(write)
    return _signed_in(device, account)


def _renew(device: AppDevice, account: Account, token: str, attempt: AppAttempt) -> SignedInDevice:
    """Store the digest of a device's next refresh token, and the app's next session. Return the device.

    The session keeps the open profile.

    :raises ConcurrentUpdate: the device has another token, or has ended.
    """
    session = replace(
        device.session,
        digest=tokens.app_session_digest(account.practice, attempt.session_token),
        started_at=attempt.now,
        last_active_at=attempt.now,
    )
    renewed = replace(device, token=token, session=session)
    stored = slot(session.slot)
    row = _event(EventKind.SESSION_STARTED, session, attempt.now_ms, attempt.support_code, "app")

    def write(transaction: TransactWrite) -> None:
        transaction.update(
            item_of(session),
            [
                stored.digest.set(session.digest),
                stored.token.set(token),
                stored.started_at.set(attempt.now),
                stored.last_active_at.set(attempt.now),
            ],
            condition=stored.token == device.token,
        )
        events.append_in(transaction, row)

    write_atomically(write)
    return _signed_in(renewed, account)


def _is_as_read(number: int, before: AppDevice | None) -> Condition:
    """Return the condition that a slot still has the device that was read there, or still has none."""
    stored = slot(number)
    condition: Condition = stored.device == before.id if before else stored.does_not_exist()
    return condition


def _signed_in(device: AppDevice, account: Account) -> SignedInDevice:
    ref = SessionRef(device.session.digest, device.session.started_at, device.session.slot)
    return SignedInDevice(device, LiveSession(device.session, replace(account, sessions=(*account.sessions, ref))))


def _event(kind: EventKind, session: Session, at_ms: Millis, support_code: str, reason: str | None = None) -> Event:
    return Event(
        session.practice,
        session.account_key,
        kind,
        at_ms,
        reason=reason,
        method=session.method,
        support_code=support_code,
    )
