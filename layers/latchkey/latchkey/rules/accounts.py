"""Accounts: one address that may sign in at one practice, and the profiles that it opens."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Literal, NewType, assert_never, get_args

from latchkey.rules.addresses import masked
from latchkey.rules.languages import DEFAULT_LANGUAGE, Language
from latchkey.rules.practices import FEATURES
from latchkey.rules.providers import ProviderName

AccountKey = NewType("AccountKey", bytes)
"""16 bytes: a keyed digest of a practice and a canonical address."""

type ProfileKind = Literal["individual", "couple", "minor"]
"""The kind of client that a profile is about."""

PROFILE_KINDS: tuple[ProfileKind, ...] = get_args(ProfileKind.__value__)
DEFAULT_PROFILE_KIND: ProfileKind = "individual"


class AccountStatus(StrEnum):
    """The state of an account's access."""

    INVITED = "invited"
    """The account may sign in and never has."""
    ACTIVE = "active"
    DISABLED = "disabled"

    @classmethod
    def _missing_(cls, value: object) -> "AccountStatus":  # noqa: ARG003 - any value has the same result
        """Return `DISABLED` for a status that only a later version knows, so that it allows no sign-in."""
        return cls.DISABLED


type AccessStatus = Literal["none", "invited", "active", "disabled"]
"""A client's access: the status of their own account, or "none" if they never had one."""

ACCESS_STATUSES: tuple[AccessStatus, ...] = get_args(AccessStatus.__value__)


@dataclass(frozen=True, slots=True)
class Profile:
    """A client's record that an account may open."""

    id: str
    """ULID of the client."""
    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    features: frozenset[str] = frozenset(FEATURES)
    relation: str | None = None
    """The relation of the account's person to the client, such as "guardian". None for the client's own account."""
    grant: str | None = None
    """A ULID that the profile gets when it is opened to the account, or signed out. Sessions with another one are
    invalid."""


@dataclass(frozen=True, slots=True)
class SessionRef:
    """A session that its account has not ended. It may have timed out."""

    digest: str
    """The digest of the session's cookie."""
    started_at: int
    """The start of the session in Unix seconds."""
    slot: int = 0
    """The number of the stored session."""


