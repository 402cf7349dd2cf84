"""The list of a practice's clients, and the search in it (B160).

A page is one query of an index, and one read of the clients and accounts that it names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from latchkey import languages
from latchkey.rules import access, addresses, attention
from latchkey.rules.access import AccountsByKey
from latchkey.rules.accounts import AccessStatus, Account, AccountKey
from latchkey.rules.attention import AttentionReason
from latchkey.rules.client_terms import matches, split_name
from latchkey.rules.clients import Client
from latchkey.rules.members import Role
from latchkey.rules.refusals import EmailMalformed
from latchkey.store import accounts, client_index, clients, mail_status, pins
from latchkey.store.attention import needing_attention
from latchkey.store.batches import read_batch
from latchkey.store.client_index import ClientIndex
from latchkey.tokens import base64url_encode
from latchkey.usecases.client_access import access_status
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.listing import Page

type ClientOrder = Literal["created", "-created", "name"]
"""Oldest first, newest first, or by name."""


@dataclass(frozen=True, slots=True)
class ClientFilter:
    """The clients to list. None leaves a condition out."""

    text: str | None = field(default=None, repr=False)
    """The starts of words of the name, or a whole address of the client or of a contact."""
    status: AccessStatus | None = None
    external_id: str | None = None
    needs_attention: bool = False
    """True for the clients with someone who may be stuck, newest reason first. `text` and `external_id` are ignored."""


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client in a list, with the account of their own sign-in."""

    client: Client
    own_account: Account | None
    attention: AttentionReason | None = None
    """The reason to look at the client, in a list of those that need attention."""
    person: str | None = field(default=None, repr=False)
    """The address of the person whom the reason is about."""


@dataclass(frozen=True, slots=True)
class _Found:
    """The clients of a page, and what was read with them."""

    clients: Sequence[Client]
    next_position: str | None = None
    """The position at which the page ends. None on the last page."""
    accounts_by_key: AccountsByKey = field(default_factory=dict, repr=False)
    keys_read: frozenset[AccountKey] = field(default=frozenset(), repr=False)


@use_case(Role.CLINICIAN)
def list_clients(
    context: RequestContext, wanted: ClientFilter, order: ClientOrder, after: str | None, limit: int
) -> Page[ListedClient]:
    """Return a page of the practice's clients. `after` is the position at which the page before ended.

    The status and further words are compared after the query. So a page can have fewer clients than `limit`, and can
    be empty before the last one. A search by text is in the order of the words that it finds.
    """
    if wanted.needs_attention:
        return _needing_attention(context, wanted, after, limit)
    found = _found(context.slug, wanted, order, after, limit)
    own_keys = {client.access_key for client in found.clients if client.access_key}
    accounts_by_key = dict(found.accounts_by_key)
    if missing := own_keys - found.keys_read:
        accounts_by_key |= accounts.find_all(missing)
    own_accounts = mail_status.with_newest_of_each(
        {key: accounts_by_key[key] for key in own_keys & accounts_by_key.keys()}
    )
    listed = [ListedClient(client, access.own_account(client, own_accounts)) for client in found.clients]
    entries = [entry for entry in listed if wanted.status in (None, access_status(entry.client, entry.own_account))]
    return Page(tuple(entries), found.next_position)


