"""Tests of stored links. The newest link of an account opens one session, for messages and requests in any order and
number.
"""

from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latchkey import keys, tokens
from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUsed, Refusal, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, links, pins, sessions
from latchkey.store.links import LinkProof
from latchkey.store.pins import PinProof
from latchkey.tokens import Keyring
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import (
    RING,
    ask,
    at_once,
    disable,
    enable,
    link_of,
    new_attempt,
    on_file,
    open_by,
    opens_nothing,
    send,
    sign_in,
)

DAY = 24 * 3600


@pytest.fixture
def ana() -> Account:
    return on_file()


def sessions_of(account: Account) -> int:
    stored = accounts.find(account.key)
    assert stored is not None
    return len(stored.sessions)


def test_a_link_opens_one_session_and_no_second(ana: Account) -> None:
    """B34"""
    token = send(ana)

    live_session, attempt = open_by(token)

    assert live_session.account.key == ana.key
    assert sessions.touch("willow", attempt.cookie, NOON).account.id == ana.id
    with pytest.raises(LinkUsed):
        links.verify(token, NOON)
    for seen in (ana, accounts.find(ana.key)):
        assert seen
        with pytest.raises(LinkUsed):
            sessions.start(LinkProof(seen, token), new_attempt(ana))
    assert sessions_of(ana) == 1


def test_looking_at_a_link_changes_nothing(ana: Account, engine: Engine) -> None:
    token = send(ana)
    before = engine.items()

    for _ in range(3):
        assert links.verify(token, NOON).account.id == ana.id

    assert engine.items() == before


@pytest.mark.parametrize("late", [0, 1])
def test_a_link_expires_after_24_hours_even_if_it_was_shown_a_second_before(ana: Account, late: int) -> None:
    """B33: the condition of the write contains the time."""
    token = send(ana)
    account = links.verify(token, NOON + DAY - 1).account

    with pytest.raises(LinkExpired):
        sessions.start(LinkProof(account, token), new_attempt(account, NOON + DAY + late))
    assert sessions_of(ana) == 0


def test_a_link_opens_in_the_last_second_of_its_day(ana: Account) -> None:
    """B33"""
    assert open_by(send(ana), NOON + DAY - 1)


def test_a_newer_link_replaces_the_older_one(ana: Account) -> None:
    """B35, B36"""
    older, newer = send(ana), send(ana, NOON * 1000 + 1)

    with pytest.raises(LinkReplaced):
        links.verify(older, NOON)
    with pytest.raises(LinkReplaced):
        sessions.start(LinkProof(ana, older), new_attempt(ana))
    assert open_by(newer)


@settings(max_examples=25)
@given(
    st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=4).flatmap(
        lambda instants: st.tuples(
            st.just(instants),
            st.permutations([n for n in range(len(instants)) for _ in range(2)]),
        )
    )
)
def test_in_any_order_of_delivery_only_the_newest_request_has_a_link(
    case: tuple[list[int], list[int]],
) -> None:
    """B35: this includes requests of one millisecond, and messages that are delivered twice."""
    instants, deliveries = case
    ana = on_file()
    jobs = [ask(ana, NOON * 1000 + instant) for instant in instants]
    delivered = set()
    for number in deliveries:
        delivered.add(number)
        newest = max((jobs[seen] for seen in delivered), key=lambda job: job.sequence)
        assert links.mint(jobs[number], link_of(jobs[number]), NOON) is (jobs[number] is newest)
        for seen in delivered:
            if jobs[seen] is newest:
                assert links.verify(link_of(jobs[seen]), NOON).account.key == ana.key
            else:
                with pytest.raises(LinkReplaced):
                    links.verify(link_of(jobs[seen]), NOON)


def test_a_message_that_comes_twice_makes_the_same_link_twice(ana: Account) -> None:
    job = ask(ana)
    assert links.mint(job, link_of(job), NOON)

    assert links.mint(job, link_of(job), NOON + 30)

    assert open_by(link_of(job), NOON + 31)


def test_a_message_that_is_redelivered_revives_no_used_link(ana: Account) -> None:
    job = ask(ana)
    links.mint(job, link_of(job), NOON)
    open_by(link_of(job))

    assert not links.mint(job, link_of(job), NOON + 30)

    with pytest.raises(LinkUsed):
        links.verify(link_of(job), NOON + 31)


def test_a_message_that_is_redelivered_revives_no_link_of_an_access_that_has_ended(ana: Account) -> None:
    """B62"""
    job = ask(ana)
    links.mint(job, link_of(job), NOON)
    disable(ana)
    enable(ana)

    links.mint(job, link_of(job), NOON + 30)

    with pytest.raises(LinkExpired):
        links.verify(link_of(job), NOON + 31)


def test_a_message_that_is_redelivered_after_a_key_rotation_makes_the_link_that_was_mailed(ana: Account) -> None:
    rotated = Keyring("2", {"1": RING.keys["1"], "2": b"n" * 64})
    job = ask(ana)
    links.mint(job, link_of(job), NOON)

    made = [
        links.mint(job, token, NOON)
        for token in tokens.link_candidates(rotated, "willow", "sign_in", ana.key, job.job_id)
    ]

    assert made == [False, True]
    assert open_by(link_of(job))


