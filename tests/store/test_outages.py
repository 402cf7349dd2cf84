"""Trouble on the way to the store: nobody is signed in twice, nothing is spent for nothing, and no guard falls."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from latchkey import tokens
from latchkey.rules.accounts import Account
from latchkey.rules.limits import Limit
from latchkey.rules.refusals import LinkExpired, LinkUsed, RateLimited, Unavailable
from latchkey.store import accounts, limits, links, sessions
from latchkey.store.dynamodb import OUTAGES, connection
from latchkey.store.links import LinkProof
from tests.kit.aws_faults import Wire
from tests.kit.seed import NOON
from tests.store.engines import Engine
from tests.store.flows import arrive, disable, on_file, open_by, send, sign_in

SPENDING = "TransactWriteItems"
CONFLICT = ("None", "TransactionConflict", "None", "None")


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire().tapped(connection.client) as tapped:
        yield tapped


@pytest.fixture
def ana() -> Account:
    return on_file()


def sessions_of(account: Account) -> int:
    kept = accounts.find(account.key)
    assert kept is not None
    return len(kept.sessions)


def started(engine: Engine, account: Account) -> int:
    """How many rows of the audit say that a session has started."""
    return sum(
        row["kind"] == {"S": "session_started"} and row["subject"]["S"].endswith(tokens.base64url_encode(account.key))
        for row in engine.items()["Events"]
    )


def test_who_signed_in_and_never_heard_so_is_signed_in_once(ana: Account, wire: Wire, engine: Engine) -> None:
    """The commit is recognised as one's own by the attempt that made it."""
    token = send(ana)
    wire.lose(SPENDING)

    visit, arrival = open_by(token)

    assert sessions.touch("willow", arrival.cookie, NOON).session == visit.session
    assert (sessions_of(ana), started(engine, ana)) == (1, 1)
    with pytest.raises(LinkUsed):
        links.verify(token, NOON)


def test_a_sign_in_that_is_sent_twice_on_the_way_happens_once(ana: Account, wire: Wire, engine: Engine) -> None:
    wire.repeat(SPENDING)

    _, arrival = open_by(send(ana))

    assert wire.operations().count(SPENDING) == 1
    assert sessions.touch("willow", arrival.cookie, NOON)
    assert (sessions_of(ana), started(engine, ana)) == (1, 1)


def test_what_is_tried_anew_is_another_transaction(ana: Account, wire: Wire) -> None:
    """DynamoDB refuses a token that comes back with other contents (IdempotentParameterMismatchException)."""
    token = send(ana)
    looked = links.verify(token, NOON).account
    accounts.save(replace(looked, revision=looked.revision + 1))
    wire.refuse(SPENDING, "TransactionCanceledException", reasons=CONFLICT)

    sessions.start(LinkProof(looked, token), arrive(looked))

    tries = [arguments["ClientRequestToken"] for operation, arguments in wire.calls if operation == SPENDING]
    assert len(set(tries)) == len(tries) == 3


def test_a_lost_answer_gives_nobody_elses_attempt_the_session(ana: Account, wire: Wire) -> None:
    token = send(ana)
    open_by(token)
    wire.refuse(SPENDING, "InternalServerError")

    with pytest.raises(LinkUsed):
        sessions.start(LinkProof(ana, token), arrive(ana))
    assert sessions_of(ana) == 1


def test_two_conflicts_are_sat_out(ana: Account, wire: Wire) -> None:
    token = send(ana)
    wire.refuse(SPENDING, "TransactionCanceledException", times=2, reasons=CONFLICT)

    assert open_by(token)
    assert wire.operations().count(SPENDING) == 3


def test_a_look_that_a_write_gets_in_the_way_of_is_taken_again(ana: Account, wire: Wire) -> None:
    token = send(ana)
    wire.refuse("TransactGetItems", "TransactionCanceledException", times=2, reasons=("None", "TransactionConflict"))

    assert links.verify(token, NOON).account.key == ana.key


