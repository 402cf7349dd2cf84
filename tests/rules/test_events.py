"""Tests of audit events: fixed names, and nothing personal."""

from dataclasses import fields

from latchkey.rules.events import Event, EventKind


def test_the_names_of_events_are_stored_since_their_rows_are_never_rewritten() -> None:
    """B78"""
    assert {kind.value for kind in EventKind} >= {
        "link_requested", "link_suppressed", "link_sent", "link_failed", "link_refused",
        "session_started", "session_ended", "limit_hit",
    }  # fmt: skip


def test_a_row_has_no_place_for_an_address_or_a_secret() -> None:
    """B78"""
    assert {field.name for field in fields(Event)} == {
        "practice", "subject_key", "kind", "at_ms", "actor", "reason", "method", "support_code",
    }  # fmt: skip
