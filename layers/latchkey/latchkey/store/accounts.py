"""Accounts, read consistently, because access depends on them."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import TransactWriteError, UpdateError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, IncludeProjection, KeysOnlyProjection
from pynamodb.transactions import TransactWrite

from latchkey import keys, log, settings, tokens
from latchkey.rules.accounts import Account, AccountKey, AccountStatus, Profile
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.attention import AttentionReason
from latchkey.rules.events import Event
from latchkey.rules.languages import Language, language_of, language_or_default
from latchkey.rules.providers import PROVIDER_NAMES, ProviderName
from latchkey.store import events
from latchkey.store.batches import Batch, ItemKey, Projections, read_batch
from latchkey.store.credentials import SESSION_PROJECTION, CredentialsItem
from latchkey.store.dynamodb import (
    OUTAGES,
    IntegerAttribute,
    Map,
    MapListAttribute,
    Table,
    condition_failed,
    connection,
    set_or_remove,
    transaction_condition_failed,
)
from latchkey.store.records import to_actions, to_attributes, to_record
from latchkey.tokens import base64url_decode, base64url_encode

ID_ATTRIBUTES = ("key", "id", "owner", "first_sign_in_at")
"""The attributes that `find_ids` reads. The role of the function that publishes events allows no more."""
WRITTEN_BY_REPORTS = (
    *("email_status", "email_status_at", "mail_sequence"),
    *("bounced_at", "bounce_reason", "attention", "attention_from"),
)
"""Fields that reports about mail write. A clinician's write must not overwrite them with what was read before."""


