"""Clients on file. A decision about a client is written together with the accounts that it changes."""

from collections.abc import Callable, Iterable
from itertools import batched

from pynamodb.attributes import BinaryAttribute, BooleanAttribute, ListAttribute, UnicodeAttribute, UnicodeSetAttribute
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings, tokens
from latchkey.rules import access
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event, EventKind
from latchkey.rules.items import SharedItem
from latchkey.rules.languages import language_or_default
from latchkey.rules.refusals import RecordNotFound, Unavailable
from latchkey.store import accounts, client_index, credentials, events
from latchkey.store.batches import Batch, ItemKey
from latchkey.store.dynamodb import IntegerAttribute, Map, MapListAttribute, Table, backoff, connection, is_concurrent
from latchkey.store.records import to_actions, to_attributes, to_record

ANONYMIZE_BATCH = 50
"""Accounts in one transaction, which takes 100 items at most."""
MAX_TRIES = 6
BACKOFF_SECONDS = 0.02
"""Seconds before the second try, as in `backoff`."""


class AddressItem(Map):
    """An address on file."""

    address = UnicodeAttribute()
    email_ok = BooleanAttribute()
    recorded_by = UnicodeAttribute()
    recorded_at = IntegerAttribute()

    def email(self) -> AddressOnFile:
        """Return the address as a value."""
        return to_record(AddressOnFile, self)


class ContactItem(Map):
    """A contact of a client."""

    id = UnicodeAttribute()
    name = UnicodeAttribute()
    email = AddressItem()
    relation = UnicodeAttribute()
    account_key = BinaryAttribute(attr_name="account", legacy_encoding=False)

    def contact(self) -> Contact:
        """Return the contact as a value."""
        return to_record(Contact, self, email=self.email.email())


class SharedItemItem(Map):
    """An item that was shared with a client."""

    title = UnicodeAttribute()
    path = UnicodeAttribute(null=True)
    shared_at = IntegerAttribute(null=True)
    done_at = IntegerAttribute(null=True)


class ClientItem(Table):
    """A client."""

    class Meta:
        table_name = settings.load().clients_table

    practice = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    kind = UnicodeAttribute()
    language = UnicodeAttribute()
    emails = MapListAttribute(of=AddressItem)
    features = UnicodeSetAttribute(null=True)
    contacts = MapListAttribute(of=ContactItem)
    access_key = BinaryAttribute(attr_name="access", legacy_encoding=False, null=True)
    access_address = UnicodeAttribute(null=True)
    former_keys = UnicodeSetAttribute(attr_name="former", null=True)
    items = ListAttribute(of=UnicodeAttribute)
    """The titles of the shared items, as version 0.1 reads them."""
    shared = MapListAttribute(of=SharedItemItem, null=True)
    invited_at = IntegerAttribute(null=True)
    invited_items = ListAttribute(of=UnicodeAttribute, null=True)
    previous_sign_in_at = IntegerAttribute(null=True)
    external_id = UnicodeAttribute(null=True)
    terms = UnicodeSetAttribute(null=True)
    created_at = IntegerAttribute()
    revision = IntegerAttribute()

    def client(self) -> Client:
        """Return the client as a value."""
        return to_record(
            Client,
            self,
            language=language_or_default(self.language),
            emails=tuple(email.email() for email in self.emails),
            features=frozenset(self.features or ()),
            contacts=tuple(contact.contact() for contact in self.contacts),
            former_keys=tuple(sorted(key for text in self.former_keys or () if (key := tokens.base64url_decode(text)))),
            items=self.shared_items(),
            terms=frozenset(self.terms or ()),
            invited_items=tuple(str(item) for item in self.invited_items or ()),
        )

    def shared_items(self) -> tuple[SharedItem, ...]:
        """Return the shared items. Version 0.1 writes only the titles of those that it shares."""
        known = {item.title: to_record(SharedItem, item) for item in self.shared or ()}
        return tuple(known.get(str(title)) or SharedItem(str(title)) for title in self.items or ())


def find(practice: str, client: str) -> Client:
    """Return a client of this practice.

    :raises RecordNotFound: the practice has no client of this id.
    """
    try:
        return ClientItem.get(practice, client, consistent_read=True).client()
    except ClientItem.DoesNotExist:
        raise RecordNotFound from None


def shared_items(practice: str, client: str) -> tuple[SharedItem, ...]:
    """Return the items that were shared with a client, and read nothing else of the record. () if there is none."""
    try:
        item = ClientItem.get(practice, client, consistent_read=True, attributes_to_get=["items", "shared"])
    except ClientItem.DoesNotExist:
        return ()
    return item.shared_items()


def page_of(practice: str, max_count: int, after: str | None = None, *, newest_first: bool = False) -> list[Client]:
    """Return up to `max_count` clients of a practice, oldest or newest first. `after` is the id to go on from."""
    further = None
    if after:
        further = ClientItem.id < after if newest_first else ClientItem.id > after
    items = ClientItem.query(
        practice, further, limit=max_count, consistent_read=True, scan_index_forward=not newest_first
    )
    return [item.client() for item in items]


