"""Tests of stored data: how long it is kept, and under which key."""

import re
from typing import Any

import pytest

from local.intrinsics import Resolver
from tests.kit import sam_template
from tests.stack.test_roles import KEY

RETAINED = {"Practices", "Accounts", "Events", "Clients", "Members"}
"""Tables that a practice cannot lose. The others empty themselves within weeks."""
TABLES = sorted(sam_template.resources("AWS::DynamoDB::Table"))


def outlives(name: str) -> bool:
    """Return True if a resource remains when the stack is deleted or replaces it."""
    properties = sam_template.document()["Resources"][name]
    deleted, replaced = properties.get("DeletionPolicy", "Delete"), properties.get("UpdateReplacePolicy", "Delete")
    # RetainExceptOnCreate: the empty table of a failed first deployment would be in the way of the next
    assert (deleted, replaced) in {("RetainExceptOnCreate", "Retain"), ("Delete", "Delete")}, name
    return bool(replaced == "Retain")


@pytest.mark.parametrize("table", TABLES)
def test_a_table_expires_or_can_be_brought_back_never_both(table: str) -> None:
    """A restored item could make a used link or PIN valid again."""
    properties = sam_template.resources("AWS::DynamoDB::Table")[table]

    if table in RETAINED:
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["DeletionProtectionEnabled"] == {"Fn::If": ["Guarded", True, False]}
        assert "TimeToLiveSpecification" not in properties
        assert outlives(table)
    else:
        assert properties["TimeToLiveSpecification"] == {"AttributeName": "sweep_at", "Enabled": True}
        assert "PointInTimeRecoverySpecification" not in properties
        assert not outlives(table)


