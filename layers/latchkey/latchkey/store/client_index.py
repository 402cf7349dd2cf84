"""The index of clients: one item for each term, written in the transaction that writes the client.

The items are in the table of clients, in partitions that no practice can have. So a restore to a point in time restores
clients and their index together. A search is one query of one partition, whatever the number of clients.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from pynamodb.attributes import UnicodeAttribute
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings
from latchkey.rules import addresses
from latchkey.rules.accounts import AccountKey
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.client_terms import MAX_WORDS, split_name
from latchkey.rules.clients import Client
from latchkey.rules.refusals import ExternalIdInUse
from latchkey.store import accounts
from latchkey.store.batches import read_batch
from latchkey.store.dynamodb import Table
from latchkey.tokens import base64url_decode, base64url_encode

type ClientIndex = Literal["word", "name", "address", "external"]
"""The kinds of terms: a word of the name, the whole name for sorting, an address, the practice's own id."""

LAST = "\U0010ffff"
"""The last character, which ends a range of terms."""


class TermItem(Table):
    """A term of a client."""

    class Meta:
        table_name = settings.load().clients_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice and the kind of term, such as `willow#word`."""
    id = UnicodeAttribute(range_key=True)
    """The term and the client, such as `kim#01K...`. An external id stands alone, because it is unique."""
    client = UnicodeAttribute()
    account = UnicodeAttribute(null=True)
    """The key of the account by which the client signs in, so that a search reads it with the client. Missing in items
    of the version before, and of a client without access."""


@dataclass(frozen=True, slots=True)
class FoundTerm:
    """A term that a search found."""

    term: str
    """The term and the client's id, as they are stored."""
    client_id: str
    account_key: AccountKey | None = field(repr=False)
    """The key of the account by which the client signs in, if the term has it."""


def terms_after(before: Client, after: Client) -> frozenset[str]:
    """Return the terms of a changed client, each with its kind before it.

    Only new addresses of the client need `LookupKey`, so that access ends also while the key cannot be read.

    :raises Unavailable: `LookupKey` is needed and cannot be read.
    """
    if _addresses(before) != _addresses(after) or after.revision == 0:
        return _named_terms(after) | _contact_terms(after) | _email_terms(after)
    old_terms, new_terms = (_named_terms(client) | _contact_terms(client) for client in (before, after))
    if old_terms == new_terms:
        return before.terms
    if not before.terms:
        # The version before wrote this client, so none of the terms is there.
        return new_terms | _email_terms(after)
    own = {_address_term(after, after.access_key)} if after.access_key else set()
    return (before.terms - (old_terms - new_terms - own)) | new_terms


def _addresses(client: Client) -> set[CanonicalAddress]:
    return {addresses.canonical(email.address) for email in client.emails}


def _named_terms(client: Client) -> frozenset[str]:
    name_words = split_name(client.name)[:MAX_WORDS]
    external = [f"external {client.external_id}"] if client.external_id else []
    whole = f"name {' '.join(name_words)}#{client.id}"
    return frozenset([*(f"word {word}#{client.id}" for word in name_words), whole, *external])


def _contact_terms(client: Client) -> frozenset[str]:
    return frozenset(_address_term(client, contact.account_key) for contact in client.contacts)


def _email_terms(client: Client) -> frozenset[str]:
    keys = (accounts.key_of(client.practice, address) for address in _addresses(client))
    return frozenset(_address_term(client, key) for key in keys)


def _address_term(client: Client, account_key: AccountKey) -> str:
    return f"address {base64url_encode(account_key)}#{client.id}"


def update_in(
    transaction: TransactWrite,
    client: Client,
    before: Iterable[str],
    after: Iterable[str],
    *,
    access_key_changed: bool = False,
) -> None:
    """Write the terms of a client that are new, and delete those that are gone.

    With `access_key_changed`, write all of them, because each has the key of the account by which the client signs in.
    """
    known, wanted = frozenset(before), frozenset(after)
    account = TermItem.account.set(base64url_encode(client.access_key)) if client.access_key else None
    actions: list[Action] = [TermItem.client.set(client.id), account or TermItem.account.remove()]
    for term in sorted(known - wanted):
        transaction.delete(_item(client, term))
    for term in sorted(wanted if access_key_changed else wanted - known):
        free = TermItem.id.does_not_exist() | (TermItem.client == client.id)
        transaction.update(_item(client, term), actions, condition=free)


def require_free_external_id(client: Client) -> None:
    """Raise unless the client's external id is free.

    :raises ExternalIdInUse: another client of the practice has it.
    """
    is_new = client.external_id and f"external {client.external_id}" not in client.terms
    if is_new and find_external(client.practice, client.external_id or "") not in (None, client.id):
        raise ExternalIdInUse


def find_external(practice: str, external_id: str) -> str | None:
    """Return the id of the client with this external id, or None."""
    try:
        return TermItem.get(f"{practice}#external", external_id, consistent_read=True).client
    except TermItem.DoesNotExist:
        return None


def find_externals(practice: str, external_ids: Iterable[str]) -> dict[str, str]:
    """Return the ids of the clients with these external ids, by external id. Ids without a client are left out."""
    keys = [(f"{practice}#external", external_id) for external_id in external_ids]
    found = read_batch((TermItem, key) for key in keys)
    return {key[1]: item.client for key in keys if (item := found.get(TermItem, *key))}


def find_addresses(practice: str, account_keys: Iterable[AccountKey]) -> dict[AccountKey, set[str]]:
    """Return the ids of the clients with these addresses, their own or a contact's, by the address's account key.

    All addresses of the practice are read, 1 MB in a call. A query for each of many addresses would take longer.
    """
    wanted = {base64url_encode(key): key for key in account_keys}
    found: dict[AccountKey, set[str]] = {}
    if wanted:
        for item in TermItem.query(f"{practice}#address", attributes_to_get=["id", "client"], consistent_read=True):
            if key := wanted.get(item.id.partition("#")[0]):
                found.setdefault(key, set()).add(item.client)
    return found


def search(practice: str, index: ClientIndex, start: str, max_count: int, after: str | None = None) -> list[FoundTerm]:
    """Return up to `max_count` terms that begin with `start`, in order.

    `after` is the term to go on from.
    """
    first, last = (after + "\0" if after and after >= start else start), start + LAST
    if first > last:
        return []
    found = TermItem.query(
        f"{practice}#{index}", TermItem.id.between(first or "\0", last), limit=max_count, consistent_read=True
    )
    return [FoundTerm(item.id, item.client, _account_key(item)) for item in found]


def _account_key(item: TermItem) -> AccountKey | None:
    key = base64url_decode(item.account) if item.account else None
    return AccountKey(key) if key else None


def _item(client: Client, term: str) -> TermItem:
    index, _, value = term.partition(" ")
    return TermItem(f"{client.practice}#{index}", value)
