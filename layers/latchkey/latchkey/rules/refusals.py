"""Refusals: the closed family of expected negative outcomes, which are raised as exceptions.

`http.problems` gives each member its status and code, `web.refusals` its page. A test compares the two lists.
"""

from dataclasses import dataclass, field
from typing import Self

from latchkey.rules.languages import Language


class Refusal(Exception):
    """An expected negative outcome, with a reason that the person may know."""

    support_code: str = ""
    """The support code of an audit event about it, which its page shows (B145). Empty without such an event."""

    def audited_as(self, support_code: str) -> Self:
        """Return the refusal, whose page shows this support code."""
        self.support_code = support_code
        return self


class PracticeUnknown(Refusal):
    """No practice has this slug."""


class PageUnknown(Refusal):
    """No page has this path."""


@dataclass(eq=False, repr=False)
class MethodRefused(Refusal):
    """The path does not support this method."""

    allowed: tuple[str, ...]


class OriginRefused(Refusal):
    """The form was sent by a page of another origin."""


@dataclass(eq=False, repr=False)
class BodyInvalid(Refusal):
    """The request body is not valid."""

    errors: tuple[tuple[str, str], ...] = ()
    """Pairs of field and problem. They never contain the sent value."""


@dataclass(eq=False, repr=False)
class ValueRefused(Refusal):
    """A value has the right type and cannot be used here, such as a link to another portal."""

    errors: tuple[tuple[str, str], ...]
    """Pairs of field and problem. They never contain the sent value."""


class BodyTooLarge(Refusal):
    """The body is larger than any valid request."""


class EmailMissing(Refusal):
    """The address is empty."""


class EmailMalformed(Refusal):
    """The typed text is no address, or it has no certain canonical form."""


@dataclass(eq=False, repr=False)
class DomainMistyped(Refusal):
    """The domain of the typed address looks like a typing mistake. It is checked before the address is looked up."""

    domain: str = field(repr=False)
    suggestion: str
    """A well-known domain."""


class EmailUnknown(Refusal):
    """The address has no access here. Only shown if the practice has chosen `UnknownAddressPolicy.TELL`."""


class NoMailPossible(Refusal):
    """No mail goes to the address (B157): it bounced, was reported as spam, or its owner has not consented to mail.

    Only shown if the practice has chosen `UnknownAddressPolicy.TELL`.
    """


@dataclass(eq=False, repr=False)
class RateLimited(Refusal):
    """A rate limit is reached."""

    until: int
    """Unix seconds at which the next try is possible."""
    limit: str
    """The limit's name in `rules.limits`, for the audit log."""


class PinMissing(Refusal):
    """The PIN is empty."""


class PinMalformed(Refusal):
    """The typed text is not six digits. This reveals nothing about any PIN."""


class PinRefused(Refusal):
    """The PIN does not match. The reason is not visible: a wrong address, or a wrong, expired, used or absent PIN."""


@dataclass(eq=False, repr=False)
class PinLocked(Refusal):
    """Too many wrong PINs were typed for this address. It may have no PIN at all."""

    until: int
    """Unix seconds at which the next try is possible."""


@dataclass(eq=False, repr=False)
class ProviderRefused(Refusal):
    """A sign-in with a provider failed. Link and PIN still work."""

    reason: str = ""
    """A machine-readable word for the audit log, never the provider's own text."""


class ProviderCancelled(ProviderRefused):
    """The person cancelled at the provider."""


class IdentityUnmatched(ProviderRefused):
    """The identity at the provider matches no account here."""


class ProviderFailed(ProviderRefused):
    """The provider's response was not valid for this attempt, or did not arrive in time."""


class LinkUnknown(Refusal):
    """The link was not made by this service for this practice."""


class LinkExpired(Refusal):
    """The link is too old, or the access for which it was made has ended."""


class LinkUsed(Refusal):
    """The link was used before."""


@dataclass(eq=False, repr=False)
class LinkReplaced(Refusal):
    """The account has a newer link."""

    requested_at: int = 0
    """Unix seconds at which the newest link was requested."""
    letter_language: Language | None = None
    """The language of the newest sign-in letter. None if it is unknown, or if that letter is an invitation."""
    mail_domain: str = field(default="", repr=False)
    """The domain of the address on file."""
    newest_is_live: bool = True
    """True if the newest link still signs in."""


class OriginBypassed(Refusal):
    """The request did not come through CloudFront."""


@dataclass(eq=False, repr=False)
class AccountSwitchRefused(Refusal):
    """Another account is signed in on this browser, and the person has not agreed to switch."""

    current: str
    """The name of the account that is signed in."""
    masked: str
    """The masked address of the other account."""


