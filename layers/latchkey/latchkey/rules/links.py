"""A link's life: asked for, minted, opened once; or replaced, expired, ended."""

from dataclasses import dataclass, field
from typing import Literal, assert_never

from latchkey.rules.accounts import Account
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUsed

KEEP_DEAD_SECONDS = 30 * 24 * 3600
"""How long a dead link can still say why it is dead."""


@dataclass(frozen=True, slots=True)
class Link:
    """The newest link of an account, as it is kept."""

    job_id: bytes = field(repr=False)
    """Names the mail job that made it."""
    digest: str = field(repr=False)
    epoch: int
    """The account's epoch when it was asked for."""
    state: Literal["live", "used"]
    expires_at: int
    """Unix seconds; at this second it is dead."""
    used_by: str | None = None
    """The attempt that opened it."""


def check(link: Link | None, account: Account | None, job_id: bytes, now: int) -> Account:
    """Return the account that the link of mail job `job_id` opens. `now` is Unix seconds.

    :raises LinkExpired: it is too old, or its access has ended since.
    :raises LinkReplaced: a newer one was made.
    :raises LinkUsed: it has been opened.
    """
    if link is None or account is None:
        raise LinkExpired
    if link.job_id != job_id:
        raise LinkReplaced
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
