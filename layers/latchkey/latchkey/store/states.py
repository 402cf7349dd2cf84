"""Started Google sign-ins: one row each, for ten minutes, for one browser, for one return."""

from functools import partial

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from latchkey import settings
from latchkey.rules.accounts import Account
from latchkey.rules.refusals import GoogleFailed, GoogleUnmatched
from latchkey.rules.sessions import Visit
from latchkey.store import accounts, sessions
from latchkey.store.accounts import AccountItem
from latchkey.store.sessions import Arrival, Spending
from latchkey.store.tables import Table, unmet
from latchkey.tokens import decode, encode

LIFE_SECONDS = 600
SWEEP_SECONDS = 3600

OPEN, RETURNED, USED = "open", "returned", "used"


class StateItem(Table):
    """A started sign-in at rest: digests only, so that a reader of the table can return from nowhere."""

    class Meta:
        table_name = settings.load().states_table

    state = UnicodeAttribute(hash_key=True)
    browser = UnicodeAttribute()
    stage = UnicodeAttribute()
    started_at = NumberAttribute()
    used_by = UnicodeAttribute(null=True)
    account = UnicodeAttribute(null=True)
    """Of whom it has signed in."""
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()


def start(state: str, browser: str, now: int) -> None:
    """Remember that this browser has left for Google with this state; both are digests."""
    StateItem(
        state,
        browser=browser,
        stage=OPEN,
        started_at=now,
        expires_at=now + LIFE_SECONDS,
        sweep_at=now + LIFE_SECONDS + SWEEP_SECONDS,
    ).save(condition=StateItem.state.does_not_exist())


def come_back(state: str, browser: str, now: int) -> int:
    """Let the state be returned with, once; when it was started (Unix seconds).

    :raises GoogleFailed: it was, or it is too late, or another browser left with it, whose attempt still stands.
    """
    condition = (StateItem.stage == OPEN) & (StateItem.browser == browser) & (StateItem.expires_at > now)
    item = StateItem(state)
    try:
        item.update([StateItem.stage.set(RETURNED)], condition=condition)
    except UpdateError as error:
        if unmet(error):
            raise GoogleFailed("state") from None
        raise
    return int(item.started_at)


def signed_in(state: str) -> bytes | None:
    """The key of the account that was signed in with a state; None if none was."""
    try:
        item = StateItem.get(state, consistent_read=True)
    except StateItem.DoesNotExist:
        return None
    return decode(item.account) if item.account else None


def spend(state: str, account: Account, subject: str, arrival: Arrival) -> Visit:
    """Open a session for a Google account (`subject`, a digest), and bind it to the account if none is yet.

    :raises GoogleFailed: the state was spent meanwhile.
    :raises GoogleUnmatched: the account's access has ended, or it is bound to another Google account.
    :raises Unavailable: the store does not answer, and nothing was spent.
    """

    def again() -> Account | None:
        try:
            item = StateItem.get(state, consistent_read=True)
        except StateItem.DoesNotExist:
            raise GoogleFailed("state") from None
        if item.used_by == arrival.attempt:
            return None
        if item.stage != RETURNED:
            raise GoogleFailed("state")
        current = accounts.find(account.key)
        if current is None or not current.may_sign_in or current.epoch != account.epoch:
            raise GoogleUnmatched("no_access")
        if current.google not in (None, subject):
            raise GoogleUnmatched("another_subject")
        return current

    return sessions.sign_in(arrival, account, partial(_spending, state, subject, arrival), again)


def _spending(state: str, subject: str, arrival: Arrival, account: Account) -> Spending:
    return Spending(
        StateItem(state),
        [
            StateItem.stage.set(USED),
            StateItem.used_by.set(arrival.attempt),
            StateItem.account.set(encode(account.key)),
        ],
        StateItem.stage == RETURNED,
        binding=(AccountItem.google.set(subject),),
        bound=AccountItem.google.does_not_exist() | (AccountItem.google == subject),
    )
