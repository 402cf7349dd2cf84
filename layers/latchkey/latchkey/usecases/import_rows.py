"""The decision on a row of an import, the same in a dry run and by the worker."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from latchkey import tokens
from latchkey.rules import access, addresses
from latchkey.rules.access import AccountsByKey
from latchkey.rules.accounts import AccountKey
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.imports import ImportRow, RowResult
from latchkey.rules.refusals import (
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    ExternalIdInUse,
    RecordNotFound,
    Refusal,
)
from latchkey.store import accounts, client_index, clients
from latchkey.usecases.context import RequestContext

CODES: Mapping[type[Refusal], str] = {
    AddressSuppressed: "address_suppressed",
    AlreadySignedIn: "already_invited",
    ConsentMissing: "email_consent_required",
    EmailInUse: "email_in_use",
    ExternalIdInUse: "external_id_in_use",
    RecordNotFound: "erased",
}
"""Refusals of a client or an invitation, as codes of a row."""


@dataclass(frozen=True, slots=True)
class OnFile:
    """The clients and accounts of a practice that the rows of a file may be about."""

    by_external_id: Mapping[str, str]
    """Ids of clients."""
    by_address: Mapping[AccountKey, tuple[Client, ...]] = field(repr=False)
    """The clients with an address of their own, by the address's account key."""
    accounts_by_key: AccountsByKey = field(repr=False)


def read_on_file(context: RequestContext, rows: Iterable[ImportRow]) -> OnFile:
    """Return the clients and accounts on file that rows may be about. This takes a few calls for each 100 rows."""
    contents = list(rows)
    keys = {key for row in contents if (key := key_of(context, row)) is not None}
    externals = client_index.find_externals(context.slug, (row.external_id for row in contents if row.external_id))
    holders = client_index.find_addresses(context.slug, keys)
    found = clients.find_all(context.slug, (client for ids in holders.values() for client in sorted(ids)))
    by_address = {
        key: tuple(found[client] for client in sorted(ids) if client in found) for key, ids in holders.items()
    }
    return OnFile(externals, by_address, accounts.find_all(keys))


def key_of(context: RequestContext, row: ImportRow) -> AccountKey | None:
    """Return the account key of a row's address. None without an address."""
    return accounts.key_of(context.slug, addresses.canonical(row.email)) if row.email else None


def new_client(context: RequestContext, row: ImportRow) -> Client:
    """Return the client that a row describes."""
    emails: tuple[AddressOnFile, ...] = ()
    if row.email:
        emails = (AddressOnFile(row.email, row.email_ok, context.clinician.subject, context.now),)
    return Client(
        id=tokens.new_ulid(context.now_ms),
        practice=context.slug,
        name=row.name,
        kind=row.kind,
        language=row.language or context.practice.language,
        emails=emails,
        external_id=row.external_id,
        created_at=context.now,
    )


def decide(context: RequestContext, row: RowResult, content: ImportRow, client: Client, on_file: OnFile) -> RowResult:
    """Return a waiting row with its outcome: created, unchanged or refused. `client` is the client to create for it.

    A client on file with the same `external_id` is left unchanged. So is one with the same name and address, unless
    its `external_id` differs.
    """
    decided = replace(row, content=None, code=None, invitation=None)
    if content.external_id and (same := on_file.by_external_id.get(content.external_id)):
        return replace(decided, status="unchanged", client=same)
    key = key_of(context, content)
    for other in on_file.by_address.get(key, ()) if key and content.email else ():
        if content.email and other.email(content.email):
            if _is_same_person(content, other):
                return replace(decided, status="unchanged", client=other.id)
            return replace(decided, status="refused", code="email_in_use")
    if content.invite and key and content.email:
        try:
            access.invite(client, content.email, key, on_file.accounts_by_key, client.id, context.now)
        except Refusal as refusal:
            return replace(decided, status="refused", code=CODES[type(refusal)])
    return replace(decided, status="created", client=client.id, invitation="waiting" if content.invite else None)


def _is_same_person(row: ImportRow, client: Client) -> bool:
    names = {" ".join(name.split()).casefold() for name in (row.name, client.name)}
    return len(names) == 1 and (client.external_id is None or client.external_id == row.external_id)
