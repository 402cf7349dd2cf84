"""AWS's answers about a stack in which all is well."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from operate import backup_checks, state
from tests.operate.canned import Responses

DOMAIN = "example.com"
TOPIC = "arn:aws:sns:us-east-1:123456789012:alarms"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"
VAULT = "arn:aws:backup:eu-west-1:123456789012:backup-vault:latchkey-copies"
ROUTES = ("ANY /{practice}", "ANY /admin/v1/practices", "ANY /healthz", "$default")


def recovery(**fields: Any) -> dict[str, Any]:
    """Return a table's point-in-time recovery, with other fields."""
    now = datetime.now(UTC)
    found = {"PointInTimeRecoveryStatus": "ENABLED", "RecoveryPeriodInDays": 35, "LatestRestorableDateTime": now}
    return {"ContinuousBackupsDescription": {"PointInTimeRecoveryDescription": found | fields}}


def table_arn(name: str) -> str:
    """Return the ARN of a table."""
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{name}"


def copied(table: str, *, hours: float = 1, **fields: Any) -> dict[str, Any]:
    """Return a copy of a table, or a job about it, that is some hours old. The table is a logical id."""
    then = datetime.now(UTC) - timedelta(hours=hours)
    return {"ResourceArn": table_arn(f"the-{table}"), "CreationDate": then, "Status": "COMPLETED"} | fields


def in_order(origin: str) -> Responses:
    """Return AWS's responses about a stack in which all is well."""
    parameters = {
        "SenderDomain": DOMAIN,
        "MailWorkers": "2",
        "Concurrency": "shared",
        "CertificateArn": CERTIFICATE,
        "AlarmTopicArn": "",
        "CopyVaultArn": VAULT,
        "CopyHours": "6",
    }
    outputs = {"PortalUrl": f"{origin}/{{practice}}", "AlarmsTopicArn": TOPIC}
    return {
        "DescribeStacks": {
            "Stacks": [
                {
                    "StackStatus": "UPDATE_COMPLETE",
                    "EnableTerminationProtection": True,
                    "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()],
                    "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in outputs.items()],
                }
            ]
        },
        "DescribeStackResource": lambda params: {
            "StackResourceDetail": {"PhysicalResourceId": f"the-{params['body']['LogicalResourceId']}"}
        },
        "GetStackPolicy": {"StackPolicyBody": json.dumps(state.policy(state.read_template()))},
        "GetAccountSettings": {"AccountLimit": {"ConcurrentExecutions": 1000}},
        "GetFunctionConcurrency": {},
        "GetFunctionRecursionConfig": {"RecursiveLoop": "Allow"},
        "GetAccount": {
            "ProductionAccessEnabled": True,
            "SendingEnabled": True,
            "EnforcementStatus": "HEALTHY",
            "SendQuota": {"MaxSendRate": 14.0},
        },
        "GetEmailIdentity": {
            "VerifiedForSendingStatus": True,
            "DkimAttributes": {"Status": "SUCCESS"},
            "MailFromAttributes": {"MailFromDomain": f"bounce.{DOMAIN}", "MailFromDomainStatus": "SUCCESS"},
        },
        "GetConfigurationSetEventDestinations": {
            "EventDestinations": [
                {
                    "Enabled": True,
                    "EventBridgeDestination": {},
                    "MatchingEventTypes": ["DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"],
                }
            ]
        },
        "GetQueueAttributes": {"Attributes": {"ApproximateNumberOfMessages": "0"}},
        "ListSubscriptionsByTopic": {"Subscriptions": [{"Endpoint": "on-call@example.com", "SubscriptionArn": TOPIC}]},
        "DescribeAlarms": {
            "MetricAlarms": [{"AlarmName": "latchkey/probe", "StateValue": "OK", "ActionsEnabled": True}]
        },
        "DescribeAlarmHistory": {"AlarmHistoryItems": []},
        "DescribeKey": {"KeyMetadata": {"KeyState": "Enabled"}},
        "GetKeyRotationStatus": {"KeyRotationEnabled": True},
        "DescribeContinuousBackups": recovery(),
        "DescribeTable": lambda params: {"Table": {"TableArn": table_arn(json.loads(params["body"])["TableName"])}},
        "DescribeRegionSettings": {"ResourceTypeOptInPreference": {"DynamoDB": True}},
        "ListRecoveryPointsByBackupVault": {"RecoveryPoints": [copied(name) for name in backup_checks.RETAINED]},
        "ListBackupJobs": {"BackupJobs": []},
        "ListCopyJobs": {"CopyJobs": []},
        "Query": {"Count": 1},
        "GetStages": {"Items": [{"DefaultRouteSettings": {"ThrottlingRateLimit": 100.0, "ThrottlingBurstLimit": 100}}]},
        "GetRoutes": {"Items": [{"RouteKey": key} for key in ROUTES]},
        "ListDeploymentGroups": {"deploymentGroups": ["RequestLink"]},
        "GetDeploymentGroup": {"deploymentGroupInfo": {"lastAttemptedDeployment": {"status": "Succeeded"}}},
        "DescribeCertificate": {
            "Certificate": {"Status": "ISSUED", "NotAfter": datetime.now(UTC) + timedelta(days=200)}
        },
    }


def stack(**fields: Any) -> dict[str, Any]:
    """The description of a stack with other fields."""
    return {"Stacks": [in_order("https://portal.example.com")["DescribeStacks"]["Stacks"][0] | fields]}


def parameters(**given: str) -> list[dict[str, str]]:
    """The parameters of a stack, with other values."""
    base = {one["ParameterKey"]: one["ParameterValue"] for one in stack()["Stacks"][0]["Parameters"]}
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in (base | given).items()]
