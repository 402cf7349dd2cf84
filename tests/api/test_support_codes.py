"""Tests of support codes: shown on a page, in the log and in the audit, and looked up by a clinician (B145)."""

from urllib.parse import quote

import pytest

from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi


def shown_code(cloud: MinistackCloud, method: str = "POST") -> str:
    """Return the support code on the page of an expired link. `POST` submits the page's form."""
    link = cloud.browser().link("kim@example.com")
    cloud.clock.advance(24 * 3600)
    headers = {"host": "portal.example.com", "origin": cloud.origin, "sec-fetch-site": "same-origin"}
    answer = cloud.send(method, link, headers, b"", "203.0.113.9")
    assert answer.status == 410
    return answer.page.one("code").text


def test_a_clinician_finds_the_event_of_a_code_that_is_read_out(
    clinician: ClinicianApi, cloud: MinistackCloud, caplog: pytest.LogCaptureFixture
) -> None:
    """B145"""
    clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.deliver()
    cloud.clock.advance(61)
    code = shown_code(cloud)
    assert len(code) == 7
    assert code in [record.__dict__.get("facts", {}).get("support_code") for record in caplog.records]

    for typed in (code, code.lower(), code.replace("-", ""), code.replace("-", " ")):
        answer = clinician.get("/support-codes/{code}", code=quote(typed))
        assert answer.status == 200
        assert answer.document["support_code"] == code
        (event,) = answer.document["events"]
        assert (event["kind"], event["reason"], event["reference"]) == ("link_refused", "link_expired", code)


def test_no_practice_finds_a_code_of_another(clinician: ClinicianApi, cloud: MinistackCloud) -> None:
    """B145"""
    clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.deliver()
    cloud.clock.advance(61)
    code = shown_code(cloud)
    other = cloud.clinician("dr-harbor", "harbor")
    assert other.get("/support-codes/{code}", code=code).status == 404


def test_a_clinician_finds_the_letter_of_a_dead_link_that_was_only_opened(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    """B145"""
    clinician.add_client("Kim Lee", "kim@example.com", invite={})
    cloud.deliver()
    cloud.clock.advance(61)
    code = shown_code(cloud, "GET")

    (event,) = clinician.get("/support-codes/{code}", code=code).document["events"]

    assert (event["kind"], event["method"], event["reference"]) == ("link_sent", "sign_in", code)


def test_a_code_without_an_event_is_the_operators(clinician: ClinicianApi) -> None:
    """B145: the page and the log of an internal error have the code."""
    answer = clinician.get("/support-codes/{code}", code="222-222")

    assert (answer.status, answer.code) == (404, "not_found")
    assert "the operator's log has it" in answer.document["title"]


@pytest.mark.parametrize("code", ["1", "K7M-4Q", "K7M-4Q0", "K7M-4QXA", "JKJaXmPLvHcESHA", "x" * 500])
def test_what_is_no_support_code_is_refused(clinician: ClinicianApi, code: str) -> None:
    """B145"""
    answer = clinician.get("/support-codes/{code}", code=code)
    assert (answer.status, answer.code) == (422, "value_invalid")
    assert [error["location"] for error in answer.document["errors"]] == ["path.code"]
