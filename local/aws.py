"""AWS on this machine: ministack with the resources that the template declares, and each function's IAM role."""

import asyncio
import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from local import processes
from local.sam_template import ACCOUNT, REGION, Template, function_arn

ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": REGION}
"""Credentials of ministack's root user, without any restriction."""


SERVER_OPTIONS = (
    *("--http", "httptools", "--loop", "asyncio"),
    *("--log-level", "warning", "--no-access-log"),
    *("--timeout-keep-alive", "75", "--timeout-graceful-shutdown", "1"),
    *("--no-date-header", "--no-server-header"),
)
"""Options of uvicorn. Clients keep connections open for as long as ministack's own server does.

ministack has a `Date` of its own. A second one would make responses unusual for our transport, which then takes a
slower parser.
"""

TABLE_SETTINGS = ("AttributeDefinitions", "KeySchema", "BillingMode", "GlobalSecondaryIndexes")
"""Properties of a table that are used on one machine."""
POOL_SETTINGS = ("AdminCreateUserConfig", "Policies", "UsernameAttributes")
"""Properties of a user pool that are used on one machine."""


@dataclass(frozen=True, slots=True)
class Address:
    """The URLs of AWS on this machine."""

    endpoint: str
    dynamodb: str
    """URL of DynamoDB: the same endpoint, or that of DynamoDB Local."""

    def client(self, service: Any, config: Config | None = None) -> Any:
        """Return a boto3 client with root credentials. It is the same one each time."""
        return _client(service, self.dynamodb if service in ("dynamodb", "dynamodbstreams") else self.endpoint, config)


@cache
def _client(service: Any, url: str, config: Config | None) -> Any:
    """Return a boto3 client. Creating one takes longer than several calls."""
    return boto3.client(
        service,
        config=config,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ROOT["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=ROOT["AWS_SECRET_ACCESS_KEY"],
    )


async def start_ministack(python: Path, state: Path, log: Path) -> tuple[asyncio.subprocess.Process, str]:
    """Start ministack on a free port, with its state in the folder `state`.

    Return the process and its URL as soon as it answers.

    :raises RuntimeError: it does not answer.
    """
    port = processes.free_port()
    environment = {
        **ROOT,
        "PATH": os.defpath,
        "AUTH": "true",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "LOG_LEVEL": "WARNING",
        "STATE_DIR": str(state / "ministack"),
        "S3_DATA_DIR": str(state / "s3"),
        "TMPDIR": str(state),
    }
    address = ("--host", "127.0.0.1", "--port", str(port))
    application = ("--app-dir", Path(__file__).parent.parent, "local.ministack_app:app")
    command: list[str | Path] = [python, "-m", "uvicorn", *application, *address, *SERVER_OPTIONS]
    process = await processes.start(command, environment, log, state)
    endpoint = f"http://127.0.0.1:{port}"
    await processes.wait_until_ready(f"{endpoint}/_ministack/health", process)
    return process, endpoint


async def start_dynamodb_local(jar: Path, state: Path, log: Path) -> tuple[asyncio.subprocess.Process, str]:
    """Start AWS's DynamoDB Local on a free port, in memory.

    Return the process and its URL as soon as it answers.

    :raises RuntimeError: it does not answer.
    """
    port = processes.free_port()
    command = [
        "java",
        # in the minutes that it runs, the second compiler and parallel collection cost more than they save
        *("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"),
        f"-Djava.io.tmpdir={state}",
        f"-Djava.library.path={jar.parent / 'DynamoDBLocal_lib'}",
        *("-jar", str(jar), "-inMemory", "-sharedDb", "-disableTelemetry", "-port", str(port)),
    ]
    environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(state)}
    process = await processes.start(command, environment, log, state)
    endpoint = f"http://127.0.0.1:{port}"
    await processes.wait_until_ready(endpoint, process)
    return process, endpoint