class ProfileItem(Map):
    """A profile that an account may open."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    features = UnicodeSetAttribute(null=True)
    relation = UnicodeAttribute(null=True)
    grant = UnicodeAttribute(null=True)


class AttentionIndex(GlobalSecondaryIndex["AccountItem"]):
    """An index of the accounts that have `attention_from`, by that time. It is eventually consistent.

    A sign-in and the end of access remove an account from the index. Readers of the index read the account itself, too.
    """

    class Meta:
        index_name = "by-attention"
        projection = IncludeProjection(["owner", "profiles"])

    practice = UnicodeAttribute(hash_key=True)
    attention_from = IntegerAttribute(range_key=True)


class IdIndex(GlobalSecondaryIndex["AccountItem"]):
    """An index of the accounts by their id, with keys only. It is eventually consistent."""

    class Meta:
        index_name = "by-id"
        projection = KeysOnlyProjection()

    id = UnicodeAttribute(hash_key=True)


class AccountItem(Table):
    """An account."""

    class Meta:
        table_name = settings.load().accounts_table

    key = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute()
    practice = UnicodeAttribute()
    address = UnicodeAttribute()
    name = UnicodeAttribute()
    language = UnicodeAttribute()
    chosen_language = UnicodeAttribute(null=True)
    status = UnicodeAttribute()
    epoch = IntegerAttribute()
    email_ok = BooleanAttribute()
    suppressed = BooleanAttribute(default=False)
    confirmed_at = IntegerAttribute(null=True)
    owner = UnicodeAttribute(null=True)
    # the identity that is linked at a provider, in an attribute with the provider's name
    for provider in PROVIDER_NAMES:
        vars()[provider] = UnicodeAttribute(null=True)
    del provider
    ended_at = IntegerAttribute(null=True)
    profiles = MapListAttribute(of=ProfileItem)
    session_epoch = IntegerAttribute(default=0)
    revision = IntegerAttribute(default=0)
    first_sign_in_at = IntegerAttribute(null=True)
    last_sign_in_at = IntegerAttribute(null=True)
    email_status = UnicodeAttribute(null=True)
    email_status_at = IntegerAttribute(null=True)
    mail_sequence = UnicodeAttribute(null=True)
    message_id = UnicodeAttribute(null=True)
    bounced_at = IntegerAttribute(null=True)
    bounce_reason = UnicodeAttribute(null=True)
    attention = UnicodeAttribute(null=True)
    attention_from = IntegerAttribute(null=True)
    by_attention = AttentionIndex()
    by_id = IdIndex()

    def account(self, credentials: CredentialsItem | None = None) -> Account:
        """Return the account as a value. Without its credentials it has no sessions and perhaps no last sign-in."""
        account = to_record(
            Account,
            self,
            key=base64url_decode(self.key) or b"",
            language=language_or_default(self.language),
            chosen_language=language_of(self.chosen_language),
            status=AccountStatus(self.status),
            identities={name: subject for name in PROVIDER_NAMES if (subject := getattr(self, name))},
            profiles=tuple(to_record(Profile, p, features=frozenset(p.features or ())) for p in self.profiles),
            sessions=(),
            email_status=self.email_status or "none",
            newer_link_sequence=self._newer_link_sequence(credentials),
        )
        # an erased account has no address, and the next person with this address another id
        if credentials is None or credentials.signed_in_as != account.id or not account.address:
            return account
        last_sign_in_at = max(credentials.last_sign_in_at or 0, account.last_sign_in_at or 0)
        return replace(account, sessions=credentials.session_refs(account), last_sign_in_at=last_sign_in_at)

    def _newer_link_sequence(self, credentials: CredentialsItem | None) -> str | None:
        # A status of the version before has no sequence. Its next mail gives it one.
        if credentials is None or not credentials.sequence or not self.mail_sequence:
            return None
        return credentials.sequence if credentials.sequence > self.mail_sequence else None


def identity_attribute(provider: ProviderName) -> UnicodeAttribute:
    """Return the attribute of an account that holds the digest of its identity at a provider."""
    attribute: UnicodeAttribute = getattr(AccountItem, provider)
    return attribute


def key_of(practice: str, address: CanonicalAddress) -> AccountKey:
    """Return the key of the account of a canonical address.

    :raises Unavailable: `LookupKey` cannot be read.
    """
    return tokens.account_key(keys.lookup(), practice, address)


PROJECTIONS: Projections = {CredentialsItem: (*SESSION_PROJECTION, "#sequence")}
"""The attributes that a read of accounts needs of their credentials."""


def find(account_key: AccountKey) -> Account | None:
    """Return the account of this key, or None."""
    return find_all([account_key]).get(account_key)


def find_without_sessions(account_key: AccountKey) -> Account | None:
    """Return the account of this key without its sessions and its last sign-in, or None. It costs half of `find`."""
    try:
        return AccountItem.get(base64url_encode(account_key), consistent_read=True).account()
    except AccountItem.DoesNotExist:
        return None


def find_by_id(practice: str, account_id: str) -> Account | None:
    """Return the practice's account of this id without its sessions, or None. The account itself is read consistently.

    A new person with the same address has another id, so an old id opens nothing of theirs.
    """
    for item in AccountItem.by_id.query(account_id, limit=1):
        account = find_without_sessions(AccountKey(base64url_decode(item.key) or b""))
        if account and (account.practice, account.id) == (practice, account_id) and account.address:
            return account
    return None


def find_ids(account_key: AccountKey) -> Account | None:
    """Return the account of this key, or None. Only `id`, `owner` and `first_sign_in_at` are read and filled in.

    The function that publishes events may read nothing else of the record.
    """
    try:
        item = AccountItem.get(
            base64url_encode(account_key), consistent_read=True, attributes_to_get=list(ID_ATTRIBUTES)
        )
    except AccountItem.DoesNotExist:
        return None
    return Account(account_key, item.id, "", "", "", owner=item.owner, first_sign_in_at=item.first_sign_in_at)


def item_keys(account_keys: Iterable[AccountKey]) -> Iterator[tuple[type[Table], ItemKey]]:
    """Yield the tables and keys of accounts and their credentials, to read them with other items."""
    for account_key in account_keys:
        key = (base64url_encode(account_key),)
        yield AccountItem, key
        yield CredentialsItem, key


def found_in(batch: Batch, account_keys: Iterable[AccountKey]) -> dict[AccountKey, Account]:
    """Return the accounts of these keys that were read together, by key."""
    texts = {key: base64url_encode(key) for key in account_keys}
    items = {key: batch.get(AccountItem, text) for key, text in texts.items()}
    return {key: item.account(batch.get(CredentialsItem, texts[key])) for key, item in items.items() if item}


def find_all(account_keys: Iterable[AccountKey]) -> dict[AccountKey, Account]:
    """Return the accounts of these keys, by key. Keys without an account are left out."""
    keys = list(account_keys)
    return found_in(read_batch(item_keys(keys), PROJECTIONS), keys)


def save(account: Account) -> None:
    """Create an account, or replace it without a condition."""
    AccountItem(base64url_encode(account.key)).upsert(
        [*_update_actions(account), AccountItem.revision.set(account.revision)]
    )


def update_in(transaction: TransactWrite, account: Account, before: Account | None) -> None:
    """Write an account in a transaction, which fails if the account has changed since it was read as `before`.

    The mail status and the attention are written only if the decision changes them, because reports about mail write
    them too.
    """
    unchanged = AccountItem.revision == account.revision
    new = AccountItem.key.does_not_exist() if account.revision == 0 else None
    mail: list[Action] = []
    if before is not None and before.email_status != account.email_status:
        # reports about the mails until now no longer count
        newest = before.newer_link_sequence or before.mail_sequence
        mail = [*mail_actions(account.email_status, None), *([AccountItem.mail_sequence.set(newest)] if newest else [])]
    noted = (before.attention, before.attention_from) if before else (None, None)
    if (account.attention, account.attention_from) != noted:
        mail += attention_actions(account.attention, account.attention_from)
    transaction.update(
        AccountItem(base64url_encode(account.key)),
        [*_update_actions(account), *mail, AccountItem.revision.set(account.revision + 1)],
        condition=(new | unchanged) if new is not None else unchanged,
    )


def _update_actions(account: Account) -> list[Action]:
    """Return the actions for everything but the revision and what reports about mail write."""
    return [
        *to_actions(
            AccountItem,
            account,
            leave_out=("key", "identities", "revision", "sessions", "newer_link_sequence", *WRITTEN_BY_REPORTS),
            profiles=[ProfileItem(**to_attributes(profile)) for profile in account.profiles],
        ),
        *(set_or_remove(identity_attribute(name), account.identities.get(name)) for name in PROVIDER_NAMES),
    ]


def mail_actions(status: str, at: int | None, message_id: str | None = None) -> list[Action]:
    """Return the actions that write a `MailStatus`, its time `at` (Unix seconds), and SES's id of the mail."""
    return [
        AccountItem.email_status.set(status),
        set_or_remove(AccountItem.email_status_at, at),
        set_or_remove(AccountItem.message_id, message_id or None),
    ]