def test_when_conflicts_do_not_end_nothing_is_spent(ana: Account, wire: Wire) -> None:
    token = send(ana)
    wire.refuse(SPENDING, "TransactionCanceledException", times=100, reasons=CONFLICT)

    with pytest.raises(Unavailable):
        open_by(token)

    wire.refuse(SPENDING, "TransactionCanceledException", times=0)
    assert sessions_of(ana) == 0
    assert open_by(token)


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError", "AccessDeniedException"],
)
def test_when_the_store_refuses_nothing_is_spent_and_trying_again_works(ana: Account, wire: Wire, code: str) -> None:
    token = send(ana)
    wire.refuse(SPENDING, code)

    with pytest.raises(Unavailable):
        open_by(token)

    assert sessions_of(ana) == 0
    assert open_by(token)


def test_access_that_ended_during_the_trouble_has_ended(ana: Account, wire: Wire) -> None:
    token = send(ana)
    looked = links.verify(token, NOON).account
    disable(ana)
    wire.refuse(SPENDING, "TransactionCanceledException", reasons=CONFLICT)

    with pytest.raises(LinkExpired):
        sessions.start(LinkProof(looked, token), arrive(looked))


def test_a_link_that_cannot_be_looked_at_opens_nothing(ana: Account, wire: Wire) -> None:
    token = send(ana)
    wire.refuse("TransactGetItems", "InternalServerError")

    with pytest.raises(OUTAGES):
        links.verify(token, NOON)


def test_a_session_that_cannot_be_looked_up_lets_nobody_in_and_is_not_ended(ana: Account, wire: Wire) -> None:
    cookie = sign_in(ana)
    wire.refuse("TransactGetItems", "InternalServerError")

    with pytest.raises(OUTAGES):
        sessions.touch("willow", cookie, NOON)

    assert sessions.touch("willow", cookie, NOON)


def test_a_budget_that_cannot_be_counted_lets_nobody_pass(wire: Wire, ana: Account) -> None:
    bucket = f"outage {ana.id}"
    wire.refuse("UpdateItem", "ProvisionedThroughputExceededException")

    with pytest.raises(OUTAGES):
        limits.count(bucket, (Limit("one", 1, 60),), NOON)

    limits.count(bucket, (Limit("one", 1, 60),), NOON)
    with pytest.raises(RateLimited):
        limits.count(bucket, (Limit("one", 1, 60),), NOON)


@pytest.mark.parametrize("before", [0, 1], ids=["that opens a window", "in an open window"])
@pytest.mark.parametrize("others", [(), (Limit("other", 9, 60),)], ids=["one limit", "two limits"])
def test_an_attempt_whose_count_was_sent_twice_is_counted_once(
    wire: Wire, ana: Account, before: int, others: tuple[Limit, ...]
) -> None:
    bucket, policies = f"twice {ana.id} {before} {others}", (Limit("some", before + 2, 60), *others)
    for _ in range(before):
        limits.count(bucket, policies, NOON)
    wire.repeat("UpdateItem")

    taken = limits.count(bucket, policies, NOON, contended=before > 0)

    assert taken.windows["some"].count == before + 1
    limits.count(bucket, policies, NOON)
    with pytest.raises(RateLimited):
        limits.count(bucket, policies, NOON)


def test_an_attempt_that_is_given_back_by_a_write_that_was_sent_twice_gives_no_other_one_back(
    wire: Wire, ana: Account
) -> None:
    bucket, policies = f"given back {ana.id}", (Limit("two", 2, 60),)
    limits.count(bucket, policies, NOON)
    mine = limits.count(bucket, policies, NOON)
    wire.repeat("UpdateItem")

    limits.release(mine)

    limits.count(bucket, policies, NOON)
    with pytest.raises(RateLimited):
        limits.count(bucket, policies, NOON)
