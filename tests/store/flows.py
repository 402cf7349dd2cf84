"""Sign-in steps on the store, as the functions run them."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier
from typing import Any

from latchkey import tokens
from latchkey.rules.accounts import Account
from latchkey.rules.mail import MailJob
from latchkey.rules.refusals import Refusal
from latchkey.rules.sessions import LiveSession
from latchkey.rules.times import Millis, millis
from latchkey.store import accounts, links, sessions
from latchkey.store.links import LinkProof
from latchkey.store.proofs import Attempt, Proof
from latchkey.tokens import Keyring, LinkToken
from tests.kit.clock import NOON
from tests.kit.seed import an_account

RING = Keyring("1", {"1": b"k" * 64})


def on_file(**facts: Any) -> Account:
    """Save an account and return it."""
    account = an_account(**facts)
    accounts.save(account)
    return account


def ask(account: Account, requested_at: int = NOON * 1000, request: bytes | None = None) -> MailJob:
    """Return a mail job for a link. `requested_at` is in Unix milliseconds."""
    return MailJob(
        practice=account.practice,
        account_key=account.key,
        job_id=request or tokens.random_id(),
        epoch=account.epoch,
        kind="sign_in",
        requested_at_ms=Millis(requested_at),
        origin="https://portal.example.com",
    )


def link_of(job: MailJob, ring: Keyring = RING) -> LinkToken:
    """Return the link of a mail job."""
    return next(tokens.link_candidates(ring, job.practice, "sign_in", job.account_key, job.job_id))


def send(account: Account, requested_at: int = NOON * 1000) -> LinkToken:
    """Return a stored link, requested at this time."""
    job = ask(account, requested_at)
    assert links.mint(job, link_of(job), requested_at // 1000)
    return link_of(job)


def new_attempt(account: Account, now: int = NOON, replaces: str | None = None) -> Attempt:
    """Return an attempt at this second."""
    return Attempt(
        cookie=tokens.new_session_cookie(account.key),
        id=tokens.new_ulid(now * 1000),
        replaces=replaces,
        now_ms=millis(now),
        support_code="JKL5-2M4P",
    )


def open_by(token: LinkToken, now: int = NOON, replaces: str | None = None) -> tuple[LiveSession, Attempt]:
    """Start a session by a link."""
    account = links.verify(token, now).account
    attempt = new_attempt(account, now, replaces)
    return sessions.start(LinkProof(account, token), attempt), attempt


def opens_nothing(proof: Proof, attempt: Attempt) -> bool:
    """Return True if a proof is refused, or if its cookie opens no session."""
    try:
        sessions.start(proof, attempt)
        sessions.touch("willow", attempt.cookie, attempt.now)
    except Refusal:
        return True
    return False


def sign_in(account: Account, now: int = NOON, replaces: str | None = None) -> str:
    """Sign in by a new link, and return the session cookie."""
    _, attempt = open_by(send(account, now * 1000), now, replaces)
    return attempt.cookie


def disable(account: Account) -> Account:
    """Disable access, with a higher epoch."""
    return _saved(account, status="disabled")


def enable(account: Account) -> Account:
    """Reinstate access."""
    return _saved(account, status="active")


def _saved(account: Account, **changes: Any) -> Account:
    stored = accounts.find(account.key)
    assert stored is not None
    changed = replace(stored, epoch=stored.epoch + 1, **changes)
    accounts.save(changed)
    return changed


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run functions in parallel, and return the result or the refusal of each."""
    together = Barrier(len(acts))

    def one(act: Callable[[], object]) -> object:
        together.wait()
        try:
            return act()
        except Refusal as refusal:
            return refusal

    with ThreadPoolExecutor(len(acts)) as threads:
        return list(threads.map(one, acts))
