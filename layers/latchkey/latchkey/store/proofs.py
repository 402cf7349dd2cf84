"""Proofs: what a sign-in method gives after a successful check, to be consumed once by a new session."""

from dataclasses import dataclass, field
from typing import Protocol

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from latchkey.rules.accounts import Account
from latchkey.rules.sessions import LiveSession
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.rules.times import Millis
from latchkey.store.dynamodb import Table


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to start a session, with an id and a new cookie."""

    id: str
    """Stored with the consumed proof. After a lost response it shows that this attempt consumed the proof."""
    cookie: str = field(repr=False)
    """Value of the new session's cookie."""
    now_ms: Millis
    """Unix milliseconds."""
    support_code: str
    replaces: str | None = None
    """Digest of the session that this browser sent. It ends, and is never taken over."""
    replaced_session: LiveSession | None = None
    """The session behind `replaces` if it was live."""

    @property
    def now(self) -> int:
        """Unix seconds."""
        return self.now_ms // 1000


@dataclass(frozen=True, slots=True)
class ConsumingWrite:
    """The conditional write that consumes a proof, as a part of the transaction that starts the session."""

    item: Table | None
    """The item that holds the proof. None for the account's credentials, which get the session too."""
    actions: list[Action]
    condition: Condition
    account_actions: tuple[Action, ...] = ()
    """Further changes of the account."""
    account_condition: Condition | None = None
    """A further condition on the account, beside its access."""


class Proof(Protocol):
    """Evidence that a person may sign in to an account: a `LinkProof`, `PinProof` or `ProviderProof`."""

    @property
    def account(self) -> Account:
        """The account it opens, as it was at the check."""

    @property
    def method(self) -> SignInMethod:
        """The sign-in method. A provider counts as a method of its own."""

    def consuming_write(self, account: Account, attempt: Attempt) -> ConsumingWrite:
        """Return the write that consumes the proof for this attempt. It fails if the proof was consumed before."""

    def recheck(self, attempt: Attempt) -> Account | None:
        """Check again after a failed write: return the account as it is now, or None if `attempt` consumed the proof.

        :raises Refusal: the proof is no longer valid. The refusal is the reason.
        """
