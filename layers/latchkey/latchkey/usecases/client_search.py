"""The list of a practice's clients, and the search in it (B160).

A page is one query of an index, and one read of the clients and accounts that it names.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from latchkey.rules import access, addresses
from latchkey.rules.accounts import AccessStatus, Account
from latchkey.rules.client_terms import matches, split_name
from latchkey.rules.clients import Client
from latchkey.rules.members import Role
from latchkey.rules.refusals import EmailMalformed
from latchkey.store import accounts, client_index, clients
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


@dataclass(frozen=True, slots=True)
class ListedClient:
    """A client in a list, with the account of their own sign-in."""

    client: Client
    own_account: Account | None


@use_case(Role.CLINICIAN)
def list_clients(
    context: RequestContext, wanted: ClientFilter, order: ClientOrder, after: str | None, limit: int
) -> Page[ListedClient]:
    """Return a page of the practice's clients. `after` is the position at which the page before ended.

    A page can have fewer clients than `limit`, and can be empty before the last one, because the status and further
    words are compared after the query. A search by text is in the order of the words that it finds.
    """
    found, next_position = _found(context.slug, wanted, order, after, limit)
    accounts_by_key = accounts.find_all({client.access_key for client in found if client.access_key})
    listed = [ListedClient(client, access.own_account(client, accounts_by_key)) for client in found]
    entries = [entry for entry in listed if wanted.status in (None, access_status(entry.client, entry.own_account))]
    return Page(tuple(entries), next_position)


def _found(
    practice: str, wanted: ClientFilter, order: ClientOrder, after: str | None, limit: int
) -> tuple[Sequence[Client], str | None]:
    """Return the clients of a page, and the position at which it ends. None on the last page."""
    if wanted.external_id is not None:
        client_id = client_index.find_external(practice, wanted.external_id)
        known = clients.find_all(practice, [client_id] if client_id else [])
        sought = split_name(wanted.text or "")
        return [client for client in known.values() if matches(split_name(client.name), sought)], None
    if wanted.text is not None and "@" in wanted.text:
        return _by_address(practice, wanted.text, after, limit)
    if wanted.text is not None:
        return _by_words(practice, split_name(wanted.text), after, limit)
    if order == "name":
        return _by_terms(practice, "name", "", after, limit)
    found = clients.page_of(practice, limit + 1, after, newest_first=order == "-created")
    return found[:limit], found[limit - 1].id if len(found) > limit else None


def _by_address(practice: str, text: str, after: str | None, limit: int) -> tuple[Sequence[Client], str | None]:
    try:
        account_key = accounts.key_of(practice, addresses.canonical(text))
    except EmailMalformed:
        return (), None
    return _by_terms(practice, "address", f"{base64url_encode(account_key)}#", after, limit)


def _by_words(
    practice: str, sought: tuple[str, ...], after: str | None, limit: int
) -> tuple[Sequence[Client], str | None]:
    """Return the clients whose name has words that begin with the sought ones. The longest one is queried."""
    if not sought:
        return (), None
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
) -> tuple[Sequence[Client], str | None]:
    terms = client_index.search(practice, index, start, limit + 1, after)
    known = clients.find_all(practice, [client_id for _, client_id in terms[:limit]])
    found = [
        known[client_id]
        for term, client_id in terms[:limit]
        if client_id in known and (is_wanted is None or is_wanted(term, known[client_id]))
    ]
    return found, terms[limit - 1][0] if len(terms) > limit else None
