"""Tests of reads of items of several tables in one call."""

from unittest.mock import patch

import pytest
from pynamodb.exceptions import GetError

from latchkey.rules.practices import Practice
from latchkey.store import practices
from latchkey.store.batches import read_batch
from latchkey.store.client_index import TermItem
from latchkey.store.clients import ClientItem
from latchkey.store.dynamodb import connection
from latchkey.store.practices import PracticeItem


def slugs(count: int) -> list[str]:
    return [f"practice-{number}" for number in range(count)]


@pytest.fixture
def saved() -> None:
    for slug in slugs(3):
        practices.save(Practice(slug, slug.title()))


@pytest.mark.usefixtures("saved")
def test_items_of_several_tables_are_one_call() -> None:
    TermItem("willow#word", "kim#1", client="1").save()
    wanted = [
        (PracticeItem, ("practice-1",)),
        (PracticeItem, ("practice-1",)),
        (PracticeItem, ("no-such-one",)),
        (TermItem, ("willow#word", "kim#1")),
        (ClientItem, ("willow", "nobody")),
    ]
    with patch.object(connection, "dispatch", wraps=connection.dispatch) as sent:
        batch = read_batch(wanted)
    (call,) = sent.mock_calls
    assert all(request["ConsistentRead"] for request in call.args[1]["RequestItems"].values())
    found = batch.get(PracticeItem, "practice-1")
    assert found
    assert found.name == "Practice-1"
    assert batch.get(PracticeItem, "no-such-one") is None
    term = batch.get(TermItem, "willow#word", "kim#1")
    assert term
    assert term.client == "1"
    assert batch.get(ClientItem, "willow", "nobody") is None


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(("count", "calls"), [(0, 0), (1, 1), (100, 1), (101, 2)])
def test_a_call_reads_a_hundred_items(count: int, calls: int) -> None:
    with patch.object(connection, "dispatch", wraps=connection.dispatch) as sent:
        batch = read_batch([(PracticeItem, (slug,)) for slug in slugs(count)])
    assert len(sent.mock_calls) == calls
    assert sum(batch.get(PracticeItem, slug) is not None for slug in slugs(count)) == min(count, 3)


@pytest.mark.usefixtures("saved")
@pytest.mark.parametrize(("times", "fails"), [(1, False), (2, False), (3, True)])
def test_what_dynamodb_leaves_out_is_requested_once_more(times: int, fails: bool) -> None:
    left_out = [True] * times

    def dispatch(operation: str, arguments: dict[str, dict[str, dict[str, object]]]) -> object:
        if left_out:
            left_out.pop()
            return {"Responses": {}, "UnprocessedKeys": arguments["RequestItems"]}
        return carried_out(operation, arguments)

    carried_out = connection.dispatch
    with patch.object(connection, "dispatch", dispatch):
        if fails:
            with pytest.raises(GetError):
                read_batch([(PracticeItem, ("practice-1",))])
        else:
            assert read_batch([(PracticeItem, ("practice-1",))]).get(PracticeItem, "practice-1")