def create(template: Template, address: Address) -> None:
    """Create the resources that the template declares. Register their names, so that references can be resolved."""
    _create_keys(template, address)
    _create_secrets(template, address)
    _create_tables(template, address)
    _create_queues(template, address)
    _create_mail(template, address)
    _create_event_buses(template, address)
    _create_user_pools(template, address)
    for logical_id in template.resources("AWS::Logs::LogGroup"):
        arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{logical_id}:*"
        template.names.name(logical_id, Ref=logical_id, Arn=arn)
    for logical_id in template.resources("AWS::AppConfig::HostedConfigurationVersion"):
        template.names.name(logical_id, Ref="1")
    # A role may name a function that it invokes, or the deployments of functions.
    for logical_id in template.resources("AWS::Lambda::Function"):
        template.names.name(logical_id, Ref=logical_id, Arn=function_arn(logical_id))
    for logical_id in template.resources("AWS::CodeDeploy::Application"):
        template.names.name(logical_id, Ref=logical_id)
    _create_roles(template, address)


def issuers(template: Template, address: Address) -> dict[str, str]:
    """Return the URL of each user pool's OpenID documents on this machine, by the pool's issuer."""
    urls = {}
    for logical_id in template.resources("AWS::Cognito::UserPool"):
        issuer = template.names.resolve({"Fn::GetAtt": [logical_id, "ProviderURL"]})
        urls[issuer] = f"{address.endpoint}/{template.names.resolve({'Ref': logical_id})}"
    return urls


def put_secret(template: Template, address: Address, logical_id: str, value: str) -> None:
    """Write a value into a secret of the template. After a deployment, a person does this by hand."""
    name = template.names.resolve({"Ref": logical_id})
    address.client("secretsmanager").put_secret_value(SecretId=name, SecretString=value)


