"""Calls to AWS of each request of the clinicians' API, in order. An additional call fails a test."""

from collections.abc import Iterator

import pytest

from latchkey import aws
from tests.api.cloud import MinistackCloud
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ClinicianApi

EMAIL = "kim@example.com"


@pytest.fixture
def faults(cloud: MinistackCloud) -> Iterator[AwsFaults]:  # noqa: ARG001 - the calls go there
    with AwsFaults().listening(aws.client("dynamodb"), aws.client("sqs")) as faults:
        yield faults


@pytest.fixture
def client(clinician: ClinicianApi) -> str:
    """Return the id of a client who has just been invited."""
    return clinician.add_client("Kim Lee", EMAIL, invite={})


def calls(faults: AwsFaults, clinician: ClinicianApi, request: str, body: object = None, client: str = "") -> list[str]:
    method, _, route = request.partition(" ")
    before = len(faults.calls)
    answer = clinician.request(method, route, body, parts={"client": client} if client else {})
    assert answer.status < 300, answer.body
    return faults.summary(before)


COMER = ["Get Members", "Get Members", "Get Practices"]
"""Reads of the member, the operator and the practice. They are read for each request, so that a removed member is
refused at once.
"""
FOUND = ["Get Clients", "BatchGet"]
"""Reads of the client, and of the accounts and the PIN of the client's addresses."""


@pytest.mark.parametrize(
    ("request_", "made"),
    [
        ("GET /clients", ["Query Clients", "BatchGet"]),
        ("GET /clients/{client}", FOUND),
        ("GET /clients/{client}/portal-access", FOUND),
        ("GET /clients/{client}/events", [*FOUND, "Query Events", "Query Events", "BatchGet"]),
    ],
)
def test_reads_of_clients(
    faults: AwsFaults, clinician: ClinicianApi, client: str, request_: str, made: list[str]
) -> None:
    fields = client if "{client}" in request_ else ""
    assert calls(faults, clinician, request_, client=fields) == [*COMER, *made]


def test_a_new_client_with_an_invitation(faults: AwsFaults, clinician: ClinicianApi) -> None:
    """One transaction writes the client, four terms of the index, the account and the audit events. The mail job is
    queued after it.
    """
    body = {"name": "Kim Lee", "emails": [{"address": EMAIL, "email_ok": True}], "invite": {}}
    assert calls(faults, clinician, "POST /clients", body) == [
        *COMER,
        "Update Budgets",
        "BatchGet",
        "TransactWrite Accounts Clients Clients Clients Clients Clients Events Events Events",
        "Update Accounts",
        "SendMessage",
        "BatchGet",
    ]


def test_an_address_that_is_confirmed_after_a_bounce(
    faults: AwsFaults, clinician: ClinicianApi, cloud: MinistackCloud, client: str
) -> None:
    """The same transaction resets the mail status, so that no later report is lost."""
    cloud.bounce(EMAIL)
    body = {"email": EMAIL, "email_ok": True}
    made = [*FOUND, "TransactWrite Accounts Clients Events", "BatchGet"]
    assert calls(faults, clinician, "PUT /clients/{client}/email", body, client) == [*COMER, *made]
    assert clinician.access(client)["email_status"] == "none"


def test_a_pin(faults: AwsFaults, clinician: ClinicianApi, client: str) -> None:
    """The audit event is written before the PIN. The first write of the rate limit is refused, because the clinician
    has just sent an invitation.
    """
    counted = ["Update Budgets", "Update Budgets"]
    made = [*counted, *FOUND, "Put Events", "Get Pins", "Put Pins", "Update Accounts", "SendMessage"]
    assert calls(faults, clinician, "POST /clients/{client}/pin-codes", client=client) == [*COMER, *made]


def test_the_end_of_access(faults: AwsFaults, clinician: ClinicianApi, client: str) -> None:
    """One transaction makes every session, link and PIN invalid without writing to them."""
    made = [*FOUND, "TransactWrite Accounts Clients Events"]
    assert calls(faults, clinician, "DELETE /clients/{client}/portal-access", client=client) == [*COMER, *made]
