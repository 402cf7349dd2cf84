"""Tests of a function's start: calls before the first request, and calls that wait for it."""

import gc
from collections.abc import Iterator
from typing import Any

import pytest

from latchkey import aws, settings
from latchkey.http import cold_start
from tests.kit.portal import Portal


@pytest.fixture
def lambdas(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Set up the process as in Lambda, where garbage collection is off until the function is ready."""
    monkeypatch.setenv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand")
    settings.load.cache_clear()
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()
    settings.load.cache_clear()


@pytest.mark.usefixtures("lambdas")
def test_the_way_to_the_tables_is_open_before_the_first_request(portal: Portal) -> None:
    cold_start.prepare()

    assert portal.aws.operations() == ["GetItem"]


@pytest.mark.usefixtures("lambdas")
def test_a_function_that_is_given_a_key_reads_it_before_the_first_request(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOOKUP", "LINK"):
        monkeypatch.setenv(f"{name}_KEY_ARN", "arn:nobody-knows")
    settings.load.cache_clear()

    cold_start.prepare()

    assert portal.aws.operations() == ["GetSecretValue"]


@pytest.mark.usefixtures("lambdas")
def test_an_outage_at_the_start_stops_no_function(portal: Portal) -> None:
    portal.aws.refuse("GetItem", "ValidationException")

    cold_start.prepare()

    assert gc.isenabled()


@pytest.mark.usefixtures("lambdas", "portal")
def test_nothing_is_begun_that_could_outlast_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lambda gives a start 10 seconds. After that it starts the function again, while a person waits."""
    sent: list[str] = []
    client: Any = aws.client("dynamodb")
    send = client.send

    def recording_send(operation: str, body: bytes) -> Any:
        sent.append(operation)
        return send(operation, body)

    monkeypatch.setattr(client, "send", recording_send)
    cold_start.prepare()
    begun = len(sent)
    monkeypatch.setattr(cold_start, "MAX_START_SECONDS", 4)
    cold_start.prepare()

    assert (begun, len(sent)) == (1, 1)


@pytest.mark.usefixtures("lambdas")
def test_loaded_objects_are_exempt_from_garbage_collection() -> None:
    cold_start.resume_gc()

    assert gc.isenabled()
    assert gc.get_freeze_count() > 0


def test_nothing_is_read_where_lambda_does_not_start_us(portal: Portal) -> None:
    cold_start.prepare()

    assert portal.aws.operations() == []
    assert gc.get_freeze_count() == 0
