"""Links: the stored link of an account, and the check before it is used."""

from dataclasses import dataclass, field
from typing import Literal, assert_never

from latchkey.rules.accounts import Account
from latchkey.rules.languages import Language
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUsed

KEEP_DEAD_SECONDS = 30 * 24 * 3600
"""Seconds for which a dead link is stored, so that its page can say why it does not work."""


@dataclass(frozen=True, slots=True)
class Link:
    """The newest link of an account, as it is stored."""

    job_id: bytes = field(repr=False)
    """The id of the mail job that created the link."""
    digest: str = field(repr=False)
    """The digest of the link's token."""
    epoch: int
    """The account's epoch when the link was requested."""
    state: Literal["live", "used"]
    expires_at: int
    """Unix seconds at which the link is no longer valid."""
    used_by: str | None = None
    """The id of the attempt that used the link."""
    requested_at: int = 0
    """Unix seconds at which the link was requested."""
    letter_language: Language | None = None
    """The language of the sign-in letter that carries the link. None for an invitation, or if it is not stored."""


def check(link: Link | None, account: Account | None, job_id: bytes, now: int) -> Account:
    """Return the account that the link of mail job `job_id` signs in to. `now` is Unix seconds.

    :raises LinkExpired: the link is too old, or the account's access has ended since.
    :raises LinkReplaced: the account has a newer link.
    :raises LinkUsed: the link was used before.
    """
    if link is None or account is None:
        raise LinkExpired
    if link.job_id != job_id:
        raise LinkReplaced(
            link.requested_at,
            link.letter_language,
            account.address.rpartition("@")[2].lower(),
            newest_is_live=_is_live(link, now),
        )
    match link.state:
        case "used":
            raise LinkUsed
        case "live":
            pass
        case _:
            assert_never(link.state)
    if link.expires_at <= now or not account.may_sign_in or account.epoch != link.epoch:
        raise LinkExpired
    return account


def _is_live(link: Link, now: int) -> bool:
    """Return True if the link was not used and has not expired. The account's access is not checked."""
    return link.state == "live" and link.expires_at > now
