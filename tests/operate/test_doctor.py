"""`doctor` and `preflight`: each fault is found and has a way to fix it, and a stack in order has none."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any, ClassVar

import boto3
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest
from botocore import xform_name

from operate import backup_checks
from tests.kit import sam_template
from tests.operate.aws_in_order import CERTIFICATE, DOMAIN, copied, in_order, parameters, recovery, stack
from tests.operate.canned import Responses, answer, refused
from tests.operate.conftest import NAME, Deployed, Operate
from tests.operate.name_servers import name_server

DOCUMENT = (sam_template.PROJECT / "docs" / "doctor.md").read_text()
SERVICES = "apigatewayv2|backup|cloudwatch|dynamodb|kms|lambda|service-quotas|sesv2"
STATUSES = {"/admin/v1/practices": 401, "/doctor/unknown": 404}


class Portal(BaseHTTPRequestHandler):
    """A portal whose pages have the statuses that a test wants."""

    statuses: ClassVar[dict[str, int]] = {}

    def do_GET(self) -> None:
        """Answer without a body."""
        self.send_response(self.statuses.get(self.path, 200))
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def portal(statuses: dict[str, int]) -> Iterator[str]:
    """A running portal, by its origin."""
    handler = type("Handler", (Portal,), {"statuses": statuses})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def entered() -> Iterator[dns.resolver.Resolver]:
    """A resolver that finds a DMARC record of the sender's domain."""
    with name_server({f"_dmarc.{DOMAIN}": ["v=DMARC1; p=quarantine"]}) as resolver:
        yield resolver


