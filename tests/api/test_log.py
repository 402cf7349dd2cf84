"""The log of a clinician's requests names route, outcome and practice, but no person."""

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.api.cloud import MinistackCloud
from tests.kit.clinician import ClinicianApi


@pytest.fixture
def log(clinician: ClinicianApi) -> Iterator[io.StringIO]:
    """Yield all log lines, of the package and of libraries."""
    clinician.request("GET", "")  # this request sets up the logger
    text = io.StringIO()
    # pytest's handler reads the log too
    (expected,) = [
        handler for handler in logging.getLogger("latchkey").handlers if type(handler) is logging.StreamHandler
    ]
    theirs = logging.StreamHandler(text)
    usual = expected.setStream(text)
    logging.getLogger("aws_lambda_powertools").addHandler(theirs)
    yield text
    logging.getLogger("aws_lambda_powertools").removeHandler(theirs)
    if usual:
        expected.setStream(usual)


def test_no_name_no_address_and_no_pin_is_logged(
    clinician: ClinicianApi, cloud: MinistackCloud, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = clinician.add_client("Kim Secretperson", "kim.secret@example.com", invite={"message": "a secret message"})
    pin = clinician.pin(client)
    clinician.request(
        "PATCH", "/clients/{client}", {"name": "Secret\n", "sneaky": "kim.secret@example.com"}, client=client
    )
    clinician.request("GET", "/clients/{client}", client="kim.secret@example.com")
    replace(clinician, authorization="").get("")
    cloud.break_queue(monkeypatch)
    clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
    logged = log.getvalue()
    for secret in ("Secret", "secret", "@", pin, client):
        assert secret not in logged
    lines = [json.loads(line) for line in logged.splitlines()]
    answered = [line for line in lines if line["message"] == "answered"]
    assert {line["route"] for line in answered} <= {
        f"/admin/v1/practices/{{practice}}{path}"
        for path in (
            "",
            "/clients",
            "/clients/{client}",
            "/clients/{client}/pin-codes",
            "/clients/{client}/invitations",
        )
    }
    assert [line.get("code") for line in answered] == [
        None,
        None,
        "body_invalid",
        "not_found",
        "token_refused",
        "unavailable",
    ]
    assert [line["fault"] for line in lines if line["message"] == "failed"] != []
