"""Tests of the template's parameters: combinations, rules for prod, and effects of numbers."""

import re
from typing import Any

import pytest

from latchkey.identity import staff
from local.intrinsics import Resolver
from tests.kit import sam_template

TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
PROD = {
    "SenderDomain": "example.com",
    "Stage": "prod",
    "AlarmEmail": "ops@example.com",
    "ClinicianCallbackUrl": "https://desk.example.com/",
}
"""The fewest parameters of a stack with the stage prod."""
DEV = {"SenderDomain": "example.com", "Stage": "dev"}


def refused(given: dict[str, str]) -> set[str]:
    """Return the rules by which CloudFormation refuses these parameters."""
    found = set()
    for name, rule in sam_template.document()["Rules"].items():
        condition = Resolver(
            sam_template.parameters() | given, {"asked": rule.get("RuleCondition", {"Fn::Equals": ["", ""]})}
        )
        for assertion in rule["Assertions"]:
            assert assertion["AssertDescription"]
            held = Resolver(sam_template.parameters() | given, {"held": assertion["Assert"]})
            if condition.holds("asked") and not held.holds("held"):
                found.add(name)
    return found


def fits(parameter: str, value: str) -> bool:
    """Return True if a parameter's pattern allows the value."""
    properties: dict[str, Any] = sam_template.document()["Parameters"][parameter]
    return re.fullmatch(properties["AllowedPattern"], value) is not None


@pytest.mark.parametrize("given", [DEV, PROD], ids=["dev", "prod"])
def test_the_least_that_a_stage_is_given_is_enough(given: dict[str, str]) -> None:
    assert not refused(given)
    assert all(fits(name, value) for name, value in given.items() if name not in ("SenderDomain", "Stage"))


def test_alarms_of_prod_reach_someone() -> None:
    assert refused(PROD | {"AlarmEmail": ""}) == {"AlarmsOfProdReachSomeone"}
    assert not refused(PROD | {"AlarmEmail": "", "AlarmTopicArn": TOPIC})
    assert not refused(DEV)


def test_the_rules_for_prod_are_in_the_description_of_the_parameter() -> None:
    for parameter in ("AlarmEmail", "AlarmTopicArn", "ClinicianCallbackUrl"):
        assert "prod" in sam_template.document()["Parameters"][parameter]["Description"]


@pytest.mark.parametrize(("issuer", "clients"), [("https://idp.example.com", ""), ("", "one")])
def test_an_issuer_and_its_clients_are_given_together(issuer: str, clients: str) -> None:
    """An issuer without clients would accept tokens for the audience "". Clients without an issuer have no effect."""
    given = PROD | {"TokenIssuer": issuer, "TokenClientIds": clients}

    assert refused(given) == {"TokenIssuerAndClientsTogether"}
    assert not refused(PROD | {"TokenIssuer": "https://idp.example.com", "TokenClientIds": "one,two"})


def test_clinicians_of_prod_are_sent_to_a_page_over_https() -> None:
    """On localhost, any program of the clinician's machine could receive the code."""
    assert refused(PROD | {"ClinicianCallbackUrl": ""}) == {"CliniciansOfProdAreSentToAPage"}
    elsewhere = {"TokenIssuer": "https://idp.example.com", "TokenClientIds": "one", "ClinicianCallbackUrl": ""}
    assert not refused(PROD | elsewhere), "the pool of another issuer is not ours to tell"
    assert not fits("ClinicianCallbackUrl", "http://desk.example.com/")
    assert not fits("ClinicianCallbackUrl", "http://localhost:8000/local/token")

    client = sam_template.resources("AWS::Cognito::UserPoolClient")["ClinicianClient"]
    names = Resolver(sam_template.parameters() | DEV, sam_template.document()["Conditions"])
    assert names.resolve(client["CallbackURLs"]) == ["http://localhost:8000/local/token"]
    names = Resolver(sam_template.parameters() | PROD, sam_template.document()["Conditions"])
    assert names.resolve(client["CallbackURLs"]) == ["https://desk.example.com/"]


def test_a_clinicians_session_lasts_no_longer_than_a_day() -> None:
    """Cognito's refresh tokens are valid for 30 days unless a client sets another time."""
    client = sam_template.resources("AWS::Cognito::UserPoolClient")["ClinicianClient"]

    assert (client["RefreshTokenValidity"], client["TokenValidityUnits"]["RefreshToken"]) == (12, "hours")


def test_the_pool_sends_staff_back_to_the_console_on_the_portals_own_host() -> None:
    """Without a domain, the host is that of the API."""
    client = sam_template.resources("AWS::Cognito::UserPoolClient")["ConsoleClient"]

    assert client["ClientName"] == staff.POOL_CLIENT_NAME
    assert client["GenerateSecret"] is True
    assert client["CallbackURLs"] == [
        {
            "Fn::If": [
                "HasDomain",
                {"Fn::Sub": "${PortalOrigin}/admin/callback"},
                {"Fn::Sub": "${Portal.ApiEndpoint}/admin/callback"},
            ]
        }
    ]
    assert set(client["AllowedOAuthScopes"]) == set(staff.SCOPES.split())


def test_the_apis_burst_limit_is_within_an_accounts() -> None:
    """The default quota is 5,000 (API Gateway developer guide, "quotas for HTTP APIs"). The parameter sets rate and
    burst.
    """
    assert sam_template.document()["Parameters"]["RequestsPerSecond"]["MaxValue"] == 5000


def test_a_domain_that_is_verified_already_is_used_as_it_is() -> None:
    """A domain can have one identity only. A second one would make the deployment fail, and deleting the stack would
    delete the first.
    """
    identity = sam_template.document()["Resources"]["SenderIdentity"]
    outputs = sam_template.document()["Outputs"]

    assert identity["Condition"] == "MakesIdentity"
    assert sam_template.parameters()["MailIdentity"] == "made"
    for value, made in {"made": True, "existing": False}.items():
        given = sam_template.parameters() | {"MailIdentity": value}
        assert Resolver(given, sam_template.document()["Conditions"]).holds("MakesIdentity") is made
    for name in ("DkimRecord1", "DkimRecord2", "DkimRecord3", "MailFromMx", "MailFromSpf"):
        assert outputs[name]["Condition"] == "MakesIdentity"


def test_as_many_workers_as_send_mail_have_a_share_of_concurrency() -> None:
    """With less concurrency Lambda throttles the queue's polls, and a message goes to the dead-letter queue
    after five.
    """
    worker = sam_template.resources("AWS::Serverless::Function")["SendMail"]

    assert worker["ReservedConcurrentExecutions"]["Fn::If"][:2] == ["Reserves", {"Ref": "MailWorkers"}]


def test_a_job_that_waits_for_long_is_not_mistaken_for_a_loop() -> None:
    """The worker puts delayed jobs back on its own queue. Lambda stops such a loop after about 16 rounds unless the
    function allows it (Lambda developer guide, "recursive loop detection").
    """
    functions = sam_template.resources("AWS::Serverless::Function")
    calls_itself = {
        name
        for name, properties in functions.items()
        if {("sqs:SendMessage", f"{queue}Queue") for queue in ("Mail", "Webhook", "Import", "Notice")}
        & sam_template.permissions(name)
        and any(event["Type"] == "SQS" for event in properties["Events"].values())
    }

    assert calls_itself == {
        name for name, properties in functions.items() if properties.get("RecursiveLoop") == "Allow"
    }
    assert calls_itself == {"SendMail", "DeliverWebhooks", "ImportClients", "SendNotice"}
