"""Clients on file, and what clinicians decide about them, written together with the accounts it touches."""

from collections.abc import Callable
from itertools import batched
from typing import Any, cast

from pynamodb.attributes import (
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules import access
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import ProfileKind
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event, EventKind
from latchkey.rules.languages import language_or_default
from latchkey.rules.refusals import RecordNotFound, Unavailable
from latchkey.store import accounts, events
from latchkey.store.dynamodb import (
    Table,
    backoff,
    connection,
    is_transient,
    set_or_remove,
    transaction_condition_failed,
)

ANONYMIZE_BATCH = 50
"""Accounts; a transaction takes 100 items."""
MAX_TRIES = 6
BACKOFF_SECONDS = 0.02
"""Before the second try; each further one waits twice as long, and up to as long again by chance."""


class AddressItem(MapAttribute[str, Any]):
    """An address on file."""

    address = UnicodeAttribute()
    email_ok = BooleanAttribute()
    recorded_by = UnicodeAttribute()
    recorded_at = NumberAttribute()

    def email(self) -> AddressOnFile:
        """The address as rules know it."""
        return AddressOnFile(self.address, self.email_ok, self.recorded_by, int(self.recorded_at))


class ContactItem(MapAttribute[str, Any]):
    """Someone who may open the client's profile."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = AddressItem()
    relation = UnicodeAttribute()
    account_key = BinaryAttribute(attr_name="account", legacy_encoding=False)

    def contact(self) -> Contact:
        """The contact as rules know it."""
        return Contact(self.id, self.name, self.email.email(), self.relation, self.account_key)


class ClientItem(Table):
    """A client at rest."""

    class Meta:
        table_name = settings.load().clients_table

    practice = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    language = UnicodeAttribute()
    emails = ListAttribute(of=AddressItem)
    features = UnicodeSetAttribute(null=True)
    contacts = ListAttribute(of=ContactItem)
    access_key = BinaryAttribute(attr_name="access", legacy_encoding=False, null=True)
    access_address = UnicodeAttribute(null=True)
    former_keys = UnicodeSetAttribute(attr_name="former", null=True)
    items = ListAttribute(of=UnicodeAttribute)
    invited_at = NumberAttribute(null=True)
    created_at = NumberAttribute()
    revision = NumberAttribute()

    def client(self) -> Client:
        """The client as rules know it."""
        return Client(
            id=self.id,
            practice=self.practice,
            name=self.name,
            kind=cast("ProfileKind", self.kind),
            language=language_or_default(self.language),
            emails=tuple(email.email() for email in self.emails),
            features=frozenset(self.features or ()),
            contacts=tuple(contact.contact() for contact in self.contacts),
            access_key=self.access_key,
            access_address=self.access_address,
            former_keys=tuple(sorted(key for text in self.former_keys or () if (key := tokens.base64url_decode(text)))),
            items=tuple(str(item) for item in self.items),
            invited_at=None if self.invited_at is None else int(self.invited_at),
            created_at=int(self.created_at),
            revision=int(self.revision),
        )


def find(practice: str, client: str) -> Client:
    """A client of this practice.

    :raises NotYours: the practice has none of that id.
    """
    try:
        return ClientItem.get(practice, client, consistent_read=True).client()
    except ClientItem.DoesNotExist:
        raise RecordNotFound from None


def page_of(practice: str, max_count: int, after: str | None = None) -> list[Client]:
    """A page of the practice's clients, oldest first, from the one after `after` on."""
    later = ClientItem.id > after if after else None
    return [item.client() for item in ClientItem.query(practice, later, limit=max_count, consistent_read=True)]


def apply(
    client: Client,
    decide: Callable[[Client, AccountsByKey], AccessChange],
    extra_keys: set[bytes],
    to_event: Callable[[bytes, EventKind], Event],
) -> AccessChange:
    """Read, decide, write: again from the start where something came in between, so that no decision is made on what
    is no longer so.

    `client` is as it was read, or new with revision 0. `also` are accounts to read beside those that open the client's
    profile. `note` makes the audit row for an account and a kind.

    :raises Unavailable: something came in between several times over.
    """
    current = client
    for attempt_number in range(MAX_TRIES):
        if attempt_number:
            backoff(attempt_number - 1, BACKOFF_SECONDS)
        known = accounts.find_all(access.account_keys(current) | extra_keys)
        decided = decide(current, known)
        try:
            _write(decided, known, to_event)
        except TransactWriteError as error:
            if not transaction_condition_failed(error) and not is_transient(error):
                raise
            if client.revision:
                current = find(client.practice, client.id)
        else:
            return decided
    raise Unavailable


def erase(client: Client, now: int, to_event: Callable[[bytes, EventKind], Event]) -> None:
    """Forget a client, and take their profile from every account. `now` is Unix seconds.

    Addresses that were theirs before go first, some at a time: they may be many, and nobody signs in by them.

    :raises NotYours: someone else was faster.
    :raises Unavailable: something came in between several times over; the client is still on file.
    """
    for turn in range(MAX_TRIES):
        if turn:
            backoff(turn - 1, BACKOFF_SECONDS)
        known = accounts.find_all({*access.account_keys(client), *client.former_keys})
        decided = access.erase(client, known, now)
        try:
            for batch in batched(access.former_accounts(client, known), ANONYMIZE_BATCH, strict=False):
                with TransactWrite(connection=connection) as transaction:
                    for account in batch:
                        accounts.update_in(transaction, account, known[account.key])
            with TransactWrite(connection=connection) as transaction:
                transaction.delete(
                    ClientItem(client.practice, client.id), condition=ClientItem.revision == client.revision
                )
                _write_accounts(transaction, decided, known, to_event)
        except TransactWriteError as error:
            if not transaction_condition_failed(error) and not is_transient(error):
                raise
            client = find(client.practice, client.id)
        else:
            return
    raise Unavailable


def _write(change: AccessChange, known: AccountsByKey, to_event: Callable[[bytes, EventKind], Event]) -> None:
    client, new = change.client, change.client.revision == 0
    with TransactWrite(connection=connection) as transaction:
        # not a put: fields that only another version knows stay
        transaction.update(
            ClientItem(client.practice, client.id),
            _update_actions(client),
            condition=ClientItem.id.does_not_exist() if new else ClientItem.revision == client.revision,
        )
        _write_accounts(transaction, change, known, to_event)


def _write_accounts(
    transaction: TransactWrite,
    change: AccessChange,
    known: AccountsByKey,
    to_event: Callable[[bytes, EventKind], Event],
) -> None:
    for account in change.accounts:
        accounts.update_in(transaction, account, known.get(account.key))
    for account_key, kind in change.events:
        events.append_in(transaction, to_event(account_key, kind))


def _update_actions(client: Client) -> list[Action]:
    items: list[Any] = list(client.items)
    contacts = [
        ContactItem(id=c.id, name=c.name, email=_email(c.email), relation=c.relation, account_key=c.account_key)
        for c in client.contacts
    ]
    return [
        ClientItem.name.set(client.name),
        ClientItem.kind.set(client.kind),
        ClientItem.language.set(client.language),
        ClientItem.emails.set([_email(email) for email in client.emails]),
        ClientItem.contacts.set(contacts),
        ClientItem.items.set(items),
        ClientItem.created_at.set(client.created_at),
        ClientItem.revision.set(client.revision + 1),
        set_or_remove(ClientItem.features, set(client.features) or None),
        set_or_remove(ClientItem.access_key, client.access_key),
        set_or_remove(ClientItem.access_address, client.access_address),
        set_or_remove(ClientItem.former_keys, {tokens.base64url_encode(key) for key in client.former_keys} or None),
        set_or_remove(ClientItem.invited_at, client.invited_at),
    ]


def _email(email: AddressOnFile) -> AddressItem:
    return AddressItem(
        address=email.address, email_ok=email.email_ok, recorded_by=email.recorded_by, recorded_at=email.recorded_at
    )
