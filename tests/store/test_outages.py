"""Tests of outages of the store. No sign-in happens twice, a failed one uses nothing up, and no check is skipped."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from latchkey import aws, tokens
from latchkey.rules.accounts import Account
from latchkey.rules.limits import Limit
from latchkey.rules.refusals import LinkUsed, RateLimited, Unavailable
from latchkey.store import accounts, dynamodb, limits, links, sessions
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.links import LinkProof
from tests.kit.aws_faults import AwsFaults
from tests.kit.clock import NOON
from tests.store.engines import Engine
from tests.store.flows import disable, new_attempt, on_file, open_by, opens_nothing, send, sign_in

CONSUMING = "TransactWriteItems"
CONFLICT = ("None", "TransactionConflict", "None", "None")


@pytest.fixture
def faults() -> Iterator[AwsFaults]:
    with AwsFaults().listening(aws.client("dynamodb")) as tapped:
        yield tapped


@pytest.fixture
def ana() -> Account:
    return on_file()


def sessions_of(account: Account) -> int:
    stored = accounts.find(account.key)
    assert stored is not None
    return len(stored.sessions)


def started(engine: Engine, account: Account) -> int:
    """Return the number of audit events that say that a session has started."""
    return sum(
        row["kind"] == {"S": "session_started"} and row["subject"]["S"].endswith(tokens.base64url_encode(account.key))
        for row in engine.items()["Events"]
    )


def test_a_sign_in_with_a_lost_response_starts_one_session(ana: Account, faults: AwsFaults, engine: Engine) -> None:
    """After the error, the attempt recognizes its own commit."""
    token = send(ana)
    faults.drop_response(CONSUMING)

    live_session, attempt = open_by(token)

    assert sessions.touch("willow", attempt.cookie, NOON).session == live_session.session
    assert (sessions_of(ana), started(engine, ana)) == (1, 1)
    with pytest.raises(LinkUsed):
        links.verify(token, NOON)


def test_a_sign_in_that_is_sent_twice_on_the_way_happens_once(ana: Account, faults: AwsFaults, engine: Engine) -> None:
    faults.repeat(CONSUMING)

    _, attempt = open_by(send(ana))

    assert faults.operations().count(CONSUMING) == 1
    assert sessions.touch("willow", attempt.cookie, NOON)
    assert (sessions_of(ana), started(engine, ana)) == (1, 1)


def test_a_retry_is_another_transaction(ana: Account, faults: AwsFaults) -> None:
    """DynamoDB refuses a repeated client request token with another content (IdempotentParameterMismatchException)."""
    sign_in(ana)
    token = send(ana, NOON * 1000 + 1)
    looked = replace(links.verify(token, NOON).account, sessions=())
    faults.calls.clear()
    faults.tokens.clear()
    faults.refuse(CONSUMING, "TransactionCanceledException", reasons=CONFLICT)

    sessions.start(LinkProof(looked, token), new_attempt(looked))

    assert faults.operations().count(CONSUMING) == 3
    assert len(set(faults.tokens)) == len(faults.tokens) == 2, "the refused one was never sent"


def test_a_lost_answer_gives_nobody_elses_attempt_the_session(ana: Account, faults: AwsFaults) -> None:
    token = send(ana)
    open_by(token)
    faults.refuse(CONSUMING, "InternalServerError")

    with pytest.raises(LinkUsed):
        sessions.start(LinkProof(ana, token), new_attempt(ana))
    assert sessions_of(ana) == 1


def test_two_conflicts_are_retried(ana: Account, faults: AwsFaults) -> None:
    token = send(ana)
    faults.refuse(CONSUMING, "TransactionCanceledException", times=2, reasons=CONFLICT)

    assert open_by(token)
    assert faults.operations().count(CONSUMING) == 3


@pytest.mark.parametrize("table", ["Accounts", "Links"])
def test_a_read_that_leaves_an_item_out_is_repeated_for_that_item(
    ana: Account, monkeypatch: pytest.MonkeyPatch, table: str
) -> None:
    """DynamoDB responds so to a batch while one of its tables is throttled."""
    token = send(ana)
    requested = leave_unread(monkeypatch, table, times=2)

    assert links.verify(token, NOON).account.key == ana.key
    assert requested == [{"Accounts", "Links"}, {table}, {table}]


def test_a_read_that_always_leaves_an_item_out_is_an_outage(ana: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """An item that was left out may exist."""
    cookie = sign_in(ana)
    with monkeypatch.context() as down:
        leave_unread(down, "Accounts", times=100)
        with pytest.raises(OUTAGES):
            sessions.touch("willow", cookie, NOON)

    assert sessions.touch("willow", cookie, NOON)


def leave_unread(monkeypatch: pytest.MonkeyPatch, table: str, times: int) -> list[set[str]]:
    """Leave a table out of the next responses to batches. Return the tables that were requested."""
    dispatch = dynamodb.connection.dispatch
    requested: list[set[str]] = []

    def partial_dispatch(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        response: dict[str, Any] = dispatch(operation, arguments)
        if operation == "BatchGetItem":
            requested.append(set(arguments["RequestItems"]))
            if len(requested) <= times:
                response["Responses"].pop(table, None)
                response["UnprocessedKeys"] = {table: arguments["RequestItems"][table]}
        return response

    monkeypatch.setattr(dynamodb.connection, "dispatch", partial_dispatch)
    return requested


def test_when_conflicts_do_not_end_nothing_is_consumed(ana: Account, faults: AwsFaults) -> None:
    token = send(ana)
    faults.refuse(CONSUMING, "TransactionCanceledException", times=100, reasons=CONFLICT)

    with pytest.raises(Unavailable):
        open_by(token)

    faults.refuse(CONSUMING, "TransactionCanceledException", times=0)
    assert sessions_of(ana) == 0
    assert open_by(token)


@pytest.mark.parametrize(
    "code",
    ["ProvisionedThroughputExceededException", "ThrottlingException", "InternalServerError", "AccessDeniedException"],
)
def test_when_the_store_refuses_nothing_is_consumed_and_a_retry_works(
    ana: Account, faults: AwsFaults, code: str
) -> None:
    token = send(ana)
    faults.refuse(CONSUMING, code)

    with pytest.raises(Unavailable):
        open_by(token)

    assert sessions_of(ana) == 0
    assert open_by(token)


def test_access_that_ended_during_the_outage_has_ended(ana: Account, faults: AwsFaults) -> None:
    token = send(ana)
    looked = links.verify(token, NOON).account
    disable(ana)
    faults.refuse(CONSUMING, "TransactionCanceledException", reasons=CONFLICT)

    assert opens_nothing(LinkProof(looked, token), new_attempt(looked))
    assert sessions_of(ana) == 0


def test_a_link_that_cannot_be_looked_at_opens_nothing(ana: Account, faults: AwsFaults) -> None:
    token = send(ana)
    faults.refuse("BatchGetItem", "InternalServerError")

    with pytest.raises(OUTAGES):
        links.verify(token, NOON)


def test_a_session_that_cannot_be_looked_up_lets_nobody_in_and_is_not_ended(ana: Account, faults: AwsFaults) -> None:
    cookie = sign_in(ana)
    faults.refuse("BatchGetItem", "InternalServerError")

    with pytest.raises(OUTAGES):
        sessions.touch("willow", cookie, NOON)

    assert sessions.touch("willow", cookie, NOON)


def test_a_rate_limit_that_cannot_be_counted_lets_nobody_pass(faults: AwsFaults, ana: Account) -> None:
    scope_key = f"outage {ana.id}"
    faults.refuse("UpdateItem", "ProvisionedThroughputExceededException")

    with pytest.raises(OUTAGES):
        limits.count(scope_key, (Limit("one", 1, 60),), NOON)

    limits.count(scope_key, (Limit("one", 1, 60),), NOON)
    with pytest.raises(RateLimited):
        limits.count(scope_key, (Limit("one", 1, 60),), NOON)


@pytest.mark.parametrize("before", [0, 1], ids=["that opens a window", "in an open window"])
@pytest.mark.parametrize("others", [(), (Limit("other", 9, 60),)], ids=["one limit", "two limits"])
def test_a_reservation_that_was_sent_twice_is_counted_once(
    faults: AwsFaults, ana: Account, before: int, others: tuple[Limit, ...]
) -> None:
    scope_key, policies = f"twice {ana.id} {before} {others}", (Limit("some", before + 2, 60), *others)
    for _ in range(before):
        limits.count(scope_key, policies, NOON)
    faults.repeat("UpdateItem")

    used = limits.count(scope_key, policies, NOON, contended=before > 0)

    assert used.windows["some"].count == before + 1
    limits.count(scope_key, policies, NOON)
    with pytest.raises(RateLimited):
        limits.count(scope_key, policies, NOON)


def test_a_release_that_is_resent_uncounts_one_reservation(faults: AwsFaults, ana: Account) -> None:
    scope_key, policies = f"given back {ana.id}", (Limit("two", 2, 60),)
    limits.count(scope_key, policies, NOON)
    mine = limits.count(scope_key, policies, NOON)
    faults.repeat("UpdateItem")

    limits.release(mine)

    limits.count(scope_key, policies, NOON)
    with pytest.raises(RateLimited):
        limits.count(scope_key, policies, NOON)