def test_disabling_access_ends_the_link_and_the_session_and_enabling_revives_neither(ana: Account) -> None:
    """B58, B62"""
    cookie = sign_in(ana)
    token = send(ana, NOON * 1000 + 1)

    for change in (disable, enable):
        change(ana)
        with pytest.raises(LinkExpired):
            links.verify(token, NOON)
        with pytest.raises(SignedOut):
            sessions.touch("willow", cookie, NOON)


def test_access_that_ends_between_the_look_at_a_link_and_its_use_has_ended(ana: Account) -> None:
    """B58, B62: the sign-in does not write the account. Its session has the epoch that was read before."""
    token = send(ana)
    looked, attempt = links.verify(token, NOON).account, new_attempt(ana)
    disable(ana)

    assert opens_nothing(LinkProof(looked, token), attempt)
    enable(ana)
    assert opens_nothing(LinkProof(looked, token), attempt)
    with pytest.raises(SignedOut):
        sessions.touch("willow", attempt.cookie, NOON)
    assert sessions_of(ana) == 0


def test_a_link_of_an_access_that_ended_cannot_be_consumed_on_the_access_given_since(ana: Account) -> None:
    """B62: the account was read after the access was given again, and the link before."""
    token = send(ana)
    disable(ana)
    repeated = enable(ana)

    with pytest.raises(LinkExpired):
        sessions.start(LinkProof(repeated, token), new_attempt(repeated))
    assert sessions_of(ana) == 0


def test_a_link_without_its_account_has_expired(ana: Account, engine: Engine) -> None:
    token = send(ana)
    engine.client.delete_item(TableName="Accounts", Key={"key": {"S": tokens.base64url_encode(ana.key)}})

    with pytest.raises(LinkExpired):
        links.verify(token, NOON)
    assert opens_nothing(LinkProof(ana, token), new_attempt(ana))


def test_a_link_opened_thirty_two_times_at_once_opens_one_session(engine: Engine) -> None:
    """B34, in twenty rounds."""
    for _ in range(20):
        ana = on_file()
        token = send(ana)

        became = at_once(*[partial(open_by, token)] * 32)

        opened = [outcome for outcome in became if not isinstance(outcome, Refusal)]
        assert len(opened) == 1
        assert sessions_of(ana) == 1
        assert Counter(type(outcome) for outcome in became)[LinkUsed] == 31
        mine = tokens.base64url_encode(ana.key)
        assert list(sam_template.sessions_in(engine.items()).values()).count(mine) == 1


def test_two_people_at_once_both_sign_in() -> None:
    ana, lee = on_file(), on_file(address="lee@example.com", name="Lee Park")
    tokens_ = send(ana), send(lee)

    became = at_once(*(partial(open_by, token) for token in tokens_))

    assert {outcome[0].account.name for outcome in became if isinstance(outcome, tuple)} == {"Ana Reyes", "Lee Park"}


def test_a_link_that_is_opened_while_a_newer_one_is_made_opens_or_is_replaced() -> None:
    """B35: the number of sessions is that of the successful sign-ins."""
    for _ in range(10):
        ana = on_file()
        older = send(ana)
        newer = ask(ana, NOON * 1000 + 1)

        opened, made = at_once(partial(open_by, older), partial(links.mint, newer, link_of(newer), NOON))

        assert made is True
        assert isinstance(opened, (tuple, LinkReplaced))
        assert open_by(link_of(newer))
        assert sessions_of(ana) == (2 if isinstance(opened, tuple) else 1)


def test_a_sign_in_during_another_one_gets_the_current_account(ana: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another sign-in happens between the read and the write. Both sessions are kept."""
    monkeypatch.setattr(keys, "pin", lambda: RING)
    token = send(ana)
    looked = links.verify(token, NOON).account
    pins.create(looked, NOON * 1000)
    pin = pins.count_guess(looked.key, tokens.new_ulid(NOON * 1000), NOON)
    another = sessions.start(PinProof(looked, pin), new_attempt(looked)).session

    live_session = sessions.start(LinkProof(looked, token), new_attempt(looked))

    assert another.digest in {session.digest for session in live_session.account.sessions}
    assert sessions_of(ana) == 2


def test_the_first_sign_in_makes_an_invited_person_active_and_is_remembered() -> None:
    """B32, B53"""
    sam = on_file(status=AccountStatus.INVITED, first_sign_in_at=None, last_sign_in_at=None)

    first: LiveSession = open_by(send(sam))[0]
    second: LiveSession = open_by(send(sam, (NOON + 60) * 1000), NOON + 60)[0]

    assert (first.session.welcome_pending, first.session.previous_sign_in_at) == (True, None)
    assert (second.session.welcome_pending, second.session.previous_sign_in_at) == (False, NOON)
    stored = accounts.find(sam.key)
    assert stored is not None
    assert (stored.status, stored.first_sign_in_at, stored.last_sign_in_at) == (AccountStatus.ACTIVE, NOON, NOON + 60)


def test_a_first_sign_in_activates_no_account_without_access() -> None:
    """B62: only the access that was read becomes active."""
    sam = on_file(status=AccountStatus.INVITED, first_sign_in_at=None, last_sign_in_at=None)
    looked = links.verify(token := send(sam), NOON).account
    ended = replace(disable(sam), status=AccountStatus.DISABLED)
    for status in (AccountStatus.DISABLED, AccountStatus.INVITED):
        accounts.save(replace(ended, status=status))

        assert opens_nothing(LinkProof(looked, token), new_attempt(looked))

        stored = accounts.find(sam.key)
        assert stored
        assert (stored.status, stored.first_sign_in_at) == (status, None)
