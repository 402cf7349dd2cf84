"""An account: one address that may sign in at one practice, and the profiles it opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, assert_never, get_args

from latchkey.rules.addresses import masked
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import FEATURES
from latchkey.rules.providers import ProviderName

type ProfileKind = Literal["individual", "couple", "minor"]
"""Whose record a profile is."""

PROFILE_KINDS: tuple[ProfileKind, ...] = get_args(ProfileKind.__value__)
DEFAULT_PROFILE_KIND: ProfileKind = "individual"


class AccountStatus(StrEnum):
    """Whether an account may sign in."""

    INVITED = "invited"
    """May sign in and never has."""
    ACTIVE = "active"
    DISABLED = "disabled"

    @classmethod
    def _missing_(cls, value: object) -> "AccountStatus":  # noqa: ARG003 - whatever it is
        """What a later version calls something lets nobody in here."""
        return cls.DISABLED


type AccessStatus = Literal["none", "invited", "active", "disabled"]
"""Whether a client may sign in: the status of their own account, or "none" if they never had one."""

ACCESS_STATUSES: tuple[AccessStatus, ...] = get_args(AccessStatus.__value__)


@dataclass(frozen=True, slots=True)
class Profile:
    """A client's record that an account may open."""

    id: str
    """ULID of the client."""
    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    features: frozenset[str] = frozenset(FEATURES)


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A session as its account remembers it, so that all of them can be ended in one write."""

    digest: str
    started_at: int
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Account:
    """Who may sign in with an address, and what it opens."""

    key: bytes = field(repr=False)
    """16 bytes, a keyed digest of practice and address: where the account is kept."""
    id: str
    """ULID, what other systems call it."""
    practice: str
    address: str = field(repr=False)
    """As it was put on file; mail goes here and nowhere else."""
    name: str = field(repr=False)
    language: Language = DEFAULT_LANGUAGE
    status: AccountStatus = AccountStatus.INVITED
    epoch: int = 1
    """Raised when access ends; whatever opens a door carries the epoch it was made in."""
    ended_at: int | None = None
    """Unix seconds at which `epoch` was last raised. A sign-in with a provider that started before is invalid."""
    identities: Mapping[ProviderName, str] = field(default_factory=dict, repr=False)
    """Digest of the identity that is linked, by provider. The first identity that signs in is linked, and from then on
    no other identity at that provider may sign in."""
    email_ok: bool = False
    """The person agreed to be sent email (B49)."""
    suppressed: bool = False
    """The address bounced or complained; nothing is sent until a clinician confirms it."""
    confirmed_at: int | None = None
    """Unix seconds at which a clinician last did: what is reported of mail from before stops it no more."""
    owner: str | None = None
    """ULID of the client whose own access this is; None for people who only open others' profiles (contacts)."""
    profiles: tuple[Profile, ...] = ()
    sessions: tuple[SessionRef, ...] = ()
    revision: int = 0
    """Counts sign-ins and what clinicians change, so that two changes at once cannot lose one another's."""
    first_sign_in_at: int | None = None
    """Unix seconds."""
    last_sign_in_at: int | None = None
    email_status: str = "none"
    """What became of the newest mail: a name from the contract."""
    email_status_at: int | None = None

    @property
    def may_sign_in(self) -> bool:
        """Whether access is given at all; consent to email is a question for mail alone."""
        match self.status:
            case AccountStatus.INVITED | AccountStatus.ACTIVE:
                return True
            case AccountStatus.DISABLED:
                return False
            case _:
                assert_never(self.status)

    @property
    def can_receive_mail(self) -> bool:
        """Whether mail may go to the address: its owner agreed, and none came back since a clinician confirmed it."""
        return self.email_ok and not self.suppressed

    @property
    def masked(self) -> str:
        """The address as `addresses.masked` shows it."""
        return masked(self.address)

    def profile(self, profile_id: str | None) -> Profile | None:
        """The profile of that id if the account may open it, else None."""
        return next((profile for profile in self.profiles if profile.id == profile_id), None)
