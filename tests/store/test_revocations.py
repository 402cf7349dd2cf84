"""Tests on both engines of a profile that is closed to a guardian (B154) while the guardian signs in or chooses it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import pytest

from latchkey import tokens
from latchkey.rules import revocations
from latchkey.rules.access import AccessChange
from latchkey.rules.accounts import Account
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event
from latchkey.rules.refusals import SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.store import accounts, clients, sessions
from latchkey.store.links import LinkProof
from tests.kit.clock import NOON
from tests.kit.seed import CHILDS, OWN
from tests.store.flows import at_once, new_attempt, on_file, send, sign_in

ROUNDS = 8
ENDINGS: dict[str, Callable[..., AccessChange]] = {
    "access": lambda it, known: revocations.disable(it, known, NOON, "everyone"),
    "sessions": lambda it, known: revocations.end_sessions(it, known, "everyone", tokens.new_ulid(NOON * 1000 + 1)),
}

every_end = pytest.mark.parametrize("decide", ENDINGS.values(), ids=ENDINGS)


def family(*others: object) -> tuple[Account, Client]:
    """Store a guardian, and the child whose profile they open."""
    maria = on_file(name="Maria Gomez", profiles=(*others, replace(CHILDS, id=tokens.new_ulid(NOON * 1000))))
    email = AddressOnFile("maria@example.com", True, "dr-lee", NOON)
    contact = Contact(tokens.new_ulid(NOON * 1000), "Maria", email, "guardian", maria.key)
    leo = Client(maria.profiles[-1].id, "willow", "Leo Gomez", "minor", contacts=(contact,), created_at=NOON)
    clients.apply(leo, lambda it, _: AccessChange(it), set(), _row)
    return maria, clients.find("willow", leo.id)


def _row(subject: bytes, kind: object) -> Event:
    return Event("willow", subject, kind, NOON * 1000, actor="dr-lee")  # type: ignore[arg-type]


def _close(leo: Client, decide: Callable[..., AccessChange]) -> AccessChange:
    return clients.apply(leo, decide, set(), _row)


def _acts_for(cookie: str, profile: str) -> bool:
    try:
        live = sessions.peek("willow", cookie, NOON)
    except SignedOut:
        return False
    return live.profile is not None and live.profile.id == profile


@every_end
def test_a_sign_in_at_the_same_moment_does_not_stay_in_the_childs_profile(decide: Callable[..., AccessChange]) -> None:
    for _ in range(ROUNDS):
        maria, leo = family()
        token, attempt = send(maria), new_attempt(maria)
        opened, closed = at_once(
            partial(sessions.start, LinkProof(maria, token), attempt), partial(_close, leo, decide)
        )
        assert isinstance(closed, AccessChange)
        stored = accounts.find(maria.key)
        assert stored
        # The account may still sign in, so the sign-in happened entirely before the end or entirely after it.
        assert stored.may_sign_in is (decide is ENDINGS["sessions"])
        if not stored.may_sign_in or not stored.sessions:
            assert not _acts_for(attempt.cookie, leo.id)
        else:
            assert isinstance(opened, LiveSession)


@every_end
def test_a_change_to_the_childs_profile_at_the_same_moment_ends_with_it(decide: Callable[..., AccessChange]) -> None:
    for _ in range(ROUNDS):
        maria, leo = family(OWN)
        cookie = sign_in(maria)
        live = sessions.peek("willow", cookie, NOON)
        at_once(partial(sessions.set_profile, live, leo.id, NOON), partial(_close, leo, decide))
        assert not _acts_for(cookie, leo.id)


@every_end
def test_a_session_in_another_profile_goes_on(decide: Callable[..., AccessChange]) -> None:
    maria, leo = family(OWN)
    own, childs = sign_in(maria, NOON - 1), sign_in(maria)
    for cookie, profile in ((own, OWN.id), (childs, leo.id)):
        sessions.set_profile(sessions.peek("willow", cookie, NOON), profile, NOON)
    _close(leo, decide)
    assert _acts_for(own, OWN.id)
    assert not _acts_for(childs, leo.id)
