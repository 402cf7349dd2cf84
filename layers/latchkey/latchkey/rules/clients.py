"""Clients on file: their addresses with consent, and the contacts who may open their profile."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from latchkey.rules import addresses, items
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, AccountKey, Profile, ProfileKind
from latchkey.rules.items import SharedItem
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import FEATURES


@dataclass(frozen=True, slots=True)
class AddressOnFile:
    """An address on file, with the person's consent to be emailed there ("Email OK", B49)."""

    address: str = field(repr=False)
    email_ok: bool
    recorded_by: str
    """The `sub` of the clinician who recorded it."""
    recorded_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Contact:
    """A person who signs in as themselves and may open this client's profile."""

    id: str
    """A ULID."""
    name: str = field(repr=False)
    email: AddressOnFile
    relation: str
    account_key: AccountKey = field(repr=False)
    """The key of the account that the contact signs in to."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a practice."""

    id: str
    """A ULID, which is also the id of the client's profile."""
    practice: str
    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    language: Language = DEFAULT_LANGUAGE
    emails: tuple[AddressOnFile, ...] = ()
    features: frozenset[str] = frozenset(FEATURES)
    contacts: tuple[Contact, ...] = ()
    access_key: AccountKey | None = field(default=None, repr=False)
    """The key of the account by which the client signs in as themselves."""
    access_address: str | None = field(default=None, repr=False)
    """The address of the next invitation. It differs from the account's if it was changed while there was no access."""
    former_keys: tuple[AccountKey, ...] = field(default=(), repr=False)
    """The keys of accounts by which the client signed in before."""
    items: tuple[SharedItem, ...] = ()
    """The items that were shared with the client, newest last."""
    invited_at: int | None = None
    """Unix seconds of the latest invitation (B52)."""
    invited_items: tuple[str, ...] = ()
    """The titles of the items of the latest invitation. A repetition sends them again."""
    previous_sign_in_at: int | None = None
    """Unix seconds of the last sign-in by an address that the client signed in with before."""
    external_id: str | None = None
    """The practice's own id of the client. No other client of the practice has it."""
    terms: frozenset[str] = field(default=frozenset(), repr=False)
    """The terms in the index of clients, as they are stored."""
    created_at: int = 0
    """Unix seconds."""
    revision: int = 0

    @property
    def profile(self) -> Profile:
        """The profile of this client, as accounts store it."""
        return Profile(self.id, self.name, self.kind, self.features)

    @property
    def audit_key(self) -> bytes:
        """The subject key of audit events about the client themselves."""
        return self.id.encode()

    def email(self, address: str) -> AddressOnFile | None:
        """Return the address on file with the same canonical form, else None."""
        sought = addresses.canonical(address)
        return next((email for email in self.emails if addresses.canonical(email.address) == sought), None)

    def contact(self, contact_id: str) -> Contact | None:
        """Return the contact of that id, else None."""
        return next((contact for contact in self.contacts if contact.id == contact_id), None)

    def with_email(self, email: AddressOnFile) -> "Client":
        """Return the client with an address added. If it is on file already, its entry is replaced."""
        current = self.email(email.address)
        return replace(self, emails=(*self.emails, email)) if current is None else self._replacing(current, email)

    def replacing_address(self, email: AddressOnFile) -> "Client":
        """Return the client with an address in place of the one in use (B55).

        If the new address is on file already, both stay.
        """
        used = self.email(self.access_address) if self.access_address else next(iter(self.emails), None)
        if used is None or self.email(email.address):
            return self.with_email(email)
        return self._replacing(used, email)

    def _replacing(self, old: AddressOnFile, new: AddressOnFile) -> "Client":
        return replace(self, emails=tuple(new if email is old else email for email in self.emails))

    def with_invited_items(self, invited: tuple[SharedItem, ...]) -> "Client":
        """Return the client with the items of a new invitation. Without items, those of a repeated invitation stay."""
        titles = tuple(item.title for item in invited)
        return replace(self.with_shared_items(invited), invited_items=titles) if invited else self

    def with_shared_items(self, shared: Iterable[SharedItem]) -> "Client":
        """Return the client with more shared items, each listed once."""
        return replace(self, items=items.share(self.items, shared))