def item_key(practice: str, client: str) -> tuple[type[ClientItem], ItemKey]:
    """Return the table and key of a client, to read it with other items."""
    return ClientItem, (practice, client)


def found_in(batch: Batch, practice: str, client: str) -> Client | None:
    """Return a client that was read with other items, or None."""
    item = batch.get(ClientItem, practice, client)
    return item.client() if item else None


def find_all(practice: str, client_ids: Iterable[str]) -> dict[str, Client]:
    """Return the clients of these ids, by id. Ids without a client are left out."""
    items = ClientItem.batch_get([(practice, id) for id in dict.fromkeys(client_ids)], consistent_read=True)  # noqa: A001
    return {item.id: item.client() for item in items}


def apply(
    client: Client,
    decide: Callable[[Client, AccountsByKey], AccessChange],
    extra_keys: set[AccountKey],
    to_event: Callable[[bytes, EventKind], Event],
    write_with: Callable[[TransactWrite], None] = lambda _: None,
) -> AccessChange:
    """Write what `decide` returns for a client and their accounts, and return it.

    If an item has changed in between, read and decide again, so that no decision uses old data.

    `client` is as it was read, or new with revision 0. `extra_keys` are accounts to read beside those that open the
    client's profile. `to_event` makes the audit event for a subject key and a kind. `write_with` adds a write of
    another table to the transaction. If its condition fails, `decide` is called once more, and has to notice.

    :raises ExternalIdInUse: another client of the practice has the client's external id.
    :raises Unavailable: an item has changed in between several times in a row.
    """
    current = client
    for attempt_number in range(MAX_TRIES):
        if attempt_number:
            backoff(attempt_number - 1, BACKOFF_SECONDS)
        known = accounts.find_all(access.account_keys(current) | extra_keys)
        decided = decide(current, known)
        client_index.require_free_external_id(decided.client)
        try:
            _write(current, decided, known, to_event, write_with)
        except TransactWriteError as error:
            if not is_concurrent(error):
                raise
            if client.revision:
                current = find(client.practice, client.id)
        else:
            return decided
    raise Unavailable


def erase(client: Client, now: int, to_event: Callable[[bytes, EventKind], Event]) -> None:
    """Erase a client, and take their profile from every account. `now` is Unix seconds.

    The client's former accounts are erased first, in batches: they may be many, and nobody signs in with them.

    :raises RecordNotFound: another request has erased the client.
    :raises Unavailable: an item has changed in between several times in a row. The client is still on file.
    """
    # A transaction takes 100 items at most, so former accounts have transactions of their own, before the client's.
    # After an outage in between, the client is still on file, and the same request can be repeated.
    for tries in range(MAX_TRIES):
        if tries:
            backoff(tries - 1, BACKOFF_SECONDS)
        known = accounts.find_all({*access.account_keys(client), *client.former_keys})
        decided = access.erase(client, known, now)
        try:
            for batch in batched(access.former_accounts(client, known), ANONYMIZE_BATCH, strict=False):
                with TransactWrite(connection=connection) as transaction:
                    for account in batch:
                        accounts.update_in(transaction, account, known[account.key])
                        credentials.expire_in(transaction, account.key, now)
            with TransactWrite(connection=connection) as transaction:
                transaction.delete(
                    ClientItem(client.practice, client.id), condition=ClientItem.revision == client.revision
                )
                client_index.update_in(transaction, client, before=client.terms, after=())
                _write_accounts(transaction, decided, known, to_event)
                for account in decided.accounts:
                    if not account.address:
                        credentials.expire_in(transaction, account.key, now)
        except TransactWriteError as error:
            if not is_concurrent(error):
                raise
            client = find(client.practice, client.id)
        else:
            return
    raise Unavailable


def _write(
    before: Client,
    change: AccessChange,
    known: AccountsByKey,
    to_event: Callable[[bytes, EventKind], Event],
    write_with: Callable[[TransactWrite], None],
) -> None:
    client, new, terms = change.client, change.client.revision == 0, client_index.terms_after(before, change.client)
    with TransactWrite(connection=connection) as transaction:
        # an update and not a put, so that attributes of a later version stay
        transaction.update(
            ClientItem(client.practice, client.id),
            _update_actions(client, terms),
            condition=ClientItem.id.does_not_exist() if new else ClientItem.revision == client.revision,
        )
        key_changed = before.access_key != client.access_key
        client_index.update_in(transaction, client, before=client.terms, after=terms, access_key_changed=key_changed)
        _write_accounts(transaction, change, known, to_event)
        write_with(transaction)


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


def _update_actions(client: Client, terms: frozenset[str]) -> list[Action]:
    return to_actions(
        ClientItem,
        client,
        leave_out=("practice", "id"),
        emails=[AddressItem(**to_attributes(email)) for email in client.emails],
        contacts=[
            ContactItem(**to_attributes(contact, email=AddressItem(**to_attributes(contact.email))))
            for contact in client.contacts
        ],
        former_keys={tokens.base64url_encode(key) for key in client.former_keys} or None,
        items=[item.title for item in client.items],
        shared=[SharedItemItem(**to_attributes(item)) for item in client.items if item != SharedItem(item.title)]
        or None,
        terms=set(terms) or None,
        revision=client.revision + 1,
    )
