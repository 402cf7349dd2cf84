"""Each function has an IAM role of its own, which refuses every action that only other functions need."""

from collections.abc import Callable
from itertools import product
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from local.sam_template import REGION
from tests.kit import sam_template
from tests.kit.live_portal import LivePortal

FUNCTIONS = sorted(sam_template.resources("AWS::Serverless::Function"))
DENIED = {"AccessDenied", "AccessDeniedException"}
TABLES = sam_template.resources("AWS::DynamoDB::Table")

TRIED = {
    "dynamodb": (TABLES, ("GetItem", "BatchGetItem", "PutItem", "UpdateItem", "DeleteItem", "Query", "Scan")),
    "sqs": (
        sam_template.resources("AWS::SQS::Queue"),
        ("SendMessage", "ReceiveMessage", "DeleteMessage", "GetQueueAttributes", "PurgeQueue"),
    ),
    "secretsmanager": (sam_template.resources("AWS::SecretsManager::Secret"), ("GetSecretValue", "PutSecretValue")),
    "ses": (("identity",), ("SendEmail",)),
}
EVERY = {
    (f"{service}:{operation}", resource)
    for service, (resources, operations) in TRIED.items()
    for resource, operation in product(resources, operations)
}
"""All pairs of an action and a resource that the tests try, including some that no role allows."""
NO_SUCH = "no such thing"
EQUALS: dict[str, Any] = {"ComparisonOperator": "EQ"}


class Hand:
    """The IAM role of a function. The actions that it allows are tried in a form that changes nothing."""

    def __init__(
        self, live_portal: LivePortal, function: str, *, transacts: bool = False, reads_all: bool = False
    ) -> None:
        self._transacts, self._reads_all = transacts, reads_all
        self._address = live_portal.portal.address
        self._variables = live_portal.portal.functions[function]
        self._root = live_portal.portal.address.client
        self._clients: dict[str, Any] = {}

    def may(self, action: str, resource: str) -> bool:
        """Return True if IAM allows the action. The action itself fails for another reason."""
        service, operation = action.split(":")
        acts: dict[str, Callable[[str, str], None]] = {
            "dynamodb": self._keep,
            "sqs": self._queue,
            "secretsmanager": self._know,
            "ses": self._mail,
            "kms": self._open,
        }
        try:
            acts[service](operation, resource)
        except ClientError as error:
            return error.response["Error"]["Code"] not in DENIED
        return True

    def _keep(self, operation: str, table: str) -> None:
        key = {part["AttributeName"]: {"S": NO_SUCH} for part in TABLES[table]["KeySchema"]}
        never = {"ConditionExpression": "attribute_exists(nowhere)"}
        named: dict[str, Any] = {"TableName": table}
        arguments_by_operation: dict[str, dict[str, Any]] = {
            "GetItem": named | {"Key": key} | self._projection(key),
            "BatchGetItem": {"RequestItems": {table: {"Keys": [key]}}},
            "PutItem": named | {"Item": key} | never,
            "UpdateItem": named | {"Key": key} | never,
            "DeleteItem": named | {"Key": key} | never,
            "Query": named | {"KeyConditions": {name: EQUALS | {"AttributeValueList": [key[name]]} for name in key}},
            "Scan": named | {"Limit": 1},
        }
        if self._transacts:
            item = {"TransactItems": [{operation.removesuffix("Item"): arguments_by_operation[operation]}]}
            self._call("dynamodb", f"Transact{'Get' if operation == 'GetItem' else 'Write'}Items", item)
        else:
            self._call("dynamodb", operation, arguments_by_operation[operation])

    def _projection(self, key: dict[str, Any]) -> dict[str, Any]:
        """Return the arguments that ask for the key alone, or for everything if `reads_all`."""
        if self._reads_all:
            return {}
        names = {f"#{number}": name for number, name in enumerate(key)}
        return {"ProjectionExpression": ", ".join(names), "ExpressionAttributeNames": names}

    def _queue(self, operation: str, queue: str) -> None:
        url = self._root("sqs").get_queue_url(QueueName=queue)["QueueUrl"]
        arguments_by_operation: dict[str, dict[str, Any]] = {
            "SendMessage": {"MessageBody": ""},  # SQS refuses an empty body
            "ReceiveMessage": {"VisibilityTimeout": 0, "MaxNumberOfMessages": 99},  # SQS refuses so high a number
            "DeleteMessage": {"ReceiptHandle": NO_SUCH},
            "GetQueueAttributes": {},
            "PurgeQueue": {},
        }
        self._call("sqs", operation, {"QueueUrl": url} | arguments_by_operation[operation])

    def _know(self, operation: str, secret: str) -> None:
        value = {"SecretString": ""} if operation == "PutSecretValue" else {}
        self._call("secretsmanager", operation, {"SecretId": secret} | value)

    def _mail(self, operation: str, _: str) -> None:
        self._call("sesv2", operation, {"FromEmailAddress": NO_SUCH, "Content": {}})

    def _open(self, operation: str, _: str) -> None:
        (key,) = self._root("kms").list_keys()["Keys"]
        arguments_by_operation = (
            {"CiphertextBlob": NO_SUCH.encode()} if operation == "Decrypt" else {"KeySpec": "AES_256"}
        )
        self._call("kms", operation, {"KeyId": key["KeyId"]} | arguments_by_operation)

    def _call(self, service: str, operation: str, arguments: dict[str, Any]) -> None:
        if service not in self._clients:
            self._clients[service] = boto3.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._address.endpoint,
                region_name=REGION,
                aws_access_key_id=self._variables["AWS_ACCESS_KEY_ID"],
                aws_secret_access_key=self._variables["AWS_SECRET_ACCESS_KEY"],
                aws_session_token=self._variables["AWS_SESSION_TOKEN"],
                config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
            )
        self._clients[service]._make_api_call(operation, arguments)  # noqa: SLF001 - its name is what we have