class AppCodeRefused(Refusal):
    """The app's code is wrong, used or too old, its verifier does not match, or access has ended."""


class RefreshTokenRefused(Refusal):
    """The refresh token opens nothing. The person signs in again."""


@dataclass(eq=False, repr=False)
class RefreshTokenReused(Refusal):
    """The refresh token was used before, so someone else may have it. The device ends."""

    device: str
    """The ULID of the device."""


@dataclass(eq=False, repr=False)
class SignedOut(Refusal):
    """The browser or app has no live session."""

    idle: bool = False
    """True if the session ended without activity."""


@dataclass(eq=False, repr=False)
class NotAMember(Refusal):
    """The person who signed in to the console is a member of no practice."""

    subject: str
    """The `sub` of their tokens, by which an admin can make them a member."""


class FormExpired(Refusal):
    """The form was made in another session, or its token is missing. Nothing was done."""


class ProfileUnknown(Refusal):
    """The account has no profile of that id."""


class TokenRefused(Refusal):
    """The token identifies no clinician."""


class RecordNotFound(Refusal):
    """The record does not exist or belongs to another practice. The response is the same for both."""


class SupportCodeUnknown(Refusal):
    """No audit event of the practice has this support code."""


class RoleMissing(Refusal):
    """The clinician's role does not permit this request."""


class AlreadySignedIn(Refusal):
    """The client has signed in already, so an invitation would add nothing (B61)."""


class ConsentMissing(Refusal):
    """The person has not consented to be emailed there (B48)."""


class EmailInUse(Refusal):
    """The address is another client's own sign-in (B90)."""


class ExternalIdInUse(Refusal):
    """Another client of the practice has this external id."""


class AccessAddress(Refusal):
    """The address is the one that the client signs in with, so it cannot be removed (B159)."""


class SubjectRequired(Refusal):
    """The stack has no user pool of its own, so a member is named by the subject of their tokens."""


class UserPoolMissing(Refusal):
    """The stack has no user pool of its own, so it cannot reset a member's sign-in."""


class MemberElsewhere(Refusal):
    """The member also acts for another practice or for the stack, so only an operator resets their sign-in."""


class OwnAddressUnknown(Refusal):
    """No provider has verified an address of the member who asks."""


class TooManyCredentials(Refusal):
    """The practice has as many live credentials of practice systems as it can have. One must be revoked first."""


class TooManyWebhooks(Refusal):
    """The practice has as many webhooks as it can have. One must be removed first."""


@dataclass(frozen=True, slots=True)
class FileProblem:
    """A reason why a file cannot be imported as a whole."""

    code: str
    """A key of `rules.imports.FILE_SENTENCES`."""
    row: int | None = None
    """The number of the row, as a spreadsheet shows it. None for the whole file."""
    column: int | None = None
    """The number of the column, from 1. None for a whole row."""


@dataclass(eq=False, repr=False)
class ImportInvalid(Refusal):
    """A file cannot be imported as a whole. Nothing of it was put on file."""

    errors: tuple[tuple[str, str], ...]
    """Pairs of row and problem, in English. They never contain the sent value."""
    problems: tuple[FileProblem, ...] = ()
    """The same problems, for pages in any language."""


class TooManyImports(Refusal):
    """The practice has as many unfinished imports as it can have."""


class AddressSuppressed(Refusal):
    """Mail to the address bounced or was complained about. A clinician must confirm the address first."""


class AddressChangeUnconfirmed(Refusal):
    """The new address would end the sign-in by the old one. The request must confirm that (B57)."""


class NoAccess(Refusal):
    """The client may not sign in."""


@dataclass(frozen=True, slots=True)
class Opener:
    """A contact who can open a client's profile by an account of their own."""

    contact: str
    """The ULID of the contact."""
    name: str = field(repr=False)
    email: str = field(repr=False)
    relation: str


@dataclass(eq=False, repr=False)
class OpenedByOthers(Refusal):
    """Contacts can open the client's profile, and still could after this request (B154)."""

    people: tuple[Opener, ...]


@dataclass(eq=False, repr=False)
class LetterInvalid(Refusal):
    """The practice's wording contains something that a letter cannot."""

    why: str
    """A sentence for the author of the wording."""


class IdempotencyInProgress(Refusal):
    """A request with the same idempotency key is in progress."""


class IdempotencyKeyReused(Refusal):
    """The idempotency key was used for another request."""


@dataclass(eq=False, repr=False)
class Unavailable(Refusal):
    """A service that this request needs does not answer. It is safe to repeat the request."""

    cookie: str | None = field(default=None, repr=False)
    """The new session's cookie if it is unknown whether the session was stored. Without a session it is worthless."""
