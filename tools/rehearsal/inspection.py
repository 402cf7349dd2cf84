"""Reads of a deployed stack that the scenario checks: alarms, logs, tables, keys."""

import json
import time

from archive import formats
from archive.storage import Archive
from latchkey import tokens
from latchkey.rules.refusals import LinkUnknown
from tools.rehearsal.errors import RehearsalError, expect
from tools.rehearsal.stacks import Stack

ALARMED = (
    ("AWS::Lambda::Function", "FunctionName", ("Errors", "Throttles")),
    ("AWS::DynamoDB::Table", "TableName", ("ReadThrottleEvents", "WriteThrottleEvents")),
)
"""Resources with alarms: type, dimension and metrics."""
PROBES = {"Probe", "ProbeBackend"}
"""Functions whose failure is a run of the probe that does not pass, which has an alarm of its own."""


def check_alarms(stack: Stack) -> int:
    """Check that alarms watch every deployed function and table by its name. Return the number of alarms.

    :raises RehearsalError: a function or table has no alarm, or an alarm watches something else.
    """
    pages = stack.address.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=stack.name)
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    watched: dict[tuple[str, str], set[str]] = {}
    for alarm in alarms:
        for dimension in alarm["Dimensions"]:
            watched.setdefault((alarm["MetricName"], dimension["Name"]), set()).add(dimension["Value"])
    for kind, dimension, metrics in ALARMED:
        deployed = {name for logical_id, name in stack.resources(kind).items() if logical_id not in PROBES}
        for metric in metrics:
            names = watched.get((metric, dimension), set())
            expect(names == deployed, f"{metric}: alarms watch {sorted(names)}, and deployed are {sorted(deployed)}")
    return len(alarms)


ARCHIVE_SECONDS = 90.0
"""Longest time for the last rows to reach the archive. The stream's mapping waits a minute for more."""


def wait_for_archive(stack: Stack) -> int:
    """Wait until the archive has a line for each row of the audit table. Return the number of rows.

    :raises RehearsalError: it has fewer lines after `ARCHIVE_SECONDS`.
    """
    archive = Archive(stack.outputs()["AuditArchive"], stack.address.client("s3"))
    deadline = time.monotonic() + ARCHIVE_SECONDS
    while True:
        rows = stack.address.client("dynamodb").scan(TableName=stack.resource("Events"), Select="COUNT")["Count"]
        objects = archive.objects(formats.ROWS).values()
        lines = {line for stored in objects for line in archive.read(stored).splitlines()}
        if len(lines) == rows:
            return len(lines)
        if time.monotonic() > deadline:
            raise RehearsalError(f"the archive has {len(lines)} lines, and the table {rows} rows")
        time.sleep(1)


def retention_days(stack: Stack) -> set[int]:
    """Return the days that the stack's log groups retain their logs."""
    names = stack.resources("AWS::Logs::LogGroup").values()
    groups = stack.address.client("logs").describe_log_groups()["logGroups"]
    return {group["retentionInDays"] for group in groups if group["logGroupName"] in names}


def table_names(stack: Stack) -> set[str]:
    """Return the names of all tables in the account."""
    return {*stack.address.client("dynamodb").list_tables()["TableNames"]}


def account_key(stack: Stack, address: str) -> str:
    """Return the key of the account item with an email address."""
    items = stack.address.client("dynamodb").scan(TableName=stack.resource("Accounts"))["Items"]
    (key,) = (item["key"]["S"] for item in items if item.get("address") == {"S": address})
    return str(key)


def epoch(stack: Stack, address: str) -> int:
    """Return the epoch of the account with an email address."""
    key = {"key": {"S": account_key(stack, address)}}
    item = stack.address.client("dynamodb").get_item(TableName=stack.resource("Accounts"), Key=key)["Item"]
    return int(item["epoch"]["N"])


def link_keyring(stack: Stack) -> tokens.Keyring:
    """Return the keyring of links."""
    secret = stack.address.client("secretsmanager").get_secret_value(SecretId=stack.resource("LinkKey"))
    return tokens.Keyring.parse(json.loads(secret["SecretString"]))


def key_of_link(stack: Stack, practice: str, link: str) -> str:
    """Return the id of the key that a link was made with, "" if the keyring has no such key."""
    for name, key in link_keyring(stack).keys.items():
        try:
            tokens.verify_link(tokens.Keyring(name, {name: key}), practice, link.rpartition("/")[2])
        except LinkUnknown:
            continue
        return name
    return ""
