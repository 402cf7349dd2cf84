"""Every way to be told no. Expected outcomes that stop a step are raised; what is returned is a yes.

One closed family: `web.refusals` gives each member its status, code and page, and a test holds the two
lists together.
"""

from dataclasses import dataclass, field


class Refusal(Exception):
    """A step that stops here, for a reason the person can be told."""


class PracticeUnknown(Refusal):
    """No practice lives at this address."""


class PageUnknown(Refusal):
    """Nothing is at this path."""


@dataclass(eq=False)
class MethodRefused(Refusal):
    """The path exists, the method does not."""

    allowed: tuple[str, ...]


class OriginRefused(Refusal):
    """The form was not sent by a page of ours."""


@dataclass(eq=False)
class BodyInvalid(Refusal):
    """The request cannot be read as what it says it is."""

    errors: tuple[tuple[str, str], ...] = ()
    """Where, and what is wrong there; never what was sent."""


class BodyTooLarge(Refusal):
    """The body is longer than any honest form."""


class EmailMissing(Refusal):
    """No address was typed."""


class EmailMalformed(Refusal):
    """What was typed is no address, or not one that can be compared without guessing."""


class EmailUnknown(Refusal):
    """The address has no access here; said only where the practice chose to say it."""


class NoMailPossible(Refusal):
    """No mail goes to the address (B157): it came back, was reported as spam, or its owner has not agreed to it.

    Said only where the practice says of an address that it is unknown.
    """


@dataclass(eq=False)
class RateLimited(Refusal):
    """A budget is used up."""

    until: int
    """Unix seconds at which the next try is possible."""
    limit: str
    """Which limit: a name from `rules.budgets`, for the audit."""


class PinMissing(Refusal):
    """No PIN was typed."""


class PinMalformed(Refusal):
    """What was typed is not six digits, which tells nothing about any PIN."""


class PinRefused(Refusal):
    """Wrong address, wrong PIN, expired, used, or never made: one answer for all of them."""


@dataclass(eq=False)
class PinLocked(Refusal):
    """Too many wrong PINs for this address, whether or not it has one."""

    until: int
    """Unix seconds at which the next try is possible."""


@dataclass(eq=False)
class ProviderRefused(Refusal):
    """A sign-in with a provider failed. Link and PIN still work."""

    reason: str = ""
    """A machine-readable word of ours for the audit, never the provider's own text."""


class ProviderCancelled(ProviderRefused):
    """The person cancelled at the provider."""


class IdentityUnmatched(ProviderRefused):
    """The identity at the provider belongs to no account here."""


class ProviderFailed(ProviderRefused):
    """The provider's response was not valid for this attempt, or there was none in time."""


class LinkUnknown(Refusal):
    """Not a link of ours, or not of this practice."""


class LinkExpired(Refusal):
    """The link is too old, or the access it was made for has ended."""


class LinkUsed(Refusal):
    """The link has opened a session already."""


class LinkReplaced(Refusal):
    """A newer link was asked for."""


class OriginBypassed(Refusal):
    """The request went around what stands in front of the API."""


@dataclass(eq=False)
class AccountSwitchRefused(Refusal):
    """Another account is signed in on this browser; nobody has agreed to switch."""

    current: str
    """Name of the account that is signed in."""
    masked: str
    """The address behind the link, masked."""


@dataclass(eq=False)
class SignedOut(Refusal):
    """There is no live session."""

    idle: bool = False
    """It ended because nothing happened for too long."""


class ProfileUnknown(Refusal):
    """No profile of that id is open to this account."""


class TokenRefused(Refusal):
    """No clinician is known by this token."""


class RecordNotFound(Refusal):
    """It is another practice's, or does not exist: nobody is told which."""


class RoleMissing(Refusal):
    """The clinician may act here, but not do this."""


class AlreadySignedIn(Refusal):
    """The client has signed in; an invitation would say nothing new (B61)."""


class ConsentMissing(Refusal):
    """The person has not agreed to be sent email there (B48)."""


class EmailInUse(Refusal):
    """The address is another client's own sign-in (B90)."""


class AddressSuppressed(Refusal):
    """Mail to the address came back or was complained about; it has to be confirmed first."""


class AddressChangeUnconfirmed(Refusal):
    """Saving this address ends the sign-in by the old one; that has to be agreed to (B57)."""


class NoAccess(Refusal):
    """The client may not sign in."""


@dataclass(frozen=True, slots=True)
class Opener:
    """A contact who can open a client's profile by a sign-in of their own."""

    contact: str
    """ULID of the contact."""
    name: str = field(repr=False)
    email: str = field(repr=False)
    relation: str


@dataclass(eq=False)
class OpenedByOthers(Refusal):
    """Other people open the client's profile, and would after this step too (B154)."""

    people: tuple[Opener, ...]


@dataclass(eq=False)
class LetterInvalid(Refusal):
    """The practice's own words hold something that a letter cannot."""

    why: str
    """A sentence for whoever wrote them."""


class IdempotencyInProgress(Refusal):
    """The same send is under way."""


class IdempotencyKeyReused(Refusal):
    """The idempotency key was used for another request."""


@dataclass(eq=False)
class Unavailable(Refusal):
    """Something this step needs does not answer. Trying again is safe: nothing was spent, or a cookie is given."""

    cookie: str | None = field(default=None, repr=False)
    """Where it cannot be found out now whether somebody was signed in: it opens their session if they were."""
