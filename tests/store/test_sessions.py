"""Tests of stored sessions: times exact to the second, at most ten, and removed when they end."""

from dataclasses import dataclass, replace
from functools import partial
from typing import ClassVar

import pytest
from pynamodb.exceptions import GetError

from latchkey import tokens
from latchkey.rules.accounts import Account, Profile
from latchkey.rules.refusals import SignedOut, Unavailable
from latchkey.rules.sessions import LiveSession
from latchkey.rules.sign_in_methods import SignInMethod
from latchkey.rules.times import millis
from latchkey.store import accounts, links, sessions
from latchkey.store.credentials import CredentialsItem
from latchkey.store.proofs import Attempt, ConsumingWrite
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import at_once, new_attempt, on_file, open_by, send, sign_in

MINUTE, HOUR = 60, 3600
OWN, CHILDS = Profile("01KJTESTMARIA0000000000000", "Maria"), Profile("01KJTESTLEO000000000000000", "Leo", "minor")


@pytest.fixture
def ana() -> Account:
    return on_file()


@pytest.fixture
def maria() -> Account:
    return on_file(profiles=(OWN, CHILDS))


def is_in(cookie: str, now: int, practice: str = "willow") -> bool:
    """Return True if the cookie opens a live session. This counts as activity."""
    try:
        sessions.touch(practice, cookie, now)
    except SignedOut:
        return False
    return True


def row(engine: Engine, cookie: str) -> dict[str, dict[str, str]] | None:
    """Return the stored session, or None."""
    digest = {"S": tokens.session_digest("willow", cookie)}
    stored = [one["M"] for item in engine.items()["Links"] for one in item.values() if "M" in one]
    return next((one for one in stored if one["digest"] == digest), None)


@pytest.mark.parametrize(
    ("silence", "lives"), [(20 * MINUTE - 1, True), (20 * MINUTE, False), (20 * MINUTE + 1, False)]
)
def test_twenty_minutes_of_silence_end_a_session(ana: Account, silence: int, lives: bool) -> None:
    assert is_in(sign_in(ana), NOON + silence) is lives


def test_activity_carries_a_session_on(ana: Account) -> None:
    cookie = sign_in(ana)

    assert all(is_in(cookie, NOON + minutes * MINUTE) for minutes in (18, 36, 55))
    assert not is_in(cookie, NOON + 75 * MINUTE)


def test_peeking_at_a_session_is_no_activity(ana: Account, engine: Engine) -> None:
    cookie = sign_in(ana)

    assert sessions.peek("willow", cookie, NOON + 19 * MINUTE).session.last_active_at == NOON
    assert row(engine, cookie)["seen_at"] == {"N": str(NOON)}  # type: ignore[index]
    with pytest.raises(SignedOut):
        sessions.peek("willow", cookie, NOON + 20 * MINUTE)


def test_activity_is_written_once_a_minute(ana: Account, engine: Engine) -> None:
    cookie = sign_in(ana)
    for now, seen in ((NOON + 59, NOON), (NOON + 60, NOON + 60), (NOON + 119, NOON + 60), (NOON + 120, NOON + 120)):
        assert is_in(cookie, now)
        assert row(engine, cookie)["seen_at"] == {"N": str(seen)}  # type: ignore[index]


def test_a_session_ends_after_12_hours_despite_activity(ana: Account) -> None:
    cookie = sign_in(ana)

    assert all(is_in(cookie, NOON + minutes * MINUTE) for minutes in range(10, 12 * 60, 10))
    assert is_in(cookie, NOON + 12 * HOUR - 1)
    assert not is_in(cookie, NOON + 12 * HOUR)


def test_a_session_that_was_read_before_its_end_cannot_be_continued(maria: Account) -> None:
    """The condition of the write contains the time."""
    live_session = sessions.touch("willow", sign_in(maria), NOON)

    for late in (20 * MINUTE, 12 * HOUR):
        with pytest.raises(SignedOut):
            sessions.set_profile(live_session, CHILDS.id, NOON + late)
        with pytest.raises(SignedOut):
            sessions.mark_welcome_read(live_session, NOON + late)


def test_a_session_that_was_signed_out_is_not_made_anew_by_late_activity(maria: Account, engine: Engine) -> None:
    cookie = sign_in(maria)
    live_session = sessions.touch("willow", cookie, NOON)
    sessions.end(live_session, millis(NOON))

    with pytest.raises(SignedOut):
        sessions.set_profile(live_session, CHILDS.id, NOON)
    assert row(engine, cookie) is None


def test_an_ended_session_changes_nothing_of_the_next_one_in_its_place(maria: Account) -> None:
    ended = sessions.touch("willow", sign_in(maria), NOON)
    sessions.end(ended, millis(NOON))
    cookie = sign_in(maria, NOON + 1)
    assert sessions.peek("willow", cookie, NOON + 1).session.slot == ended.session.slot

    with pytest.raises(SignedOut):
        sessions.set_profile(ended, CHILDS.id, NOON + 1)
    sessions.end(ended, millis(NOON + 1))

    assert sessions.touch("willow", cookie, NOON + 1).profile is None


