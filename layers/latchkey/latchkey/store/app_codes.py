"""App codes: one item for each challenge of an app, beside the states of sign-ins with a provider.

The key is a digest of the challenge, so only the app that knows the verifier finds the item. A stolen code finds none.
"""

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings
from latchkey.rules.accounts import AccountKey
from latchkey.rules.app_codes import CODE_SECONDS, MAX_TRIES, AppCode
from latchkey.rules.refusals import AppCodeRefused
from latchkey.rules.sessions import LiveSession
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed
from latchkey.store.records import to_record
from latchkey.tokens import base64url_decode, base64url_encode

SWEEP_SECONDS = 24 * 3600
"""Seconds for which an item is stored. A link in a mail can lead to a used challenge for as long."""


class AppCodeItem(Table):
    """A code for the challenge of an app. It holds digests only, and the account's key."""

    class Meta:
        table_name = settings.load().oauth_states_table

    request = UnicodeAttribute(attr_name="state", hash_key=True)
    account_key = UnicodeAttribute(attr_name="account")
    code = UnicodeAttribute()
    typed = UnicodeAttribute()
    epoch = IntegerAttribute()
    session_epoch = IntegerAttribute()
    method = UnicodeAttribute()
    expires_at = IntegerAttribute()
    tries = IntegerAttribute(default=0)
    is_used = BooleanAttribute(attr_name="used", default=False)
    used_by = UnicodeAttribute(null=True)
    sweep_at = IntegerAttribute()

    def app_code(self) -> AppCode:
        """Return the item as a value."""
        return to_record(AppCode, self, account_key=AccountKey(base64url_decode(self.account_key) or b""))


def save(request: str, live: LiveSession, code: str, typed: str, now: int) -> None:
    """Store the digests of a new code for an app's request, in place of one that was not used. `now` is Unix seconds.

    The count of tries goes on, so that a second code does not allow more of them.

    :raises AppCodeRefused: the app was signed in by this request before.
    """
    item = AppCodeItem(request)
    account, session = live.account, live.session
    actions: list[Action] = [
        AppCodeItem.account_key.set(base64url_encode(account.key)),
        AppCodeItem.code.set(code),
        AppCodeItem.typed.set(typed),
        AppCodeItem.epoch.set(account.epoch),
        AppCodeItem.session_epoch.set(account.session_epoch),
        AppCodeItem.method.set(session.method),
        AppCodeItem.expires_at.set(now + CODE_SECONDS),
        AppCodeItem.tries.set(AppCodeItem.tries | 0),
        AppCodeItem.is_used.set(False),
        AppCodeItem.sweep_at.set(now + SWEEP_SECONDS),
    ]
    try:
        item.upsert(actions, condition=AppCodeItem.request.does_not_exist() | (AppCodeItem.is_used == False))  # noqa: E712
    except UpdateError as error:
        if condition_failed(error):
            raise AppCodeRefused from None
        raise


def find(request: str) -> AppCode | None:
    """Return the code of an app's request, or None."""
    try:
        return AppCodeItem.get(request, consistent_read=True).app_code()
    except AppCodeItem.DoesNotExist:
        return None


def count_try(request: str, now: int) -> None:
    """Count a sent code before it is compared, so that parallel guesses stay within `MAX_TRIES`. `now` is Unix seconds.

    :raises AppCodeRefused: the code is used or too old, or `MAX_TRIES` codes were sent.
    """
    try:
        AppCodeItem(request).upsert([AppCodeItem.tries.add(1)], condition=_is_open(now))
    except UpdateError as error:
        if condition_failed(error):
            raise AppCodeRefused from None
        raise


def use_in(transaction: TransactWrite, request: str, code: AppCode, attempt_id: str, now: int) -> None:
    """Mark a code as used, if and only if the transaction commits. `count_try` has counted its try."""
    condition = (
        (AppCodeItem.is_used == False)  # noqa: E712 - an expression of PynamoDB
        & (AppCodeItem.expires_at > now)
        & (AppCodeItem.code == code.code)
    )
    transaction.update(
        AppCodeItem(request),
        [AppCodeItem.is_used.set(True), AppCodeItem.used_by.set(attempt_id)],
        condition=condition,
    )


def _is_open(now: int) -> Condition:
    """Return the condition of `AppCode.is_open`."""
    condition: Condition = (
        (AppCodeItem.is_used == False)  # noqa: E712 - an expression of PynamoDB
        & (AppCodeItem.expires_at > now)
        & (AppCodeItem.tries < MAX_TRIES)
    )
    return condition