def _needing_attention(
    context: RequestContext, wanted: ClientFilter, after: str | None, limit: int
) -> Page[ListedClient]:
    """Return a page of the clients with someone who may be stuck.

    The index names accounts, and may be out of date. So they are read with their PINs and clients, in one call, and
    `attention.reason` decides.
    """
    rows = needing_attention(context.slug, context.now, limit + 1, after)
    entries, keys = rows[:limit], [row.account_key for row in rows[:limit]]
    batch = read_batch(
        [
            *accounts.item_keys(keys),
            *map(pins.item_key, keys),
            *(clients.item_key(context.slug, row.client) for row in entries),
        ]
    )
    accounts_by_key = accounts.found_in(batch, keys)
    clients_by_id = {row.client: clients.found_in(batch, context.slug, row.client) for row in entries}
    own_keys = {client.access_key for client in clients_by_id.values() if client and client.access_key}
    accounts_by_key |= accounts.find_all(own_keys - accounts_by_key.keys()) if own_keys - accounts_by_key.keys() else {}
    accounts_by_key = mail_status.with_newest_of_each(accounts_by_key)
    day_started_at = languages.start_of_day(context.now, context.practice.time_zone)
    listed: dict[str, ListedClient] = {}
    for row in entries:
        account, client = accounts_by_key.get(row.account_key), clients_by_id[row.client]
        if account is None or client is None or account.profile(client.id) is None:
            continue
        own = access.own_account(client, accounts_by_key)
        invited_at = client.invited_at if own is account else None
        refused_pins = pins.refusals_in_a_row(batch, account)
        reason = attention.reason(account, invited_at, refused_pins, context.now, day_started_at)
        if reason and wanted.status in (None, access_status(client, own)):
            listed.setdefault(client.id, ListedClient(client, own, reason, account.address))
    return Page(tuple(listed.values()), entries[-1].position if len(rows) > limit else None)


def _found(practice: str, wanted: ClientFilter, order: ClientOrder, after: str | None, limit: int) -> _Found:
    """Return the clients of a page."""
    if wanted.external_id is not None:
        client_id = client_index.find_external(practice, wanted.external_id)
        known = clients.find_all(practice, [client_id] if client_id else [])
        sought = split_name(wanted.text or "")
        return _Found([client for client in known.values() if matches(split_name(client.name), sought)])
    if wanted.text is not None and "@" in wanted.text:
        return _by_address(practice, wanted.text, after, limit)
    if wanted.text is not None:
        return _by_words(practice, split_name(wanted.text), after, limit)
    if order == "name":
        return _by_terms(practice, "name", "", after, limit)
    found = clients.page_of(practice, limit + 1, after, newest_first=order == "-created")
    return _Found(found[:limit], found[limit - 1].id if len(found) > limit else None)


def _by_address(practice: str, text: str, after: str | None, limit: int) -> _Found:
    try:
        account_key = accounts.key_of(practice, addresses.canonical(text))
    except EmailMalformed:
        return _Found(())
    return _by_terms(practice, "address", f"{base64url_encode(account_key)}#", after, limit)


def _by_words(practice: str, sought: tuple[str, ...], after: str | None, limit: int) -> _Found:
    """Return the clients whose name has words that begin with the sought ones. The longest one is queried."""
    if not sought:
        return _Found(())
    queried = max(sought, key=len)

    def is_wanted(term: str, client: Client) -> bool:
        name_words = split_name(client.name)
        # A name can have several words with this start. The client is listed at the first of them.
        first = min((word for word in name_words if word.startswith(queried)), default=None)
        return term.partition("#")[0] == first and matches(name_words, sought)

    return _by_terms(practice, "word", queried, after, limit, is_wanted)


def _by_terms(
    practice: str,
    index: ClientIndex,
    start: str,
    after: str | None,
    limit: int,
    is_wanted: Callable[[str, Client], bool] | None = None,
) -> _Found:
    """Return the clients of the terms that begin with `start`. They are read with their accounts, in one call."""
    terms = client_index.search(practice, index, start, limit + 1, after)
    shown = terms[:limit]
    keys = {found.account_key for found in shown if found.account_key}
    batch = read_batch(
        [*(clients.item_key(practice, found.client_id) for found in shown), *accounts.item_keys(keys)],
        accounts.PROJECTIONS,
    )
    known = {found.client_id: clients.found_in(batch, practice, found.client_id) for found in shown}
    found_clients = [
        client
        for found in shown
        if (client := known[found.client_id]) and (is_wanted is None or is_wanted(found.term, client))
    ]
    next_position = terms[limit - 1].term if len(terms) > limit else None
    return _Found(found_clients, next_position, accounts.found_in(batch, keys), frozenset(keys))
