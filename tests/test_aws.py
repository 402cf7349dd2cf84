"""Tests of calls to AWS over real connections, to servers that do not respond properly."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import ConnectionClosedError

from latchkey import aws
from latchkey.settings import TRANSPORTS
from latchkey.store import practices
from latchkey.store.dynamodb import OUTAGES
from tests.kit import transports
from tests.kit.aws_faults import AwsFaults, Fault
from tests.kit.clock import NOON
from tests.kit.sockets import closing_early, listening


@pytest.fixture(params=TRANSPORTS, autouse=True)
def transport(request: pytest.FixtureRequest) -> Iterator[None]:
    with transports.calling(transport=request.param):
        yield


def test_an_answer_that_breaks_off_is_a_failure_and_no_empty_one() -> None:
    """An empty response would make a client on file unknown, and their mail would be skipped."""
    client = aws.client("secretsmanager")
    with listening(closing_early) as url, AwsFaults().listening(client) as faults:
        answered = faults.injecting(lambda *_: Fault(url=url), lambda _: None)
        with answered, pytest.raises(ConnectionClosedError):
            client.call("GetSecretValue", {"SecretId": "any"})


def test_an_item_with_a_truncated_response_is_not_missing() -> None:
    with listening(closing_early) as url, AwsFaults().listening(aws.client("dynamodb")) as faults:
        answered = faults.injecting(lambda *_: Fault(url=url), lambda _: None)
        with answered, pytest.raises(OUTAGES) as raised:
            practices.get_cached("any-practice", NOON)
    assert not isinstance(raised.value, practices.PracticeItem.DoesNotExist)


def test_an_optional_call_is_tried_once() -> None:
    client = aws.client("secretsmanager")
    sent: list[str] = []
    with AwsFaults().listening(client) as faults:

        def fault_at(operation: str, _call: int) -> Fault:
            sent.append(operation)
            return Fault(status=500, document={"__type": "InternalServiceError"})

        with faults.injecting(fault_at, lambda _: None), aws.one_try(), pytest.raises(OUTAGES):
            client.call("GetSecretValue", {"SecretId": "any"})
    assert sent == ["GetSecretValue"]
