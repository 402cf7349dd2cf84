"""Tests of stored OAuth states. A state accepts one callback, a callback opens one session, and an account has at most
ten.
"""

from functools import partial

import pytest

from latchkey import tokens
from latchkey.rules.accounts import Account
from latchkey.rules.refusals import IdentityUnmatched, ProviderFailed, SignedOut, Unavailable
from latchkey.rules.sessions import MAX_SESSIONS, LiveSession
from latchkey.store import accounts, oauth_states, sessions
from latchkey.store.oauth_states import ProviderProof
from latchkey.store.proofs import Attempt
from tests.kit.clock import NOON
from tests.store.flows import at_once, new_attempt, on_file, sign_in

BROWSER = "browser"


@pytest.fixture
def ana() -> Account:
    return on_file()


def started() -> str:
    """Save a state, as at the start of sign-in with Google, and return it."""
    state = tokens.base64url_encode(tokens.random_id())
    oauth_states.save(state, BROWSER, NOON)
    return state


def returned() -> str:
    """Return a state whose callback has come."""
    state = started()
    oauth_states.mark_returned(state, BROWSER, NOON)
    return state


def held(account: Account) -> set[str]:
    """Return the digests of the account's stored sessions."""
    stored = accounts.find(account.key)
    assert stored is not None
    return {session.digest for session in stored.sessions}


def digest(attempt: Attempt) -> str:
    return tokens.session_digest("willow", attempt.cookie)


def is_in(attempt: Attempt) -> bool:
    try:
        sessions.touch("willow", attempt.cookie, NOON)
    except SignedOut:
        return False
    return True


def test_a_return_that_comes_sixty_four_times_at_once_counts_once() -> None:
    for _ in range(3):
        became = at_once(*[partial(oauth_states.mark_returned, started(), BROWSER, NOON)] * 64)

        assert sum(outcome == NOON for outcome in became) == 1
        assert sum(isinstance(outcome, ProviderFailed) for outcome in became) == 63


def test_32_parallel_callbacks_from_another_browser_consume_no_state() -> None:
    state = started()

    became = at_once(*[partial(oauth_states.mark_returned, state, "another", NOON)] * 32)

    assert all(isinstance(outcome, ProviderFailed) for outcome in became)
    assert oauth_states.mark_returned(state, BROWSER, NOON) == NOON


def test_a_returned_state_that_is_consumed_thirty_two_times_at_once_opens_one_session() -> None:
    for _ in range(3):
        ana, state = on_file(), returned()
        attempts = [new_attempt(ana) for _ in range(32)]

        became = at_once(
            *(partial(sessions.start, ProviderProof(ana, state, "subject", "google"), attempt) for attempt in attempts)
        )

        assert sum(isinstance(outcome, LiveSession) for outcome in became) == 1
        assert sum(isinstance(outcome, ProviderFailed) for outcome in became) == 31
        assert held(ana) == {digest(attempt) for attempt in attempts if is_in(attempt)}
        assert len(held(ana)) == 1


def test_a_consumed_state_and_another_google_account_open_nothing(ana: Account) -> None:
    state = returned()
    sessions.start(ProviderProof(ana, state, "subject", "google"), new_attempt(ana))
    now = accounts.find(ana.key)
    assert now

    with pytest.raises(ProviderFailed):
        sessions.start(ProviderProof(now, state, "subject", "google"), new_attempt(ana))
    with pytest.raises(IdentityUnmatched):
        sessions.start(ProviderProof(now, returned(), "another", "google"), new_attempt(ana))
    assert len(held(ana)) == 1


def test_of_two_google_accounts_at_once_one_is_linked_to_an_address() -> None:
    for _ in range(3):
        ana, mine, theirs = on_file(), returned(), returned()

        became = at_once(
            *(
                partial(sessions.start, ProviderProof(ana, state, state, "google"), new_attempt(ana))
                for state in (mine, theirs)
                for _ in range(16)
            )
        )

        stored = accounts.find(ana.key)
        assert stored is not None
        assert stored.identities["google"] in {mine, theirs}
        assert sum(isinstance(outcome, LiveSession) for outcome in became) == 1
        assert any(isinstance(outcome, IdentityUnmatched) for outcome in became)


def test_sixteen_sign_ins_of_one_account_at_once_leave_the_ten_that_it_may_have(ana: Account) -> None:
    """A sign-in that is asked to try again has started no session, and can be repeated."""
    for number in range(MAX_SESSIONS):
        sign_in(ana, NOON - MAX_SESSIONS + number)
    attempts = [new_attempt(ana) for _ in range(16)]
    tries = [
        partial(sessions.start, ProviderProof(ana, returned(), "subject", "google"), attempt) for attempt in attempts
    ]

    became = at_once(*tries)

    outcomes = list(zip(attempts, became, strict=True))
    used = [attempt for attempt, outcome in outcomes if isinstance(outcome, LiveSession)]
    assert all(isinstance(outcome, (LiveSession, Unavailable)) for outcome in became)
    assert sum(map(is_in, used)) == min(len(used), MAX_SESSIONS)
    assert not any(is_in(attempt) for attempt in attempts if attempt not in used)
    assert len(held(ana)) == MAX_SESSIONS
    assert {digest(attempt) for attempt in attempts if is_in(attempt)} <= held(ana)