WORK: dict[tuple[str, str], set[str]] = {
    ("dynamodb:GetItem", "Pins"): {"Pin", "Admin", "Console", "Machine", "ProbeBackend"},
    ("dynamodb:PutItem", "Pins"): {"Admin", "Console", "ProbeBackend"},
    ("dynamodb:UpdateItem", "Pins"): {"Pin"},
    ("dynamodb:BatchGetItem", "Links"): {
        *("RequestLink", "RedeemLink", "Session", "Pin", "GoogleCallback", "App"),
        *("Admin", "Console", "Machine", "ProbeBackend", "ImportClients"),
    },
    # Each role names the attributes that it may write.
    ("dynamodb:UpdateItem", "Links"): {
        *("RedeemLink", "SendMail", "Session", "Pin", "GoogleCallback", "App"),
        *("Admin", "Console", "Machine"),
    },
    ("dynamodb:PutItem", "Links"): set(),
    ("dynamodb:DeleteItem", "Links"): set(),
    ("dynamodb:UpdateItem", "States"): {"GoogleCallback", "App"},
    ("dynamodb:PutItem", "States"): {"GoogleCallback"},
    ("dynamodb:GetItem", "Clients"): {"Admin", "Console", "Machine", "Session", "ProbeBackend", "ImportClients"},
    ("dynamodb:UpdateItem", "Members"): {"Admin", "Console"},
    ("dynamodb:UpdateItem", "Practices"): {"Admin", "Console"},
    ("dynamodb:Query", "Events"): {"Admin", "Console", "Machine"},
    ("dynamodb:GetItem", "Events"): set(),
    ("dynamodb:UpdateItem", "Events"): set(),
    ("dynamodb:DeleteItem", "Events"): set(),
    ("dynamodb:DeleteItem", "Accounts"): set(),
    ("sqs:SendMessage", "NoticeQueue"): {"SendNotice"},
    ("sqs:ReceiveMessage", "NoticeQueue"): {"SendNotice"},
    ("secretsmanager:GetSecretValue", "LinkKey"): {"RedeemLink", "SendMail"},
    ("secretsmanager:GetSecretValue", "PinPepper"): {"Pin", "Admin", "Console", "ProbeBackend"},
    ("secretsmanager:GetSecretValue", "GoogleSecret"): {"GoogleCallback"},
    ("secretsmanager:GetSecretValue", "ConsoleSecret"): {"Console"},
    ("dynamodb:GetItem", "StaffSessions"): {"Console"},
    ("dynamodb:PutItem", "StaffSessions"): {"Console"},
    ("dynamodb:UpdateItem", "StaffSessions"): {"Console"},
    ("dynamodb:DeleteItem", "StaffSessions"): {"Console"},
    # tokens, and the time of the newest one; the attributes of credentials themselves are not among those it writes
    ("dynamodb:PutItem", "Integrations"): {"Admin", "Console", "Machine", "PublishEvents"},
    ("dynamodb:GetItem", "Integrations"): {"Admin", "Console", "DeliverWebhooks"},
    ("dynamodb:DeleteItem", "Integrations"): {"Admin", "Console"},
    ("sqs:SendMessage", "WebhookQueue"): {"PublishEvents", "DeliverWebhooks"},
    ("sqs:ReceiveMessage", "WebhookQueue"): {"DeliverWebhooks"},
    ("dynamodb:PutItem", "Imports"): {"Admin", "Console", "Machine"},
    ("dynamodb:UpdateItem", "Imports"): {"Admin", "Console", "Machine", "ImportClients"},
    ("sqs:SendMessage", "ImportQueue"): {"Admin", "Console", "Machine", "ImportClients"},
    ("sqs:ReceiveMessage", "ImportQueue"): {"ImportClients"},
    ("sqs:SendMessage", "MailQueue"): {
        *("RequestLink", "SendMail", "Admin", "Console", "Machine", "ProbeBackend", "ImportClients")
    },
    ("sqs:ReceiveMessage", "MailQueue"): {"SendMail"},
    ("sqs:ReceiveMessage", "DeadMail"): set(),
    ("ses:SendEmail", "identity"): {"SendMail", "SendNotice"},
    ("kms:Decrypt", "DataKey"): set(),
    ("kms:GenerateDataKey", "DataKey"): set(),
    # An operator lists all practices of the stack.
    ("dynamodb:Scan", "Practices"): {"Admin", "Console"},
} | {("dynamodb:Scan", table): set() for table in TABLES if table != "Practices"}
"""The functions that need an action. IAM refuses it to all others, whatever the template says."""


