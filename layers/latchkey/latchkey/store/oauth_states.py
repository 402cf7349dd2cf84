"""OAuth states: one item for each started sign-in with a provider, for ten minutes, one browser and one return."""

from dataclasses import dataclass, field

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import UpdateError

from latchkey import settings
from latchkey.rules.accounts import Account
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import IdentityUnmatched, ProviderFailed
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.store import accounts
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed
from latchkey.store.proofs import Attempt, ConsumingWrite
from latchkey.tokens import base64url_decode, base64url_encode

LIFE_SECONDS = 600
SWEEP_SECONDS = 3600

OPEN, RETURNED, USED = "open", "returned", "used"


class OAuthStateItem(Table):
    """A started sign-in. It holds digests only, so that it cannot be finished from the table."""

    class Meta:
        table_name = settings.load().oauth_states_table

    state = UnicodeAttribute(hash_key=True)
    browser = UnicodeAttribute()
    step = UnicodeAttribute(attr_name="stage")
    started_at = IntegerAttribute()
    used_by = UnicodeAttribute(null=True)
    account = UnicodeAttribute(null=True)
    """Key of the account that was signed in."""
    expires_at = IntegerAttribute()
    sweep_at = IntegerAttribute()


def save(state: str, browser: str, now: int) -> None:
    """Store the digest of a new state, with the digest of the browser's secret. `now` is Unix seconds."""
    OAuthStateItem(
        state,
        browser=browser,
        step=OPEN,
        started_at=now,
        expires_at=now + LIFE_SECONDS,
        sweep_at=now + LIFE_SECONDS + SWEEP_SECONDS,
    ).save(condition=OAuthStateItem.state.does_not_exist())


def mark_returned(state: str, browser: str, now: int) -> int:
    """Mark that a browser has returned with a state, and return the time at which it started (Unix seconds).

    :raises ProviderFailed: the state is too old, a browser has returned with it before, or another browser started it.
        The browser that started it can still return.
    """
    condition = (OAuthStateItem.step == OPEN) & (OAuthStateItem.browser == browser) & (OAuthStateItem.expires_at > now)
    item = OAuthStateItem(state)
    try:
        item.update([OAuthStateItem.step.set(RETURNED)], condition=condition)
    except UpdateError as error:
        if condition_failed(error):
            raise ProviderFailed("state") from None
        raise
    return item.started_at


def account_signed_in(state: str) -> bytes | None:
    """Return the key of the account that was signed in with a state, or None."""
    try:
        item = OAuthStateItem.get(state, consistent_read=True)
    except OAuthStateItem.DoesNotExist:
        return None
    return base64url_decode(item.account) if item.account else None


@dataclass(frozen=True, slots=True)
class ProviderProof:
    """An identity that a provider vouched for, and the account it opens."""

    account: Account
    state: str
    """Digest of the state that this sign-in was started with."""
    subject: str = field(repr=False)
    """Digest of the provider's subject. The first one to sign in is linked to the account."""
    provider: ProviderName

    @property
    def method(self) -> SignInMethod:
        """The provider's name, because each provider is a sign-in method of its own."""
        return self.provider

    def consuming_write(self, account: Account, attempt: Attempt) -> ConsumingWrite:
        """Return the write that uses the state, and links the identity to the account if none is yet."""
        identity = accounts.identity_attribute(self.provider)
        return ConsumingWrite(
            OAuthStateItem(self.state),
            [
                OAuthStateItem.step.set(USED),
                OAuthStateItem.used_by.set(attempt.id),
                OAuthStateItem.account.set(base64url_encode(account.key)),
            ],
            OAuthStateItem.step == RETURNED,
            account_actions=(identity.set(self.subject),),
            account_condition=identity.does_not_exist() | (identity == self.subject),
        )

    def recheck(self, attempt: Attempt) -> Account | None:
        """Return the account that the identity still opens, or None if `attempt` used the state.

        :raises ProviderFailed: the state was used meanwhile.
        :raises IdentityUnmatched: access has ended, or another identity is linked.
        """
        try:
            item = OAuthStateItem.get(self.state, consistent_read=True)
        except OAuthStateItem.DoesNotExist:
            raise ProviderFailed("state") from None
        if item.used_by == attempt.id:
            return None
        if item.step != RETURNED:
            raise ProviderFailed("state")
        account = accounts.find(self.account.key)
        if account is None or not account.may_sign_in or account.epoch != self.account.epoch:
            raise IdentityUnmatched("no_access")
        if account.identities.get(self.provider, self.subject) != self.subject:
            raise IdentityUnmatched("another_subject")
        return account
