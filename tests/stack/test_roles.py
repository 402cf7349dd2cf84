"""Tests of each function's permissions, and of the encryption key."""

from typing import Any

import pytest

from latchkey.rules.practices import PROBE_SLUG
from latchkey.store.accounts import ID_ATTRIBUTES, AccountItem
from latchkey.store.app_codes import AppCodeItem
from latchkey.store.credentials import DEVICE_SLOTS, SLOTS, CredentialsItem
from latchkey.store.events import EventItem
from latchkey.store.oauth_states import OAuthStateItem
from tests.kit import sam_template

FUNCTIONS = sorted(sam_template.resources("AWS::Serverless::Function"))
KEY = {"Fn::GetAtt": ["DataKey", "Arn"]}

NEEDED = {
    "dynamodb": {"kms:Decrypt"},
    "secretsmanager": {"kms:Decrypt"},
    "sqs": {"kms:Decrypt", "kms:GenerateDataKey"},
}
"""Permissions on the key that a service needs in the name of its caller. DynamoDB and Secrets Manager decrypt the key
of a table or secret. SQS also generates one for new messages (their developer guides, "encryption at rest").
"""


AUDITED = {attribute.attr_name for attribute in EventItem.get_attributes().values()}
"""All attributes of an audit event."""


def statements(function: str, effect: str = "Allow") -> list[dict[str, Any]]:
    """Return the statements of a function's role with this effect."""
    return [statement for statement in sam_template.statements(function) if statement["Effect"] == effect]


