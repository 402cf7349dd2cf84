"""What a clinician's work costs: every call to AWS, in order. One more turns a test red."""

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
    """Someone who was invited a moment ago."""
    return clinician.add_client("Kim Lee", EMAIL, invite={})


def calls(faults: AwsFaults, clinician: ClinicianApi, request: str, body: object = None, client: str = "") -> list[str]:
    method, _, route = request.partition(" ")
    before = len(faults.calls)
    answer = clinician.request(method, route, body, parts={"client": client} if client else {})
    assert answer.status < 300, answer.body
    return faults.summary(before)


COMER = ["Get Members", "Get Members", "Get Practices"]
"""Who asks: as a member or an operator; and where. Read each time, so that whoever is removed is out at once."""
FOUND = ["Get Clients", "BatchGet"]
"""The client, and the accounts of their addresses with the PIN."""


@pytest.mark.parametrize(
    ("request_", "made"),
    [
        ("GET /clients", ["Query Clients", "BatchGet"]),
        ("GET /clients/{client}", FOUND),
        ("GET /clients/{client}/portal-access", FOUND),
        ("GET /clients/{client}/events", [*FOUND, "Query Events", "Query Events", "BatchGet"]),
    ],
)
def test_looking(faults: AwsFaults, clinician: ClinicianApi, client: str, request_: str, made: list[str]) -> None:
    fields = client if "{client}" in request_ else ""
    assert calls(faults, clinician, request_, client=fields) == [*COMER, *made]


def test_an_invitation(faults: AwsFaults, clinician: ClinicianApi) -> None:
    """One transaction for the client, their four terms, the account and the audit; the mail's promise after it."""
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
    """What became of the mail before is forgotten in the same transaction: nothing that comes meanwhile is lost."""
    cloud.bounce(EMAIL)
    body = {"email": EMAIL, "email_ok": True}
    made = [*FOUND, "TransactWrite Accounts Clients Events", "BatchGet"]
    assert calls(faults, clinician, "PUT /clients/{client}/email", body, client) == [*COMER, *made]
    assert clinician.access(client)["email_status"] == "none"


def test_a_pin(faults: AwsFaults, clinician: ClinicianApi, client: str) -> None:
    """Written down before it is made. The first write is refused: the clinician has just invited someone."""
    counted = ["Update Budgets", "Update Budgets"]
    made = [*counted, *FOUND, "Put Events", "Get Pins", "Put Pins", "Update Accounts", "SendMessage"]
    assert calls(faults, clinician, "POST /clients/{client}/pin-codes", client=client) == [*COMER, *made]


def test_the_end_of_access(faults: AwsFaults, clinician: ClinicianApi, client: str) -> None:
    """One transaction ends every session, link and PIN: none of them is touched."""
    made = [*FOUND, "TransactWrite Accounts Clients Events"]
    assert calls(faults, clinician, "DELETE /clients/{client}/portal-access", client=client) == [*COMER, *made]