def test_signing_out_ends_the_session_for_anyone_who_has_its_cookie(ana: Account) -> None:
    """B77"""
    cookie, elsewhere = sign_in(ana), sign_in(ana, NOON + 1)

    sessions.end(sessions.touch("willow", cookie, NOON + 2), millis(NOON + 2))

    assert not is_in(cookie, NOON + 2)
    assert is_in(elsewhere, NOON + 2)


def test_the_eleventh_session_ends_the_first(ana: Account) -> None:
    cookies = [sign_in(ana, NOON + number) for number in range(10)]
    assert all(is_in(cookie, NOON + 10) for cookie in cookies)

    eleventh = sign_in(ana, NOON + 10)

    assert [is_in(cookie, NOON + 11) for cookie in [*cookies, eleventh]] == [False] + [True] * 10


def ends(engine: Engine, account: Account) -> list[tuple[str, str]]:
    """Return reason and sign-in method of each ended session in the account's audit."""
    rows = [
        row for row in engine.items()["Events"] if row["subject"]["S"].endswith(tokens.base64url_encode(account.key))
    ]
    return [(row["reason"]["S"], row["method"]["S"]) for row in rows if row["kind"]["S"] == "session_ended"]


def test_an_evicted_session_is_audited_once(ana: Account, engine: Engine) -> None:
    for number in range(12):
        sign_in(ana, NOON + number)

    assert ends(engine, ana) == [("room", "link")] * 2


@pytest.mark.parametrize("leave", ["sign out", "fall silent"])
def test_sessions_that_are_over_push_nobody_out(ana: Account, engine: Engine, leave: str) -> None:
    """One device stays signed in all day. Another signs in and out."""
    stays, now = sign_in(ana), NOON + 1
    for _ in range(12):
        comes = sign_in(ana, now)
        if leave == "sign out":
            sessions.end(sessions.touch("willow", comes, now), millis(now))
        for _ in range(2):
            now += 15 * MINUTE
            assert is_in(stays, now)

    assert "room" not in dict(ends(engine, ana))


