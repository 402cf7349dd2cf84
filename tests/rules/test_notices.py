"""Notices of other services: their text, their path and their ids (B216)."""

import json
from typing import Any

import pytest

from latchkey.rules import notices
from latchkey.rules.notices import NoticeRefused
from latchkey.rules.times import Millis

NOW = Millis(1_800_000_000_000)
ACCOUNT = "01KJACC0000000000000000000"
FIELDS: dict[str, Any] = {
    "practice": "willow",
    "account": ACCOUNT,
    "id": "booking:17",
    "path": "/willow/appointments/17",
    "subject_en": "Your appointment",
    "subject_es": "Su cita",
    "lines_en": ["It is on Tuesday."],
    "lines_es": ["Es el martes."],
}


def code_of(**changes: Any) -> str | None:
    """Return the code by which a message with these changes is refused. None if it is not."""
    fields = {name: value for name, value in (FIELDS | changes).items() if value is not ...}
    try:
        notices.parse(json.dumps(fields), NOW)
    except NoticeRefused as refused:
        return refused.code
    return None


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"subject_en": "x" * 150},
        {"lines_en": ["x" * 300] * 6},
        {"subject_es": "¿Su cita es el martes? 5 < 6 & más 👩‍⚕️"},
        {"path": "/willow/home"},
        {"id": "booking:JKJaXmPLvHcESHA="},
        {"id": "x" * 100},
        {"path": "/willow/messages/4?from=mail#newest"},
        {"path": "/booking/willow"},
        {"path": "/booking/willow/requests/3"},
        {"email": "somebody@example.com"},
        {"path": f"/willow/{'a' * 192}"},
    ],
)
def test_plain_text_with_a_path_of_the_practice_is_a_notice(changes: dict[str, Any]) -> None:
    assert code_of(**changes) is None


@pytest.mark.parametrize(
    ("more", "subject", "code"),
    [
        ({}, "Your appointment", None),
        ({"subject_fr": "Votre rendez-vous", "lines_fr": ["Mardi."]}, "Votre rendez-vous", None),
        ({"subject_fr": "Votre rendez-vous"}, None, "not_a_notice"),
        ({"subject_fr": "x" * 151, "lines_fr": ["Mardi."]}, None, "too_long"),
    ],
)
def test_a_language_that_is_added_later_needs_no_change_of_any_service(
    monkeypatch: pytest.MonkeyPatch, more: dict[str, Any], subject: str | None, code: str | None
) -> None:
    """B216: services that run already send English and Spanish."""
    monkeypatch.setattr(notices, "LANGUAGES", ("en", "es", "fr"))

    assert code_of(**more) == code
    if subject:
        notice = notices.parse(json.dumps(FIELDS | more), NOW)
        assert notice.subjects["fr"] == subject  # type: ignore[index] # no language yet
        assert notices.parse(notices.to_body(notice), NOW) == notice


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("value", [..., None, 7, True, {}, [], "", [None], [["x"]], {"0": "x"}])
def test_a_field_that_is_missing_or_of_a_wrong_type_is_refused(name: str, value: object) -> None:
    assert code_of(**{name: value}) in {"not_a_notice", "path_refused"}


@pytest.mark.parametrize("body", ["", "{", "null", "[]", '"x"', "7", "[" * 100_000, "\x00", "9" * 5000, "{}"])
def test_what_is_no_json_object_is_refused(body: str) -> None:
    with pytest.raises(NoticeRefused, match="not_a_notice"):
        notices.parse(body, NOW)


@pytest.mark.parametrize(
    "changes", [{"subject_en": "x" * 151}, {"lines_es": ["x" * 301]}, {"lines_en": ["x"] * 7}], ids=str
)
def test_one_character_or_line_too_many_is_refused(changes: dict[str, Any]) -> None:
    assert code_of(**changes) == "too_long"


@pytest.mark.parametrize(
    "text",
    [
        "a\r\nBcc: x@example.com",
        "a\nb",
        "a\rb",
        "a\x00b",
        "a\tb",
        "a\u2028b",
        "a\u202eb",
        "a\u2066b",
        "a\x85b",
        "a\ud800b",
        "<b>Hello</b>",
        "</p>",
        "<!-- x -->",
        "<?x",
        "<script",
        "&lt;b&gt;",
        "&#60;b>",
        "&#x3c;b>",
        "See https://evil.example/",
        "See HTTP://evil.example/",
        "See www.evil.example",
    ],
)
@pytest.mark.parametrize("field", ["subject_en", "subject_es", "lines_en", "lines_es"])
def test_what_is_not_plain_text_is_refused(field: str, text: str) -> None:
    assert code_of(**{field: [text] if field.startswith("lines") else text}) == "not_plain_text"


@pytest.mark.parametrize(
    "path",
    [
        "/harbor/home",
        "/willow",
        "willow/home",
        "https://evil.example/willow/",
        "//evil.example/willow/",
        "//willow/home",
        "/willow//home",
        "/willow//evil.example",
        "/\\evil.example",
        "/willow/\\..",
        "/willow/%5cevil",
        "/willow/%2fevil",
        "/willow/%2Fevil",
        "/willow/../harbor/home",
        "/willow/%2e%2e/harbor",
        "/willow/a\r\nb",
        "/willow/a b",
        "/willow/ñ",
        "/admin/willow/home",
        "/booking/harbor/willow",
        "/booking//willow/x",
        "javascript:alert(1)//willow/",
        "",
        f"/willow/{'a' * 193}",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    assert code_of(path=path) == "path_refused"


@pytest.mark.parametrize("changes", [{"id": "a b"}, {"id": "x" * 101}, {"id": "a\n"}, {"account": "ana@example.com"}])
def test_ids_have_the_form_of_ids(changes: dict[str, Any]) -> None:
    assert code_of(**changes) == "not_a_notice"


@pytest.mark.parametrize(("given", "expected"), [(NOW - 5, NOW - 5), (NOW + 5, NOW)])
def test_a_delayed_notice_says_the_same_and_the_time_of_its_first_try(given: int, expected: int) -> None:
    first = notices.parse(json.dumps(FIELDS | {"requested_at_ms": given}), NOW)

    assert first.requested_at_ms == expected
    assert notices.parse(notices.to_body(first), Millis(NOW + 60_000)) == first


@pytest.mark.parametrize("given", ["5", None, 1.5, True, {}])
def test_a_wrong_time_of_the_first_try_is_refused(given: object) -> None:
    assert code_of(requested_at_ms=given) == "not_a_notice"
