"""Tests of reports of any shape, and of reports during an outage."""

import copy
import json
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latchkey import tokens, web
from latchkey.rules.accounts import AccountKey
from tests.functions.mail_events.reports import letter_to, reported
from tests.kit.portal import Portal

CANARY = "canary@example.com"

WELL: dict[str, Any] = {
    "id": "c0ffee00-0000-4000-8000-000000000000",
    "source": "aws.ses",
    "detail": {
        "eventType": "Bounce",
        "bounce": {"bounceType": "Permanent"},
        "mail": {
            "messageId": "0100018f-1",
            "timestamp": "2026-03-03T12:00:00.000Z",
            "tags": {"practice": ["willow"], "account": [tokens.base64url_encode(bytes(16))]},
        },
    },
}
"""A well-formed report about an account that does not exist."""

ODD: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(),
        st.floats(),
        st.sampled_from([CANARY, "", "willow", "\ud800", "\x00", "a" * 3000, "Bounce", "0001-01-01T00:00:00+23:59"]),
        st.text(max_size=8),
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)

PLACES: list[tuple[str, ...]] = [
    (),
    ("id",),
    ("detail",),
    ("detail", "eventType"),
    ("detail", "bounce"),
    ("detail", "bounce", "bounceType"),
    ("detail", "mail"),
    ("detail", "mail", "messageId"),
    ("detail", "mail", "timestamp"),
    ("detail", "mail", "tags"),
    ("detail", "mail", "tags", "practice"),
    ("detail", "mail", "tags", "account"),
]


def with_(place: tuple[str, ...], value: Any) -> Any:
    """Return the report with another value in one place."""
    if not place:
        return value
    event = copy.deepcopy(WELL)
    inner = event
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return event


def outcomes(portal: Portal) -> list[tuple[str, str | None]]:
    """Return outcome and reason of each report in the log."""
    lines = [json.loads(line) for line in portal.log.getvalue().splitlines()]
    return [(line["outcome"], line["reason"]) for line in lines if line["message"] == "worked"]


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ((), None),
        ((), []),
        ((), "report"),
        (("detail",), None),
        (("detail",), [1]),
        (("detail", "eventType"), {"a": 1}),
        (("detail", "mail"), "mail"),
        (("detail", "mail", "tags"), [["practice", "willow"]]),
        (("detail", "mail", "tags", "practice"), {"0": "willow"}),
        (("detail", "mail", "tags", "practice"), [7]),
        (("detail", "mail", "tags", "practice"), [CANARY]),
        (("detail", "mail", "tags", "account"), ["AAAA"]),
        (("detail", "mail", "tags", "account"), []),
        (("detail", "mail", "messageId"), "\ud800"),
        (("detail", "mail", "messageId"), 7),
    ],
    ids=str,
)
def test_a_report_of_a_wrong_shape_is_passed_over_and_not_retried(
    portal: Portal, place: tuple[str, ...], value: Any
) -> None:
    """A retry could not succeed either, and would set off the alarm of the dead-letter queue for nothing."""
    before = portal.at_rest()
    portal.handle_event("MailEvents", with_(place, value))

    assert outcomes(portal) == [("passed_over", "malformed")]
    assert portal.at_rest() == before


@given(place=st.sampled_from(PLACES), value=ODD)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_report_of_any_shape_fails_or_is_written_down(portal: Portal, place: tuple[str, ...], value: Any) -> None:
    portal.handle_event("MailEvents", with_(place, value))

    assert "canary" not in portal.log.getvalue()


def lost(portal: Portal) -> None:
    """Let the call to AWS fail."""
    portal.aws.refuse("TransactWriteItems", "InternalServerError", times=9)


def broken(portal: Portal) -> None:
    """Let another exception be raised."""
    portal.aws.raise_at("TransactWriteItems", ValueError(f"for {CANARY}"))


@pytest.mark.parametrize("fault", [lost, broken])
def test_a_report_that_cannot_be_noted_is_redelivered_and_lambda_gets_no_message(
    portal: Portal, ana: AccountKey, fault: Callable[[Portal], None]
) -> None:
    """Lambda logs the traceback of an exception that a function raises."""
    message = letter_to(portal, ana)
    fault(portal)
    with pytest.raises(web.EventFailed) as raised:
        reported(portal, ana, message, "Bounce", bounce={"bounceType": "Permanent"})

    assert str(raised.value) == ""
    printed = "".join(traceback.format_exception(raised.value))
    # the traceback still holds this file's source lines
    assert "example.com" not in printed
    assert "InternalServerError" not in printed
    assert "example.com" not in portal.log.getvalue()