def test_with_ten_sessions_an_outage_of_their_read_consumes_no_link(
    ana: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    cookies = [sign_in(ana, NOON + number) for number in range(10)]
    token = send(ana, (NOON + 10) * 1000)

    with monkeypatch.context() as down:
        down.setattr(sessions, "get_pair", refusing)
        with pytest.raises(Unavailable):
            open_by(token, NOON + 10)
    assert all(is_in(cookie, NOON + 10) for cookie in cookies)

    open_by(token, NOON + 10)


def refusing(*_wanted: object) -> None:
    raise GetError("down")


def test_the_session_that_a_browser_brings_is_gone_when_it_signs_in_anew(ana: Account, engine: Engine) -> None:
    """An attacker could otherwise put their own session into a person's browser, and share what follows."""
    fixed = sign_in(ana)

    new = sign_in(ana, NOON + 1, replaces=tokens.session_digest("willow", fixed))

    assert new != fixed
    assert not is_in(fixed, NOON + 2)
    assert row(engine, fixed) is None
    assert is_in(new, NOON + 2)


def test_a_session_made_up_by_a_browser_is_none_and_stays_none(ana: Account) -> None:
    made_up = tokens.new_session_cookie(ana.key)
    assert not is_in(made_up, NOON)

    sign_in(ana, NOON, replaces=tokens.session_digest("willow", made_up))

    assert not is_in(made_up, NOON)


@pytest.mark.parametrize("cookie", [None, "", "A", "A" * 64, "é" * 64, "=" * 64, "\ud800"])
def test_what_is_no_valid_cookie_is_signed_out(cookie: str | None) -> None:
    with pytest.raises(SignedOut):
        sessions.touch("willow", cookie, NOON)


def test_a_session_of_one_practice_is_none_at_another(ana: Account) -> None:
    """B7"""
    assert not is_in(sign_in(ana), NOON, practice="harbor")


def test_a_cookie_with_another_account_in_it_opens_neither(ana: Account) -> None:
    lee = on_file(address="lee@example.com")
    raw = tokens.base64url_decode(sign_in(ana))
    assert raw is not None
    sign_in(lee)

    assert not is_in(tokens.base64url_encode(lee.key + raw[16:]), NOON)


def test_a_session_turns_to_the_profile_that_was_chosen_and_to_another(maria: Account) -> None:
    """B104"""
    cookie = sign_in(maria)
    assert sessions.touch("willow", cookie, NOON).profile is None

    for chosen in (CHILDS, OWN):
        sessions.set_profile(sessions.touch("willow", cookie, NOON), chosen.id, NOON)
        assert sessions.touch("willow", cookie, NOON).profile == chosen


def test_the_welcome_of_the_first_sign_in_is_shown_until_it_was_read() -> None:
    """B109"""
    cookie = sign_in(on_file(first_sign_in_at=None, last_sign_in_at=None))
    assert sessions.touch("willow", cookie, NOON).session.welcome_pending

    sessions.mark_welcome_read(sessions.touch("willow", cookie, NOON), NOON)

    assert not sessions.touch("willow", cookie, NOON).session.welcome_pending


def test_sixteen_requests_of_one_session_at_once_are_all_signed_in(ana: Account) -> None:
    """Their activity is due to be stored, as for a page and its resources."""
    cookie = sign_in(ana)

    became = at_once(*[partial(sessions.touch, "willow", cookie, NOON + MINUTE)] * 16)

    assert all(isinstance(outcome, LiveSession) for outcome in became)


def test_a_session_that_is_signed_out_amid_thirty_requests_stays_gone(engine: Engine) -> None:
    for _ in range(3):
        cookie = sign_in(on_file())
        live_session = sessions.touch("willow", cookie, NOON)

        at_once(
            partial(sessions.end, live_session, millis(NOON)),
            *[partial(sessions.touch, "willow", cookie, NOON + MINUTE)] * 30,
        )

        assert row(engine, cookie) is None
        assert not is_in(cookie, NOON + MINUTE)


def test_switching_accounts_ends_the_other_accounts_session(ana: Account) -> None:
    cookie, lee = sign_in(ana), on_file(address="lee@example.com", name="Lee Park")

    switch(cookie, ana, lee)

    assert not is_in(cookie, NOON + 1)


def test_a_session_that_ended_during_a_switch_does_not_stop_it(ana: Account) -> None:
    """Another session may use its slot by then, and stays."""
    lee = on_file(address="lee@example.com", name="Lee Park")
    for now, has_next in ((NOON, False), (NOON + 10, True)):
        cookie = sign_in(ana, now)
        seen = sessions.peek("willow", cookie, now)
        sessions.end(seen, millis(now))
        next_cookie = sign_in(ana, now + 1) if has_next else None

        new = switch(cookie, ana, lee, seen, now + 2)

        assert is_in(new, now + 2)
        assert next_cookie is None or is_in(next_cookie, now + 2)


def switch(cookie: str, leaves: Account, enters: Account, seen: LiveSession | None = None, now: int = NOON) -> str:
    """Sign in to another account in the browser that has a session, and return the new cookie."""
    seen = seen or sessions.peek(leaves.practice, cookie, NOON)
    attempt = replace(new_attempt(enters, now), replaces=seen.session.digest, replaced_session=seen)
    token = send(enters, now * 1000)
    sessions.start(links.verify(token, now), attempt)
    return attempt.cookie


def test_ten_sign_ins_leave_a_small_item(ana: Account, engine: Engine) -> None:
    """Writing the item costs a unit for each started KB. A person who signs in once a day has one session in it."""
    for day in range(10):
        sign_in(ana, NOON + day * 24 * HOUR)

    (item,) = [one for one in engine.items()["Links"] if one["account"]["S"] == tokens.base64url_encode(ana.key)]
    assert [name for name in item if name.startswith("session_")] == ["session_0"]


@pytest.mark.parametrize("people", [32, 64])
def test_parallel_sign_ins_of_one_account_never_share_a_place(people: int) -> None:
    """Each sign-in has a proof of its own. One that finds no free slot is asked to try again, and uses nothing up."""
    ana = on_file()
    attempts = [new_attempt(ana) for _ in range(people)]

    outcomes = at_once(*[partial(sessions.start, Given(ana), attempt) for attempt in attempts])

    started = [one for one in outcomes if isinstance(one, LiveSession)]
    stored = accounts.find(ana.key)
    assert stored
    assert {type(one) for one in outcomes} <= {LiveSession, Unavailable}
    assert len(stored.sessions) == min(len(started), 10)
    assert sum(is_in(attempt.cookie, NOON) for attempt in attempts) == len(stored.sessions)
    assert len({session.slot for session in stored.sessions}) == len(stored.sessions)


@dataclass(frozen=True, slots=True)
class Given:
    """A proof that consumes nothing."""

    account: Account
    method: ClassVar[SignInMethod] = "link"

    def consuming_write(self, _account: Account, _attempt: Attempt) -> ConsumingWrite:
        return ConsumingWrite(
            None, [], CredentialsItem.retained_until.does_not_exist() | (CredentialsItem.retained_until > 0)
        )

    def recheck(self, attempt: Attempt) -> Account | None:
        found = accounts.find(self.account.key)
        assert found
        mine = tokens.session_digest("willow", attempt.cookie)
        return None if any(one.digest == mine for one in found.sessions) else found