@dataclass(frozen=True, slots=True)
class Account:
    """An address that may sign in at a practice, and the profiles that it opens."""

    key: AccountKey = field(repr=False)
    """The key of the stored account."""
    id: str
    """A ULID, by which other systems name the account."""
    practice: str
    address: str = field(repr=False)
    """The address as it was put on file. Mail goes only here. Empty after the client was erased."""
    name: str = field(repr=False)
    language: Language = DEFAULT_LANGUAGE
    """The language on file, which a clinician sets."""
    chosen_language: Language | None = None
    """The language in which the person last used the portal. It comes before the language on file (B135)."""
    status: AccountStatus = AccountStatus.INVITED
    epoch: int = 1
    """A counter that is raised when access ends. A link, PIN or session with an older epoch is invalid."""
    ended_at: int | None = None
    """Unix seconds at which `epoch` was last raised. A sign-in with a provider that started before is invalid."""
    identities: Mapping[ProviderName, str] = field(default_factory=dict, repr=False)
    """The digest of the linked identity, by provider.

    The first identity that signs in is linked. After that, no other identity at that provider may sign in.
    """
    email_ok: bool = False
    """True if the person has consented to be emailed (B49)."""
    suppressed: bool = False
    """True after a hard bounce or a complaint. No mail is sent until a clinician confirms the address."""
    confirmed_at: int | None = None
    """Unix seconds at which a clinician last lifted a suppression. Reports of mail from before suppress nothing."""
    owner: str | None = None
    """The ULID of the client whose own access this is. None for a contact, who only opens profiles of others."""
    profiles: tuple[Profile, ...] = ()
    sessions: tuple[SessionRef, ...] = ()
    """The sessions that the account has not ended, oldest first."""
    session_epoch: int = 0
    """A counter that is raised when sessions end and access stays. A session with another one is invalid."""
    revision: int = 0
    """A counter of first sign-ins and clinicians' changes. It keeps two concurrent changes from losing each other."""
    first_sign_in_at: int | None = None
    """Unix seconds."""
    last_sign_in_at: int | None = None
    """Unix seconds."""
    email_status: str = "none"
    """The status of the newest mail: a name from the contract."""
    email_status_at: int | None = None
    """Unix seconds at which `email_status` last changed."""
    mail_sequence: str | None = None
    """`MailJob.sequence` of the mail that `email_status` is about. None before the first mail of this version."""
    newer_link_sequence: str | None = field(default=None, repr=False)
    """`MailJob.sequence` of the newest link, if `email_status` is about an older mail. Only the audit event of that
    link says whether it was sent."""
    bounced_at: int | None = None
    """Unix seconds of the newest bounce or complaint. A confirmation of the address does not change it (B158)."""
    bounce_reason: str | None = None
    """The reason of the newest bounce or complaint: a name from the contract."""
    attention: str | None = None
    """The `AttentionReason` for which a clinician may have to look, or None. A sign-in removes it."""
    attention_from: int | None = None
    """Unix seconds from which on `attention` counts. It is later than now for an invitation."""

    @property
    def may_sign_in(self) -> bool:
        """True if the account has access. Consent to mail has no influence on it."""
        match self.status:
            case AccountStatus.INVITED | AccountStatus.ACTIVE:
                return True
            case AccountStatus.DISABLED:
                return False
            case _:
                assert_never(self.status)

    @property
    def can_receive_mail(self) -> bool:
        """True if mail may go to the address: the person has consented, and the address is not suppressed."""
        return self.email_ok and not self.suppressed

    @property
    def letter_language(self) -> Language:
        """The language of a letter that the person did not request on a page."""
        return self.chosen_language or self.language

    @property
    def masked(self) -> str:
        """The address in the form of `addresses.masked`."""
        return masked(self.address)

    def profile(self, profile_id: str | None) -> Profile | None:
        """Return the profile of that id if the account may open it, else None."""
        return next((profile for profile in self.profiles if profile.id == profile_id), None)

    def is_own(self, profile: Profile) -> bool:
        """Return True if the profile is the person's own, and not one that they open for someone else.

        A contact has no profile of their own. In an account from before relations were stored, the name decides.
        """
        if self.owner is not None:
            return profile.id == self.owner
        return profile.relation is None and profile.name == self.name

    @property
    def own_profile(self) -> Profile | None:
        """The person's own profile. None for a contact who only opens profiles of others."""
        return next((profile for profile in self.profiles if self.is_own(profile)), None)

    def with_profile(self, profile: Profile) -> "Account":
        """Return the account with the profile added, or replaced if the account has it already. The grant stays.

        If `profile` has no relation, the account's relation stays.
        """
        known = self.profile(profile.id)
        if known and profile.relation is None:
            profile = replace(profile, relation=known.relation)
        if known is None:
            return replace(self, profiles=(*self.profiles, profile))
        return self._replacing(replace(profile, grant=known.grant))

    def with_new_grant(self, profile_id: str, grant: str) -> "Account":
        """Return the account without the sessions that have this profile open. The profile can be opened again.

        `grant` is a new ULID. If the account has no other profile, all its sessions end.
        """
        profile = self.profile(profile_id)
        if profile is None:
            return self
        remaining = self._replacing(replace(profile, grant=grant))
        return remaining if len(self.profiles) > 1 else remaining.without_sessions()

    def without_sessions(self) -> "Account":
        """Return the account without its sessions. Links and PINs stay valid."""
        return replace(self, sessions=(), session_epoch=self.session_epoch + 1)

    def _replacing(self, profile: Profile) -> "Account":
        return replace(self, profiles=tuple(profile if known.id == profile.id else known for known in self.profiles))

    def without_profile(self, profile_id: str, now: int) -> "Account":
        """Return the account without that profile. If it was the last one, revoke the account and unlink identities."""
        remaining = replace(self, profiles=tuple(profile for profile in self.profiles if profile.id != profile_id))
        return remaining if remaining.profiles else replace(remaining.revoked(now), identities={})

    def revoked(self, now: int) -> "Account":
        """Return the account without access: a new epoch, and no session. `now` is Unix seconds."""
        return replace(
            self,
            status=AccountStatus.DISABLED,
            epoch=self.epoch + 1,
            ended_at=now,
            sessions=(),
            attention=None,
            attention_from=None,
        )

    def reinstated(self) -> "Account":
        """Return a disabled account with access again, but without the owner and the owner's own profile."""
        profiles = tuple(profile for profile in self.profiles if profile.id != self.owner)
        return replace(self, status=AccountStatus.INVITED, owner=None, profiles=profiles)

    def confirmed(self, now: int) -> "Account":
        """Return the account without a suppression. The status of earlier mail is dropped with it."""
        if not self.suppressed:
            return self
        return replace(self, suppressed=False, confirmed_at=now, email_status="none", email_status_at=None)

    def awaited(self, due_at: int) -> "Account":
        """Return the account of an invited person, which needs attention from `due_at` (Unix seconds) on.

        The account of a person who has signed in is returned unchanged.
        """
        if self.status is not AccountStatus.INVITED:
            return self
        return replace(self, attention="not_signed_in", attention_from=due_at)

    def anonymized(self) -> "Account":
        """Return the account without personal data. The key and the epoch stay, so that old links stay invalid."""
        return replace(
            self,
            address="",
            name="",
            chosen_language=None,
            identities={},
            first_sign_in_at=None,
            last_sign_in_at=None,
        )