def role_variables(role: str, address: Address) -> dict[str, str]:
    """Return a role's credentials as environment variables, as Lambda sets them. They are valid for 12 hours."""
    sts = address.client("sts")
    credentials = sts.assume_role(RoleArn=role, RoleSessionName="lambda", DurationSeconds=12 * 3600)["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": credentials["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": credentials["SecretAccessKey"],
        "AWS_SESSION_TOKEN": credentials["SessionToken"],
    }


def _create_keys(template: Template, address: Address) -> None:
    for logical_id in template.resources("AWS::KMS::Key"):
        key = address.client("kms").create_key(Description=logical_id)["KeyMetadata"]
        template.names.name(logical_id, Ref=key["KeyId"], Arn=key["Arn"])


def _create_secrets(template: Template, address: Address) -> None:
    secrets = address.client("secretsmanager")
    for logical_id, properties in template.resources("AWS::SecretsManager::Secret").items():
        options = dict(properties["GenerateSecretString"])
        document, key = options.pop("SecretStringTemplate", None), options.pop("GenerateStringKey", None)
        value = secrets.get_random_password(**options)["RandomPassword"]
        if document and key:
            value = json.dumps(json.loads(document) | {key: value})
        template.names.name(logical_id, Ref=secrets.create_secret(Name=logical_id, SecretString=value)["ARN"])


def _create_tables(template: Template, address: Address) -> None:
    dynamodb = address.client("dynamodb")
    for logical_id, properties in template.resources("AWS::DynamoDB::Table").items():
        resolved = template.names.resolve(properties)
        settings = {key: resolved[key] for key in TABLE_SETTINGS if key in resolved}
        if stream := resolved.get("StreamSpecification"):
            settings["StreamSpecification"] = {"StreamEnabled": True, **stream}
        created = dynamodb.create_table(TableName=logical_id, **settings)["TableDescription"]
        if time_to_live := resolved.get("TimeToLiveSpecification"):
            dynamodb.update_time_to_live(TableName=logical_id, TimeToLiveSpecification=time_to_live)
        arn = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{logical_id}"
        stream_arn = created.get("LatestStreamArn", f"{arn}/stream/none")
        template.names.name(logical_id, Ref=logical_id, Arn=arn, StreamArn=stream_arn)


def _create_queues(template: Template, address: Address) -> None:
    sqs = address.client("sqs")
    queues = template.resources("AWS::SQS::Queue")
    for logical_id in sorted(queues, key=lambda name: "RedrivePolicy" in queues[name]):
        attributes = {
            key: value if isinstance(value, str) else json.dumps(value)
            for key, value in template.names.resolve(queues[logical_id]).items()
        }
        url = sqs.create_queue(QueueName=logical_id, Attributes=attributes)["QueueUrl"]
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{logical_id}"
        template.names.name(logical_id, Ref=url, Arn=arn, QueueName=logical_id)


def _create_event_buses(template: Template, address: Address) -> None:
    """Create the event buses, each with a rule that passes every event to a queue. `/local/tables.json` shows it."""
    events, sqs = address.client("events"), address.client("sqs")
    for logical_id, properties in template.resources("AWS::Events::EventBus").items():
        name = template.names.resolve(properties["Name"])
        arn = events.create_event_bus(Name=name)["EventBusArn"]
        template.names.name(logical_id, Ref=name, Arn=arn, Name=name)
        queue = f"{logical_id}Events"
        sqs.create_queue(QueueName=queue)
        pattern = json.dumps({"source": ["latchkey"]})
        events.put_rule(Name="local", EventBusName=name, EventPattern=pattern)
        target = {"Id": "local", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue}"}
        events.put_targets(Rule="local", EventBusName=name, Targets=[target])


def _create_mail(template: Template, address: Address) -> None:
    mail = address.client("sesv2")
    for logical_id in template.resources("AWS::SES::ConfigurationSet"):
        mail.create_configuration_set(ConfigurationSetName=logical_id)
        template.names.name(logical_id, Ref=logical_id)
    for properties in template.resources("AWS::SES::EmailIdentity").values():
        mail.create_email_identity(EmailIdentity=template.names.resolve(properties["EmailIdentity"]))


def _create_user_pools(template: Template, address: Address) -> None:
    cognito = address.client("cognito-idp")
    for logical_id, properties in template.resources("AWS::Cognito::UserPool").items():
        config = {key: value for key, value in template.names.resolve(properties).items() if key in POOL_SETTINGS}
        pool = cognito.create_user_pool(PoolName=logical_id, **config)["UserPool"]["Id"]
        arn = f"arn:aws:cognito-idp:{REGION}:{ACCOUNT}:userpool/{pool}"
        url = f"https://cognito-idp.{REGION}.amazonaws.com/{pool}"
        template.names.name(logical_id, Ref=pool, Arn=arn, ProviderURL=url)
        # The pool's issuer is AWS's own, which does not answer here.
        template.names.set_parameter(
            "ConsoleDiscoveryUrl", f"{address.endpoint}/{pool}/.well-known/openid-configuration"
        )
    for logical_id, properties in template.resources("AWS::Cognito::UserPoolResourceServer").items():
        cognito.create_resource_server(**template.names.resolve(properties))
        template.names.name(logical_id, Ref=properties["Identifier"])
    for logical_id, properties in template.resources("AWS::Cognito::UserPoolClient").items():
        resolved = {"ClientName": logical_id} | template.names.resolve(properties)
        client = cognito.create_user_pool_client(**resolved)
        template.names.name(logical_id, Ref=client["UserPoolClient"]["ClientId"])


def _create_roles(template: Template, address: Address) -> None:
    iam = address.client("iam")
    # In the template, Lambda may assume the roles. Here this process assumes them instead.
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"}}
        ],
    }
    for logical_id, properties in template.resources("AWS::IAM::Role").items():
        role = iam.create_role(
            RoleName=logical_id, AssumeRolePolicyDocument=json.dumps(trust), MaxSessionDuration=12 * 3600
        )
        for policy in template.names.resolve(properties).get("Policies", ()):
            iam.put_role_policy(
                RoleName=logical_id,
                PolicyName=policy["PolicyName"],
                PolicyDocument=json.dumps(_with_send_permission(policy["PolicyDocument"])),
            )
        template.names.name(logical_id, Ref=logical_id, Arn=role["Role"]["Arn"])


def _with_send_permission(policy: dict[str, Any]) -> dict[str, Any]:
    """Return the policy with the statement that ministack needs for SendEmail.

    ministack checks SendEmail against a resource that is literally named "*". The pattern "?" matches that name, and
    no resource of AWS, because it matches exactly one character.
    """
    sends = any(statement.get("Action") == "ses:SendEmail" for statement in policy["Statement"])
    extra = [{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "?"}] if sends else []
    return policy | {"Statement": [*policy["Statement"], *extra]}