@pytest.fixture(autouse=True)
def _dns(entered: dns.resolver.Resolver, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no test ask the internet."""
    monkeypatch.setattr(dns.resolver, "default_resolver", entered)


SES = in_order("")["GetAccount"]
IDENTITY = in_order("")["GetEmailIdentity"]
FAULTS: list[tuple[str, str, Any]] = [
    ("stack", "DescribeStacks", {"StackStatus": "UPDATE_ROLLBACK_COMPLETE"}),
    ("stack", "DescribeStacks", {"StackStatus": "UPDATE_IN_PROGRESS"}),
    ("protection", "DescribeStacks", {"EnableTerminationProtection": False}),
    ("protection", "GetStackPolicy", {}),
    ("protection", "GetStackPolicy", {"StackPolicyBody": '{"Statement": []}'}),
    ("lambda-quota", "GetAccountSettings", {"AccountLimit": {"ConcurrentExecutions": 10}}),
    ("concurrency", "GetFunctionConcurrency", {"ReservedConcurrentExecutions": 0}),
    ("concurrency", "DescribeStacks", {"Parameters": parameters(Concurrency="reserved")}),
    ("ses-sandbox", "GetAccount", SES | {"ProductionAccessEnabled": False}),
    ("ses-sending", "GetAccount", SES | {"EnforcementStatus": "SHUTDOWN"}),
    ("ses-sending", "GetAccount", SES | {"SendingEnabled": False}),
    ("ses-rate", "GetAccount", SES | {"SendQuota": {"MaxSendRate": 1.0}}),
    ("dkim", "GetEmailIdentity", IDENTITY | {"DkimAttributes": {"Status": "PENDING"}}),
    ("dkim", "GetEmailIdentity", IDENTITY | {"VerifiedForSendingStatus": False}),
    ("mail-from", "GetEmailIdentity", IDENTITY | {"MailFromAttributes": {}}),
    (
        "mail-from",
        "GetEmailIdentity",
        IDENTITY | {"MailFromAttributes": {"MailFromDomain": "b.x", "MailFromDomainStatus": "FAILED"}},
    ),
    ("mail-reports", "GetConfigurationSetEventDestinations", {"EventDestinations": []}),
    ("mail-loop", "GetFunctionRecursionConfig", {"RecursiveLoop": "Terminate"}),
    ("dead-mail", "GetQueueAttributes", {"Attributes": {"ApproximateNumberOfMessages": "2"}}),
    (
        "alarm-recipients",
        "ListSubscriptionsByTopic",
        {"Subscriptions": [{"Endpoint": "a@b", "SubscriptionArn": "PendingConfirmation"}]},
    ),
    ("alarm-recipients", "ListSubscriptionsByTopic", {"Subscriptions": []}),
    ("alarms", "DescribeAlarms", {"MetricAlarms": []}),
    (
        "alarms",
        "DescribeAlarms",
        {"MetricAlarms": [{"AlarmName": "latchkey/probe", "StateValue": "ALARM", "ActionsEnabled": True}]},
    ),
    (
        "alarms",
        "DescribeAlarms",
        {"MetricAlarms": [{"AlarmName": "latchkey/probe", "StateValue": "OK", "ActionsEnabled": False}]},
    ),
    (
        "alarm-delivery",
        "DescribeAlarmHistory",
        {"AlarmHistoryItems": [{"AlarmName": "latchkey/probe", "HistorySummary": "Failed to execute action arn"}]},
    ),
    ("data-key", "DescribeKey", {"KeyMetadata": {"KeyState": "PendingDeletion"}}),
    ("data-key", "GetKeyRotationStatus", {"KeyRotationEnabled": False}),
    ("backups", "DescribeContinuousBackups", recovery(PointInTimeRecoveryStatus="DISABLED")),
    ("backups", "DescribeContinuousBackups", recovery(RecoveryPeriodInDays=34)),
    (
        "backups",
        "DescribeContinuousBackups",
        recovery(LatestRestorableDateTime=datetime.now(UTC) - timedelta(hours=2)),
    ),
    ("copies", "DescribeRegionSettings", {"ResourceTypeOptInPreference": {"DynamoDB": False}}),
    ("copies", "DescribeRegionSettings", {"ResourceTypeManagementPreference": {"DynamoDB": False}}),
    (
        "copies",
        "ListRecoveryPointsByBackupVault",
        refused("ResourceNotFoundException", "ListRecoveryPointsByBackupVault"),
    ),
    ("copies", "ListRecoveryPointsByBackupVault", {"RecoveryPoints": []}),
    (
        "copies",
        "ListRecoveryPointsByBackupVault",
        {"RecoveryPoints": [copied(name, hours=14) for name in backup_checks.RETAINED]},
    ),
    (
        "copies",
        "ListCopyJobs",
        lambda _: {"CopyJobs": [copied("Events", hours=0.5, State="FAILED", StatusMessage="No key.")]},
    ),
    ("copies", "ListBackupJobs", lambda _: {"BackupJobs": [copied("Events", hours=0.5, State="EXPIRED")]}),
    ("operators", "Query", {"Count": 0}),
    ("throttles", "GetStages", {"Items": [{}]}),
    ("canary", "GetDeploymentGroup", {"deploymentGroupInfo": {"lastAttemptedDeployment": {"status": "Stopped"}}}),
    ("canary", "GetDeploymentGroup", {"deploymentGroupInfo": {"lastAttemptedDeployment": {"status": "InProgress"}}}),
    (
        "certificate",
        "DescribeCertificate",
        {"Certificate": {"Status": "ISSUED", "NotAfter": datetime.now(UTC) + timedelta(days=29)}},
    ),
    ("certificate", "DescribeCertificate", {"Certificate": {"Status": "PENDING_VALIDATION"}}),
]


def examine(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, changes: Responses, statuses: dict[str, int] | None = None
) -> tuple[int, list[str]]:
    """The exit code of `doctor`, and its lines about what is not in order."""
    with portal(STATUSES | (statuses or {})) as origin:
        responses = in_order(origin)
        for operation, change in changes.items():
            is_stack = operation == "DescribeStacks"
            responses[operation] = {"Stacks": [responses[operation]["Stacks"][0] | change]} if is_stack else change
        answer(monkeypatch, responses)
        code, out, _ = operate("doctor", "--stack", "latchkey")
    return code, [line for line in out.splitlines() if not line.startswith(("ok", "All"))]


def test_a_stack_in_order_needs_nobody(monkeypatch: pytest.MonkeyPatch, operate: Operate) -> None:
    assert examine(monkeypatch, operate, {}) == (0, [])


def unknown_to_aws(line: str) -> list[str]:
    """Return what a line tells to type and the AWS command line does not have: operations and options."""
    unknown = []
    for service, operation, text in re.findall(
        rf"\b({SERVICES}) ([a-z]+(?:-[a-z]+)+)((?: --?[^ ]+(?: [^ -]\S*)?)*)", line
    ):
        model = boto3.client(service, region_name="us-east-1").meta.service_model
        known = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
        if operation not in known:
            unknown.append(operation)
            continue
        options = {option.removeprefix("no-") for option in re.findall(r"--([a-z-]+)", text)}
        unknown += sorted(options - {xform_name(name, "-") for name in known[operation].input_shape.members})
    return unknown


def test_a_command_that_aws_does_not_have_is_found() -> None:
    assert unknown_to_aws("Type kms enable-key --key-id 1, or kms enable-it, or kms enable-key --key 1.") == [
        "enable-it",
        "key",
    ]


@pytest.mark.parametrize(("check", "operation", "response"), FAULTS)
def test_each_fault_is_one_line_with_the_way_to_mend_it(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, check: str, operation: str, response: Any
) -> None:
    code, lines = examine(monkeypatch, operate, {operation: response})

    assert code == 2
    (line,) = lines
    assert line.startswith(f"FAULT   {check}: ")
    assert line.endswith(f"(docs/doctor.md#{check})")
    assert line.count(". ") >= 1, "facts, then what to do"
    assert unknown_to_aws(line) == []


@pytest.mark.parametrize(
    "statuses", [{"/portal-probe": 503}, {"/healthz": 403}, {"/admin/v1/practices": 200}, {"/doctor/unknown": 500}]
)
def test_a_route_that_does_not_answer_is_found(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, statuses: dict[str, int]
) -> None:
    code, (line,) = examine(monkeypatch, operate, {}, statuses)

    assert code == 2
    assert line.startswith("FAULT   routes: 1 of 4 routes: ")


def test_an_api_that_answers_by_a_second_address_is_found(monkeypatch: pytest.MonkeyPatch, operate: Operate) -> None:
    with portal({}) as other:
        outputs = [*stack()["Stacks"][0]["Outputs"], {"OutputKey": "ApiEndpoint", "OutputValue": other}]
        change = {"Parameters": parameters(PortalOrigin="https://portal.example.com"), "Outputs": outputs}
        _, lines = examine(monkeypatch, operate, {"DescribeStacks": change})

    assert any(line.startswith("FAULT   own-address: ") for line in lines)


def test_what_may_not_be_read_is_unknown_and_the_rest_is_still_checked(
    monkeypatch: pytest.MonkeyPatch, operate: Operate
) -> None:
    code, (line,) = examine(monkeypatch, operate, {"DescribeKey": refused("AccessDenied", "DescribeKey")})

    assert code == 2
    assert line.startswith("unknown data-key: ")


def test_a_real_stack_is_examined_and_left_as_it_is(deployed: Deployed, operate: Operate) -> None:
    """On ministack, with the template's tables and keys, and without its functions and its API."""
    before = deployed.items("Members")
    for table in ("Practices", "Members", "Clients", "Accounts", "Events"):
        recovery = {"PointInTimeRecoveryEnabled": table != "Events"}
        deployed.client("dynamodb").update_continuous_backups(
            TableName=deployed.names[table], PointInTimeRecoverySpecification=recovery
        )
    code, out, _ = operate("doctor", "--stack", NAME)

    assert code == 2
    states = {line[8:].partition(":")[0]: line[:7].strip() for line in out.splitlines()}
    assert "FAULT   backups: Events cannot be restored to a time." in out
    assert (states["data-key"], states["stack"]) == ("ok", "ok")
    assert (states["operators"], states["alarm-recipients"], states["alarms"]) == ("FAULT", "FAULT", "FAULT")
    assert states["routes"] == "unknown"
    assert deployed.items("Members") == before


# ── before the first deployment ──

ARGUMENTS = ("preflight", "--stack", "latchkey", "--domain", DOMAIN, "--certificate", CERTIFICATE)


def ready() -> Responses:
    """Return AWS's responses about an account that is ready."""
    known = in_order("")
    return {
        "GetCallerIdentity": {"Account": "123456789012", "Arn": "arn:aws:sts::123456789012:assumed-role/admin/me"},
        "DescribeStacks": refused("ValidationError", "DescribeStacks"),
        "GetEmailIdentity": refused("NotFoundException", "GetEmailIdentity"),
        **{name: known[name] for name in ("GetAccountSettings", "GetAccount", "DescribeCertificate")},
    }


def test_an_account_that_is_ready_needs_nobody(monkeypatch: pytest.MonkeyPatch, operate: Operate) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/python3.13")
    answer(monkeypatch, ready())

    assert operate(*ARGUMENTS)[0] == 0


@pytest.mark.parametrize(
    ("check", "operation", "response"),
    [
        ("credentials", "GetCallerIdentity", {"Account": "1", "Arn": "arn:aws:iam::1:root"}),
        ("stack-name", "DescribeStacks", {"Stacks": [{"StackStatus": "ROLLBACK_FAILED"}]}),
        ("mail-identity", "GetEmailIdentity", IDENTITY),
        *(fault for fault in FAULTS if fault[0] in ("lambda-quota", "ses-sandbox", "ses-sending", "certificate")),
    ],
)
def test_what_would_stop_a_first_deployment_is_found(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, check: str, operation: str, response: Any
) -> None:
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/python3.13")
    answer(monkeypatch, ready() | {operation: response})
    code, out, _ = operate(*ARGUMENTS)

    assert code == 2
    (line,) = (line for line in out.splitlines() if not line.startswith("ok"))
    assert line.startswith(f"FAULT   {check}: ")


def test_a_machine_without_the_functions_python_is_found(monkeypatch: pytest.MonkeyPatch, operate: Operate) -> None:
    monkeypatch.setattr("shutil.which", lambda _: None)
    answer(monkeypatch, ready())

    assert "FAULT   python: " in operate(*ARGUMENTS)[1]


def test_each_check_has_its_paragraph_and_each_paragraph_its_check(
    monkeypatch: pytest.MonkeyPatch, operate: Operate
) -> None:
    answer(monkeypatch, in_order("http://127.0.0.1:9"))
    out = operate("doctor", "--stack", "latchkey")[1]
    answer(monkeypatch, ready())
    out += operate(*ARGUMENTS)[1]
    names = {line[8:].partition(":")[0] for line in out.splitlines() if line[:7].strip() in ("ok", "FAULT", "unknown")}

    assert set(re.findall(r"^### (\S+)$", DOCUMENT, re.MULTILINE)) == names
