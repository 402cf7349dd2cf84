"""Every way to be told no. Expected outcomes that stop a step are raised; what is returned is a yes.

One closed family: `web.refusals` gives each member its status, code and page, and a test holds the two
lists together.
"""

from dataclasses import dataclass


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


class BodyInvalid(Refusal):
    """The body cannot be read as what it says it is."""


class BodyTooLarge(Refusal):
    """The body is longer than any honest form."""


class EmailMissing(Refusal):
    """No address was typed."""


class EmailMalformed(Refusal):
    """What was typed is no address, or not one that can be compared without guessing."""


class EmailUnknown(Refusal):
    """The address has no access here; said only where the practice chose to say it."""


@dataclass(eq=False)
class Waiting(Refusal):
    """A budget is used up."""

    until: int
    """Unix seconds at which the next try is possible."""
    limit: str
    """Which limit: a name from `rules.budgets`, for the audit."""


class LinkUnknown(Refusal):
    """Not a link of ours, or not of this practice."""


class LinkExpired(Refusal):
    """The link is too old, or the access it was made for has ended."""


class LinkUsed(Refusal):
    """The link has opened a session already."""


class LinkReplaced(Refusal):
    """A newer link was asked for."""


@dataclass(eq=False)
class SwitchUnasked(Refusal):
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


class Unavailable(Refusal):
    """Something this step needs does not answer; nothing was spent, trying again is safe."""