@pytest.fixture(scope="module")
def hands(place: LivePortal) -> dict[str, Hand]:
    """Return the role of every function."""
    return {function: Hand(place, function) for function in FUNCTIONS}


@pytest.mark.parametrize(("act", "workers"), WORK.items(), ids=map(" ".join, WORK))
def test_a_function_that_is_called_for_another_function_is_denied(
    hands: dict[str, Hand], act: tuple[str, str], workers: set[str]
) -> None:
    assert {function for function, hand in hands.items() if hand.may(*act)} == workers


def test_home_reads_the_items_of_a_client_and_nothing_else_of_the_record(place: LivePortal) -> None:
    assert not Hand(place, "Session", reads_all=True).may("dynamodb:GetItem", "Clients")
    assert Hand(place, "Admin", reads_all=True).may("dynamodb:GetItem", "Clients")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_may_do_what_its_role_names_and_nothing_more(hands: dict[str, Hand], function: str) -> None:
    assert {act for act in EVERY if hands[function].may(*act)} == sam_template.permissions(function) & EVERY


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_transaction_lets_it_do_no_more(place: LivePortal, function: str) -> None:
    hand = Hand(place, function, transacts=True)
    kinds = {f"dynamodb:{operation}" for operation in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")}
    every = {act for act in EVERY if act[0] in kinds}

    # The condition on the attributes of a client or an account is met by GetItem alone.
    narrower_by_function = {
        "Session": {("dynamodb:GetItem", "Clients"), ("dynamodb:GetItem", "Members")},
        "PublishEvents": {("dynamodb:GetItem", "Accounts")},
    }
    narrower = narrower_by_function.get(function, set())
    assert {act for act in every if hand.may(*act)} == (sam_template.permissions(function) & every) - narrower


INDEXES_AND_POOL = ("BySubject", "by-attention", "by-id", "by-support-code", "ClinicianPool")
"""Indexes and the pool. The tests of the clinicians' API and of notices use them by their own roles."""


def test_every_permission_of_a_role_is_tried() -> None:
    """Exceptions are permissions that ministack judges in another way. It does not check configuration sets, and it
    checks log permissions by group, where AWS checks streams. DataKey is used by AWS's services in the name of a role,
    never by the role directly.
    """
    allowed = {pair for function in FUNCTIONS for pair in sam_template.permissions(function)}
    logs = set(sam_template.resources("AWS::Logs::LogGroup"))

    assert {resource for _, resource in allowed - EVERY} - logs == {
        "ConfigurationSet",
        "DataKey",
        "EventBus",
        "EventsStream",
        *INDEXES_AND_POOL,
        *("ProbeBackend", "*"),  # a function and the answer to a deployment: tests/probe
    }