@pytest.mark.parametrize("table", TABLES)
def test_a_table_is_under_the_key_and_is_billed_by_request(table: str) -> None:
    properties = sam_template.resources("AWS::DynamoDB::Table")[table]

    assert properties["SSESpecification"] == {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": KEY}
    assert properties["BillingMode"] == "PAY_PER_REQUEST"


@pytest.mark.parametrize("secret", sorted(sam_template.resources("AWS::SecretsManager::Secret")))
def test_a_secret_is_made_by_aws_and_under_the_key(secret: str) -> None:
    properties = sam_template.resources("AWS::SecretsManager::Secret")[secret]

    assert properties["KmsKeyId"] == KEY
    assert "SecretString" not in properties
    assert properties["GenerateSecretString"]["PasswordLength"] >= 32


def test_what_outlives_the_stack_can_still_be_read() -> None:
    """Functions find accounts with LookupKey, and all data is encrypted with DataKey. Other programs in the AWS account
    may send from the domain too.
    """
    assert {name for name in sam_template.document()["Resources"] if outlives(name)} == RETAINED | {
        "DataKey",
        "LookupKey",
        "ClinicianPool",
        "SenderIdentity",
    }
    assert sam_template.resources("AWS::KMS::Key")["DataKey"]["EnableKeyRotation"] is True


def values(document: Any) -> list[Any]:
    """Return every leaf of a document."""
    if isinstance(document, dict):
        return [leaf for part in document.values() for leaf in values(part)]
    if isinstance(document, list):
        return [leaf for part in document for leaf in values(part)]
    return [document]


@pytest.mark.parametrize("kind", ["AWS::Logs::LogGroup", "AWS::SecretsManager::Secret", "AWS::SQS::Queue"])
def test_each_stateful_resource_has_a_deletion_policy(kind: str) -> None:
    for properties in (one for one in sam_template.document()["Resources"].values() if one["Type"] == kind):
        assert {"DeletionPolicy", "UpdateReplacePolicy"} <= properties.keys()


@pytest.mark.parametrize("function", sorted(sam_template.resources("AWS::Serverless::Function")))
def test_no_secret_is_in_a_functions_environment(function: str) -> None:
    """Variables hold the ARNs of secrets. No parameter of the template is a secret."""
    secrets = set(sam_template.resources("AWS::SecretsManager::Secret"))
    for name, value in sam_template.variables(function).items():
        if secrets & set(map(str, values(value))):
            assert value.keys() == {"Ref"}, "a secret's ARN and nothing of its value"
            assert name.endswith("_ARN")
        assert "resolve:" not in str(value)


def test_no_parameter_is_a_secret() -> None:
    assert not [name for name, properties in sam_template.document()["Parameters"].items() if "NoEcho" in properties]


def statements(queue: str) -> list[dict[str, Any]]:
    """Return the statements of the queue's own policy."""
    policies = sam_template.resources("AWS::SQS::QueuePolicy").values()
    (policy,) = (one for one in policies if one["Queues"] == [{"Ref": queue}])
    properties: list[dict[str, Any]] = policy["PolicyDocument"]["Statement"]
    return properties


@pytest.mark.parametrize("queue", sorted(sam_template.resources("AWS::SQS::Queue")))
def test_a_queue_is_encrypted_with_the_key_and_requires_tls(queue: str) -> None:
    properties = sam_template.resources("AWS::SQS::Queue")[queue]
    (denied,) = (one for one in statements(queue) if one["Sid"] == "OverTlsOnly")

    assert properties["KmsMasterKeyId"] == KEY
    assert denied["Effect"] == "Deny"
    assert (denied["Principal"], denied["Action"], denied["Resource"]) == ("*", "sqs:*", {"Fn::GetAtt": [queue, "Arn"]})
    assert denied["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_notices_come_from_the_named_roles_and_the_worker_only() -> None:
    """B218: a role of the account needs no permission of the queue, so all but the named ones are refused."""
    (denied,) = (one for one in statements("NoticeQueue") if one["Sid"] == "NamedRolesOnly")
    role = "arn:aws:iam::123456789012:role/"
    worker, sender, other = f"{role}SendNoticeRole", f"{role}booking", f"{role}messages"

    assert denied | {"Condition": None} == {
        "Sid": "NamedRolesOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:SendMessage",
        "Resource": {"Fn::GetAtt": ["NoticeQueue", "Arn"]},
        "Condition": None,
    }
    cases = {"": [worker], sender: [worker, sender], f"{sender},{other}": [worker, sender, other]}
    for given, named in cases.items():
        resolver = Resolver(sam_template.parameters() | {"NoticeSenders": given}, sam_template.document()["Conditions"])
        resolver.name("SendNoticeRole", Ref="SendNoticeRole", Arn=worker)
        assert resolver.resolve(denied["Condition"]) == {"ArnNotEquals": {"aws:PrincipalArn": named}}
    assert sam_template.parameters()["NoticeSenders"] == ""


@pytest.mark.parametrize(
    ("given", "accepted"),
    [
        ("", True),
        ("arn:aws:iam::123456789012:role/booking-BookingRole-1A", True),
        ("arn:aws:iam::123456789012:role/a/b,arn:aws-us-gov:iam::123456789012:role/c", True),
        ("arn:aws:iam::123456789012:role/*", False),
        ("*", False),
        ("arn:aws:iam::123456789012:root", False),
        ("arn:aws:iam::123456789012:user/x", False),
        ("arn:aws:iam::123456789012:role/a,", False),
        ("arn:aws:iam::123456789012:role/a, arn:aws:iam::123456789012:role/b", False),
    ],
)
def test_senders_of_notices_are_roles_by_their_whole_name(given: str, *, accepted: bool) -> None:
    pattern = sam_template.document()["Parameters"]["NoticeSenders"]["AllowedPattern"]
    assert bool(re.search(pattern, given)) is accepted


def test_a_mail_job_is_hidden_for_as_long_as_aws_advises() -> None:
    """AWS advises six times the worker's timeout (Lambda developer guide, "Using Lambda with Amazon SQS")."""
    usual = sam_template.document()["Globals"]["Function"]["Timeout"]
    for function, name in {"SendMail": "MailQueue", "SendNotice": "NoticeQueue"}.items():
        worker = sam_template.resources("AWS::Serverless::Function")[function]
        queue = sam_template.resources("AWS::SQS::Queue")[name]

        assert queue["VisibilityTimeout"] >= 6 * worker.get("Timeout", usual)
        assert queue["RedrivePolicy"] == {
            "deadLetterTargetArn": {"Fn::GetAtt": ["DeadMail", "Arn"]},
            "maxReceiveCount": 5,
        }


def test_a_report_that_fails_goes_to_the_queue_with_the_alarm() -> None:
    """This holds for events that the function fails on, and for events that do not reach it."""
    properties = sam_template.resources("AWS::Serverless::Function")["MailEvents"]
    waiting = {"Fn::GetAtt": ["DeadMail", "Arn"]}

    assert properties["EventInvokeConfig"]["DestinationConfig"]["OnFailure"]["Destination"] == waiting
    assert properties["Events"]["Reports"]["Properties"]["DeadLetterConfig"] == {"Arn": waiting}
    (allowed,) = (one for one in statements("DeadMail") if one["Effect"] == "Allow")
    assert (allowed["Principal"], allowed["Action"]) == ({"Service": "events.amazonaws.com"}, "sqs:SendMessage")
    assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Fn::GetAtt": ["MailEventsReports", "Arn"]}}}
    dead = sam_template.resources("AWS::SQS::Queue")["DeadMail"]
    assert dead["MessageRetentionPeriod"] == 14 * 24 * 3600


def test_links_in_mails_are_never_rewritten() -> None:
    (configuration,) = sam_template.resources("AWS::SES::ConfigurationSet").values()
    (destination,) = sam_template.resources("AWS::SES::ConfigurationSetEventDestination").values()

    assert "TrackingOptions" not in configuration
    assert configuration["DeliveryOptions"] == {"TlsPolicy": "REQUIRE"}
    assert not {"open", "click"} & set(destination["EventDestination"]["MatchingEventTypes"])
