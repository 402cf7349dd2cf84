"""What the log tells of a clinician's day: which routes, how they went, at which practice; nothing of anybody."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from tests.api.scene import Desk, Stage


@pytest.fixture
def log(desk: Desk) -> Iterator[io.StringIO]:
    """All that is logged, ours and others'."""
    desk.ask("GET", "")  # it brings the logger
    text = io.StringIO()
    # pytest listens too
    (ours,) = [handler for handler in logging.getLogger("latchkey").handlers if type(handler) is logging.StreamHandler]
    theirs = logging.StreamHandler(text)
    usual = ours.setStream(text)
    logging.getLogger("aws_lambda_powertools").addHandler(theirs)
    yield text
    logging.getLogger("aws_lambda_powertools").removeHandler(theirs)
    if usual:
        ours.setStream(usual)


def test_no_name_no_address_and_no_pin_is_logged(
    desk: Desk, stage: Stage, log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = desk.add("Kim Secretperson", "kim.secret@example.com", invite={"message": "a secret message"})
    pin = desk.pin(client).document["pin"]
    desk.ask("PATCH", "/clients/{client}", {"name": "Secret\n", "sneaky": "kim.secret@example.com"}, client=client)
    desk.ask("GET", "/clients/{client}", client="kim.secret@example.com")
    desk.ask("GET", "", authorizer=None)
    stage.break_queue(monkeypatch)
    desk.ask("POST", "/clients/{client}/invitations", {}, client=client)
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
