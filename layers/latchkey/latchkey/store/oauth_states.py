"""Started Google sign-ins: one row each, for ten minutes, for one browser, for one return."""

from functools import partial

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError

from latchkey import settings
from latchkey.rules.accounts import Account
from latchkey.rules.refusals import IdentityUnmatched, ProviderFailed
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, sessions
from latchkey.store.accounts import AccountItem
from latchkey.store.dynamodb import Table, condition_failed
from latchkey.store.sessions import Attempt, ConsumingWrite
from latchkey.tokens import base64url_decode, base64url_encode

LIFE_SECONDS = 600
SWEEP_SECONDS = 3600

OPEN, RETURNED, USED = "open", "returned", "used"


class OAuthStateItem(Table):
    """A started sign-in at rest: digests only, so that a reader of the table can return from nowhere."""

    class Meta:
        table_name = settings.load().oauth_states_table

    state = UnicodeAttribute(hash_key=True)
    browser = UnicodeAttribute()
    step = UnicodeAttribute(attr_name="stage")
    started_at = NumberAttribute()
    used_by = UnicodeAttribute(null=True)
    account = UnicodeAttribute(null=True)
    """Of whom it has signed in."""
    expires_at = NumberAttribute()
    sweep_at = NumberAttribute()


def save(state: str, browser: str, now: int) -> None:
    """Remember that this browser has left for Google with this state; both are digests."""
    OAuthStateItem(
        state,
        browser=browser,
        step=OPEN,
        started_at=now,
        expires_at=now + LIFE_SECONDS,
        sweep_at=now + LIFE_SECONDS + SWEEP_SECONDS,
    ).save(condition=OAuthStateItem.state.does_not_exist())


def mark_returned(state: str, browser: str, now: int) -> int:
    """Let the state be returned with, once; when it was started (Unix seconds).

    :raises GoogleFailed: it was, or it is too late, or another browser left with it, whose attempt still stands.
    """
    condition = (OAuthStateItem.step == OPEN) & (OAuthStateItem.browser == browser) & (OAuthStateItem.expires_at > now)
    item = OAuthStateItem(state)
    try:
        item.update([OAuthStateItem.step.set(RETURNED)], condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            raise ProviderFailed("state") from None
        raise
    return int(item.started_at)


def account_signed_in(state: str) -> bytes | None:
    """The key of the account that was signed in with a state; None if none was."""
    try:
        item = OAuthStateItem.get(state, consistent_read=True)
    except OAuthStateItem.DoesNotExist:
        return None
    return base64url_decode(item.account) if item.account else None


def spend(state: str, account: Account, subject: str, arrival: Attempt) -> LiveSession:
    """Open a session for a Google account (`subject`, a digest), and bind it to the account if none is yet.

    :raises GoogleFailed: the state was spent meanwhile.
    :raises GoogleUnmatched: the account's access has ended, or it is bound to another Google account.
    :raises Unavailable: the store does not answer, and nothing was spent.
    """

    def again() -> Account | None:
        try:
            item = OAuthStateItem.get(state, consistent_read=True)
        except OAuthStateItem.DoesNotExist:
            raise ProviderFailed("state") from None
        if item.used_by == arrival.id:
            return None
        if item.step != RETURNED:
            raise ProviderFailed("state")
        current = accounts.find(account.key)
        if current is None or not current.may_sign_in or current.epoch != account.epoch:
            raise IdentityUnmatched("no_access")
        if current.google not in (None, subject):
            raise IdentityUnmatched("another_subject")
        return current

    return sessions.start(arrival, account, partial(_spending, state, subject, arrival), again)


def _spending(state: str, subject: str, arrival: Attempt, account: Account) -> ConsumingWrite:
    return ConsumingWrite(
        OAuthStateItem(state),
        [
            OAuthStateItem.step.set(USED),
            OAuthStateItem.used_by.set(arrival.id),
            OAuthStateItem.account.set(base64url_encode(account.key)),
        ],
        OAuthStateItem.step == RETURNED,
        account_actions=(AccountItem.google.set(subject),),
        account_condition=AccountItem.google.does_not_exist() | (AccountItem.google == subject),
    )