def attention_actions(reason: str | None, since: int | None) -> list[Action]:
    """Return the actions that write why an account needs attention, and since when (Unix seconds)."""
    return [set_or_remove(AccountItem.attention, reason), set_or_remove(AccountItem.attention_from, since)]


def set_attention(account_key: AccountKey, reason: AttentionReason, now: int, support_code: str) -> None:
    """Write why a clinician may have to look at an account, if it exists. `now` is Unix seconds.

    An outage is logged, and nothing else fails because of it.
    """
    try:
        update_if(account_key, attention_actions(reason, now), AccountItem.key.exists(), None)
    except OUTAGES as outage:
        log.log_fault(outage, support_code)


def signed_in_actions() -> list[Action]:
    """Return the actions of a sign-in: the account no longer needs attention."""
    return attention_actions(None, None)


def set_chosen_language(account_key: AccountKey, language: Language) -> None:
    """Write the language in which the person uses the portal, if the account exists."""
    update_if(
        account_key,
        [AccountItem.chosen_language.set(language), AccountItem.revision.add(1)],
        AccountItem.key.exists(),
        None,
    )


def update_if(account_key: AccountKey, actions: list[Action], condition: Condition, audit_event: Event | None) -> bool:
    """Update an account, with an audit row if there is one. Return False if the condition does not hold."""
    item = AccountItem(base64url_encode(account_key))
    try:
        if audit_event is None:
            item.upsert(actions, condition=condition)
        else:
            with TransactWrite(connection=connection) as transaction:
                transaction.update(item, actions, condition=condition)
                events.append_in(transaction, audit_event)
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    except TransactWriteError as error:
        if transaction_condition_failed(error):
            return False
        raise
    return True