def opened(function: str) -> dict[str, set[str]]:
    """Return a role's permissions on the key, by the service that uses them in its name."""
    found: dict[str, set[str]] = {}
    for statement in statements(function):
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if any(action.startswith("kms:") for action in actions):
            assert statement["Resource"] == KEY
            assert statement["Condition"].keys() == {"StringEquals"}
            via = statement["Condition"]["StringEquals"]["kms:ViaService"]["Fn::Sub"]
            found.setdefault(via.partition(".")[0], set()).update(actions)
    return found


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_is_of_one_function_and_only_lambda_takes_it(function: str) -> None:
    declared = sam_template.resources("AWS::Serverless::Function")[function]
    role = sam_template.resources("AWS::IAM::Role")[f"{function}Role"]
    trust = role["AssumeRolePolicyDocument"]["Statement"]

    assert declared["Role"] == {"Fn::GetAtt": [f"{function}Role", "Arn"]}
    assert trust == [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "lambda.amazonaws.com"}}]
    assert role.keys() == {"AssumeRolePolicyDocument", "Policies"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_allows_named_acts_on_named_things(function: str) -> None:
    for statement in statements(function):
        assert statement.keys() - {"Condition"} == {"Effect", "Action", "Resource"}
        assert "*" not in str(statement["Action"])
        assert "*" not in str(statement["Resource"]) or statement in SENDING + DEPLOYMENTS


DEPLOYMENTS = [one for one in sam_template.statements("Probe") if str(one["Action"]).startswith("codedeploy:")]
"""A deployment group is named by CloudFormation, and belongs to the application that is named."""
SENDING = [one for one in sam_template.statements("SendMail") if one.get("Action") == "ses:SendEmail"]


def test_mail_is_sent_only_from_the_domain_and_to_any_address() -> None:
    """In the SES sandbox the recipient's identity needs the permission too, as the sender's does. The condition limits
    the sender by name (SES developer guide, "identity and access management").
    """
    identities, configuration = SENDING

    assert identities["Resource"]["Fn::Sub"].endswith(":identity/*")
    assert identities["Condition"] == {"StringLike": {"ses:FromAddress": {"Fn::Sub": "*@${SenderDomain}"}}}
    assert configuration["Resource"]["Fn::Sub"].endswith(":configuration-set/${ConfigurationSet}")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_write_to_an_account_names_the_attributes_that_the_function_writes(function: str) -> None:
    """`tests/kit/portal.py` checks that the attributes are enough. DynamoDB requires the key and the attributes of
    conditions too. With ReturnValues NONE, a write returns no data (DynamoDB developer guide, "using IAM policy
    conditions for fine-grained access control").
    """
    writes = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem", "dynamodb:BatchWriteItem")
    allowed = {
        act: condition
        for act, condition in sam_template.conditions(function).items()
        if act[1] == "Accounts" and act[0] in writes
    }

    assert {action for action, _ in allowed} <= {"dynamodb:UpdateItem"}
    for act, condition in allowed.items():
        assert condition["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}
        assert (
            {"key"}
            < sam_template.attributes(function)[act]
            <= {attribute.attr_name for attribute in AccountItem.get_attributes().values()}
        )
        if function not in ("Admin", "Console", "Machine", "ProbeBackend", "ImportClients"):
            assert not sam_template.attributes(function)[act] & {
                "address",
                "email_ok",
                "profiles",
                "owner",
                "id",
                "name",
            }


READ_THE_AUDIT = ("Admin", "Console", "Machine")
SESSION_ATTRIBUTES = set(SLOTS)
LINK_ATTRIBUTES = {"request", "digest", "sequence", "epoch", "state", "used_by", "expires_at", "letter_language"}


@pytest.mark.parametrize(
    ("function", "sessions", "links"),
    [
        ("SendMail", set(), LINK_ATTRIBUTES),
        ("RedeemLink", SESSION_ATTRIBUTES, {"state", "used_by", "digest", "epoch", "expires_at"}),
        ("Pin", SESSION_ATTRIBUTES, set()),
        ("GoogleCallback", SESSION_ATTRIBUTES, set()),
        ("Session", SESSION_ATTRIBUTES, set()),
        ("App", set(), set()),
        ("Admin", set(), set()),
        ("Console", set(), set()),
        ("Machine", set(), set()),
    ],
)
def test_who_writes_links_writes_no_sessions_except_by_redeeming(
    function: str, sessions: set[str], links: set[str]
) -> None:
    act = ("dynamodb:UpdateItem", "Links")
    named = sam_template.attributes(function)[act]

    assert sam_template.conditions(function)[act]["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}
    assert named & SESSION_ATTRIBUTES == sessions
    assert named & LINK_ATTRIBUTES == links
    assert named <= {attribute.attr_name for attribute in CredentialsItem.get_attributes().values()}


@pytest.mark.parametrize(
    ("function", "writes"),
    [("App", True), ("Session", True), ("Admin", True), ("Console", True), ("Machine", True)]
    + [(function, False) for function in ("SendMail", "RedeemLink", "Pin", "GoogleCallback")],
)
def test_a_sign_in_in_a_browser_writes_no_device(function: str, writes: bool) -> None:
    """Those that only end access delete a device, and its condition needs the attribute too."""
    named = sam_template.attributes(function)["dynamodb:UpdateItem", "Links"]
    assert named & set(DEVICE_SLOTS) == (set(DEVICE_SLOTS) if writes else set())


def test_an_app_makes_no_state_of_a_provider() -> None:
    """B229: both are in one table. Without step and browser, no state can be returned with."""
    named = sam_template.attributes("App")["dynamodb:UpdateItem", "States"]
    state = {attribute.attr_name for attribute in OAuthStateItem.get_attributes().values()}
    assert named == {attribute.attr_name for attribute in AppCodeItem.get_attributes().values()}
    assert {"stage", "browser"} <= state - named
    assert ("dynamodb:PutItem", "States") not in sam_template.permissions("App")


def test_a_request_for_a_link_writes_neither_links_nor_sessions() -> None:
    assert ("dynamodb:UpdateItem", "Links") not in sam_template.permissions("RequestLink")


def test_the_probe_holds_no_key_and_opens_no_table() -> None:
    """B203: it asks its backend, and the backend opens the practices and clients of one practice."""
    own = {act for act in sam_template.permissions("Probe") if not act[0].startswith("logs:")}
    backend = sam_template.conditions("ProbeBackend")

    assert {action for action, _ in own} == {"lambda:InvokeFunction", "codedeploy:PutLifecycleEventHookExecutionStatus"}
    assert ("lambda:InvokeFunction", "ProbeBackend") in own
    for (_, table), condition in backend.items():
        if table in ("Practices", "Clients"):
            (keys,) = condition.values()
            assert {name.partition("#")[0] for name in keys["dynamodb:LeadingKeys"]} == {PROBE_SLUG}


OF_EVENTS = ("PublishEvents", "DeliverWebhooks")
"""Functions that pass events on. They have no right on the audit's table."""


@pytest.mark.parametrize("function", OF_EVENTS)
def test_a_function_that_passes_events_on_reaches_no_person(function: str) -> None:
    """Of people it reads the ids of an account, and it sends nothing but what the audit's stream says."""
    tables = {(action, resource) for action, resource in sam_template.permissions(function) if "dynamodb:" in action}
    own = {"Integrations", "EventsStream"}

    assert {pair for pair in tables if pair[1] not in own} <= {("dynamodb:GetItem", "Accounts")}
    assert not [action for action, _ in sam_template.permissions(function) if action.startswith("secretsmanager:")]
    if function == "PublishEvents":
        assert sam_template.attributes(function)["dynamodb:GetItem", "Accounts"] == set(ID_ATTRIBUTES)
    else:
        assert {pair for pair in tables if pair[1] in own} == {
            ("dynamodb:GetItem", "Integrations"),
            ("dynamodb:UpdateItem", "Integrations"),
        }
        # no secret and no address of a webhook is written, and of no practice system anything
        named = sam_template.attributes(function)["dynamodb:UpdateItem", "Integrations"]
        assert not named & {"secret", "previous_secret", "digest", "used_at", "revoked_at", "expires_at"}


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if one not in ("Probe", *OF_EVENTS)])
def test_the_audit_is_added_to_and_never_changed(function: str) -> None:
    """IAM cannot require a condition of a write, so it cannot prevent a PutItem that replaces an event."""
    (denied,) = statements(function, "Deny")
    allowed = {action for action, resource in sam_template.permissions(function) if resource == "Events"}
    condition = sam_template.conditions(function)["dynamodb:PutItem", "Events"]

    assert denied["Resource"] == {"Fn::GetAtt": ["Events", "Arn"]}
    assert denied.keys() == {"Effect", "NotAction", "Resource"}
    assert set(denied["NotAction"]) == {"dynamodb:PutItem", "dynamodb:Query"}
    assert allowed == {"dynamodb:PutItem"} | ({"dynamodb:Query"} if function in READ_THE_AUDIT else set())
    assert sam_template.attributes(function)["dynamodb:PutItem", "Events"] == AUDITED
    assert condition["StringEqualsIfExists"] == {"dynamodb:ReturnValues": "NONE"}


def test_the_consoles_role_can_do_what_the_apis_can_and_sessions_and_sign_in_besides() -> None:
    api, console = sam_template.permissions("Admin"), sam_template.permissions("Console")
    own = {
        *((f"dynamodb:{act}", "StaffSessions") for act in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")),
        *(("secretsmanager:GetSecretValue", name) for name in ("CookieKey", "ConsoleSecret")),
        ("logs:CreateLogStream", "ConsoleLogs"),
        ("logs:PutLogEvents", "ConsoleLogs"),
        ("cognito-idp:ListUserPoolClients", "ClinicianPool"),
        ("cognito-idp:DescribeUserPoolClient", "ClinicianPool"),
    }

    assert console - api == own
    assert {resource for _, resource in api - console} == {"AdminLogs"}
    for act, named in sam_template.attributes("Admin").items():
        assert sam_template.attributes("Console")[act] == named


def test_a_practice_systems_role_can_do_less_than_a_clinicians() -> None:
    """It changes no member, no setting, no logo and no PIN, invites no colleague, and makes no credentials."""
    api, machine = sam_template.permissions("Admin"), sam_template.permissions("Machine")
    writes = ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:DeleteItem")
    written = {resource for action, resource in machine if action in writes}
    named = sam_template.attributes("Machine")

    assert machine - api == {
        *((f"logs:{action}", "MachineLogs") for action in ("CreateLogStream", "PutLogEvents")),
        ("dynamodb:BatchGetItem", "Integrations"),
    }
    assert written == {"Accounts", "Budgets", "Clients", "Events", "Imports", "Integrations", "Links", "Replays"}
    assert not [action for action, _ in machine if action.startswith("cognito-idp:")]
    assert (
        named["dynamodb:UpdateItem", "Accounts"] == sam_template.attributes("Admin")["dynamodb:UpdateItem", "Accounts"]
    )
    # no write of it makes credentials, or gives a secret to any
    assert named["dynamodb:PutItem", "Integrations"] == {"practice", "id", "expires_at", "sweep_at"}
    condition = sam_template.conditions("Machine")["dynamodb:Query", "Integrations"]
    assert condition["ForAllValues:StringLike"] == {"dynamodb:LeadingKeys": ["*#machine", "*#token"]}


def test_a_request_for_a_link_only_reads_sessions() -> None:
    """RequestLink only reads sessions, to recognize someone who is signed in. Asking for a link is no activity."""
    acts = {action for action, resource in sam_template.permissions("RequestLink") if resource == "Links"}

    assert acts == {"dynamodb:BatchGetItem"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_role_opens_the_key_for_the_services_it_uses_and_no_other(function: str) -> None:
    services = {action.partition(":")[0] for action, _ in sam_template.permissions(function)} & NEEDED.keys()

    assert opened(function) == {service: NEEDED[service] for service in services}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_writes_to_a_log_of_its_own_that_ends(function: str) -> None:
    declared = sam_template.resources("AWS::Serverless::Function")[function]
    logs = {target for action, target in sam_template.permissions(function) if action.startswith("logs:")}

    assert declared["LoggingConfig"]["LogGroup"] == {"Ref": f"{function}Logs"}
    assert logs == {f"{function}Logs"}


@pytest.mark.parametrize("group", sorted(sam_template.resources("AWS::Logs::LogGroup")))
def test_every_log_ends_and_is_under_the_key(group: str) -> None:
    properties = sam_template.resources("AWS::Logs::LogGroup")[group]

    assert properties == {"RetentionInDays": {"Ref": "LogDays"}, "KmsKeyId": KEY}


def test_nobody_but_this_account_logs_and_alarms_has_anything_to_do_with_the_key() -> None:
    for statement in sam_template.resources("AWS::KMS::Key")["DataKey"]["KeyPolicy"]["Statement"]:
        principal = statement["Principal"]
        if "AWS" in principal:
            assert principal["AWS"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}
        else:
            assert statement["Condition"]
            assert "kms:*" not in statement["Action"]


def test_every_other_role_is_known() -> None:
    """CodeDeploy moves the traffic; its role is SAM's, and one that may also invoke the probe."""
    roles = {name for name, one in sam_template.expanded()["Resources"].items() if one["Type"] == "AWS::IAM::Role"}

    assert roles == {f"{function}Role" for function in FUNCTIONS} | {"CodeDeployServiceRole", "ReleaseRole"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_can_take_another_ones_share(function: str) -> None:
    """This applies if the parameter Concurrency reserves shares. The mail workers have a share of their own."""
    declared = sam_template.resources("AWS::Serverless::Function")[function]
    choice, share, otherwise = declared["ReservedConcurrentExecutions"]["Fn::If"]

    assert (choice, otherwise) == ("Reserves", {"Ref": "AWS::NoValue"})
    assert share == {"Ref": "MailWorkers"} if function == "SendMail" else share > 0


def test_the_shares_are_as_many_as_the_parameter_says() -> None:
    shares = [
        function["ReservedConcurrentExecutions"]["Fn::If"][1]
        for name, function in sam_template.resources("AWS::Serverless::Function").items()
        if name != "SendMail"
    ]

    assert f"({sum(shares)} and MailWorkers)" in sam_template.document()["Parameters"]["Concurrency"]["Description"]
