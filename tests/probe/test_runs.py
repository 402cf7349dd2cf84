"""The probe visits a real portal over HTTP, with the permissions of its own role."""

import json
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from latchkey.probe import sign_in_run
from latchkey.probe.sign_in_run import RunFailed
from latchkey.rules.practices import PROBE_SLUG
from local.aws import ROOT
from local.sam_template import REGION
from tests.kit import sam_template
from tests.kit.live_portal import LivePortal


def lambda_client(place: LivePortal, credentials: dict[str, str]) -> Any:
    """A client of Lambda on this machine."""
    return boto3.client(
        "lambda",
        endpoint_url=place.portal.functions["Probe"]["AWS_ENDPOINT_URL_LAMBDA"],
        region_name=REGION,
        aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
    )


def invoke(place: LivePortal, function: str, event: dict[str, Any], credentials: dict[str, str] = ROOT) -> Any:
    """The result of a function."""
    response = lambda_client(place, credentials).invoke(FunctionName=function, Payload=json.dumps(event))
    return json.loads(response["Payload"].read())


def test_a_run_requests_a_link_sees_its_delivery_and_signs_in_and_out_by_pin(live_portal: LivePortal) -> None:
    """B200"""
    assert invoke(live_portal, "Probe", {}) == {"outcome": "passed"}

    simulated = [mail for mail in live_portal.portal.mail() if mail["to"].endswith("@simulator.amazonses.com")]
    assert simulated
    rows = sam_template.items_of(live_portal.portal.address.client("dynamodb"), "Events")
    kinds = {row["kind"]["S"] for row in rows if row["subject"]["S"].startswith(PROBE_SLUG)}
    assert {"link_requested", "pin_created", "session_started", "session_ended"} <= kinds


@pytest.mark.parametrize("function", ["Admin", "SendMail", "RequestLink"])
def test_the_probe_can_invoke_its_backend_and_nothing_else(live_portal: LivePortal, function: str) -> None:
    """B203"""
    with pytest.raises(ClientError, match="AccessDenied"):
        invoke(live_portal, function, {}, live_portal.portal.functions["Probe"])


def test_the_backend_answers_for_its_own_practice_alone(live_portal: LivePortal) -> None:
    """B203: the practice and the client in the request change nothing."""
    found = invoke(
        live_portal, "ProbeBackend", {"action": "status", "number": 1, "practice": "willow", "slug": "willow"}
    )

    assert found["address"].endswith("@simulator.amazonses.com")
    assert "errorType" in invoke(live_portal, "ProbeBackend", {"action": "disable"})


def test_a_run_fails_when_nobody_answers_at_the_public_address() -> None:
    """B200"""
    with pytest.raises(RunFailed) as failed:
        sign_in_run.run("http://127.0.0.1:9", 1, lambda *_: {"address": "success@simulator.amazonses.com", "now": 1})
    assert failed.value.step == "sign-in_unreachable"


@pytest.mark.parametrize(
    ("status", "step"),
    [("sent", "letter_not_delivered"), ("rejected", "letter_rejected"), ("bounced", "letter_bounced")],
)
def test_a_run_fails_when_ses_does_not_deliver(live_portal: LivePortal, status: str, step: str) -> None:
    """B200"""
    event = {"action": "status", "number": len(step)}
    found = invoke(live_portal, "ProbeBackend", event) | {"email_status": status}
    found["email_status_at"] = found["now"]

    with pytest.raises(RunFailed) as failed:
        sign_in_run.run(live_portal.url, 1, lambda *_: found, delivery_seconds=0)
    assert failed.value.step == step
