"""A client on file: how to write to them, whether they agreed to it, and who else may open their profile."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from latchkey.rules import addresses
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, Profile, ProfileKind
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import FEATURES

MAX_ITEMS = 200
"""What is remembered of what was shared with a client."""


@dataclass(frozen=True, slots=True)
class AddressOnFile:
    """An address on file, with the person's consent to be written to ("Email OK", B49)."""

    address: str = field(repr=False)
    email_ok: bool
    recorded_by: str
    """Subject of the clinician who recorded it."""
    recorded_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Someone who signs in as themselves and may open this client's profile."""

    id: str
    """ULID."""
    name: str = field(repr=False)
    email: AddressOnFile
    relation: str
    account_key: bytes = field(repr=False)
    """Key of the account that the contact signs in to."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client of a practice."""

    id: str
    """ULID; also the id of the profile that accounts open."""
    practice: str
    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    language: Language = DEFAULT_LANGUAGE
    emails: tuple[AddressOnFile, ...] = ()
    features: frozenset[str] = frozenset(FEATURES)
    contacts: tuple[Contact, ...] = ()
    access_key: bytes | None = field(default=None, repr=False)
    """Key of the account by which the client signs in as themselves."""
    access_address: str | None = field(default=None, repr=False)
    """The address that is to be used next; that of `access`, unless it was changed while there was no access."""
    former_keys: tuple[bytes, ...] = field(default=(), repr=False)
    """Keys of accounts by which the client used to sign in."""
    items: tuple[str, ...] = ()
    """What was shared with the client, newest last."""
    invited_at: int | None = None
    """Unix seconds of the latest invitation (B52)."""
    created_at: int = 0
    revision: int = 0

    @property
    def profile(self) -> Profile:
        """What accounts open of this client."""
        return Profile(self.id, self.name, self.kind, self.features)

    @property
    def audit_key(self) -> bytes:
        """Where events about the client themselves are written down."""
        return self.id.encode()

    def email(self, address: str) -> AddressOnFile | None:
        """The address on file that is the same one, else None."""
        wanted = addresses.canonical(address)
        return next((email for email in self.emails if addresses.canonical(email.address) == wanted), None)

    def contact(self, contact_id: str) -> Contact | None:
        """The contact of that id, else None."""
        return next((contact for contact in self.contacts if contact.id == contact_id), None)

    def with_email(self, email: AddressOnFile) -> "Client":
        """With an address added, or its consent recorded anew."""
        known = self.email(email.address)
        if known is None:
            return replace(self, emails=(*self.emails, email))
        return replace(self, emails=tuple(email if one is known else one for one in self.emails))

    def replacing_address(self, email: AddressOnFile) -> "Client":
        """With an address in place of the one that was used so far (B55); one that is on file already is kept."""
        used = self.email(self.access_address) if self.access_address else next(iter(self.emails), None)
        if used is None or self.email(email.address):
            return self.with_email(email)
        return replace(self, emails=tuple(email if one is used else one for one in self.emails))

    def with_shared_items(self, items: Iterable[str]) -> "Client":
        """With some more that was shared, each named once; of very much, the oldest is no longer remembered."""
        newest = tuple(dict.fromkeys(items))
        others = tuple(one for one in self.items if one not in newest)
        return replace(self, items=(*others, *newest)[-MAX_ITEMS:])
