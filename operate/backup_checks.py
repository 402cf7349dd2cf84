"""Checks of backups: to which time each retained table can be restored, and how old its newest copy elsewhere is."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from operate import aws
from operate.findings import Finding, fault, ok

RETAINED = ("Practices", "Members", "Clients", "Accounts", "Events")
RESTORABLE_DAYS = 35
MAX_DELAY = timedelta(hours=1)
"""Age of the latest restorable time that is a fault. It is "typically 5 minutes" (DynamoDB developer guide)."""
START_WINDOW_HOURS = 1
"""Hours in which AWS Backup begins a run: StartWindowMinutes of templates/backups.yaml."""
HOURS_TO_COUNT = 72
"""Hours from which an age is shown in days."""
ENDED_BADLY = {"FAILED", "ABORTED", "EXPIRED", "PARTIAL"}
DYNAMODB = "DynamoDB"
FOR_POINT_IN_TIME = "dynamodb update-continuous-backups --point-in-time-recovery-specification"
FOR_REGION = "backup update-region-settings --resource-type"
SECTION = "See docs/runbook.md#copies-failed."


@dataclass(frozen=True, slots=True)
class Vault:
    """A backup vault, as its ARN names it."""

    arn: str

    @property
    def region(self) -> str:
        """The region of the vault."""
        return self.arn.split(":")[3]

    @property
    def account(self) -> str:
        """The account of the vault."""
        return self.arn.split(":")[4]

    @property
    def name(self) -> str:
        """The name of the vault."""
        return self.arn.split(":")[6]


def backups(stack: aws.Stack) -> Finding:
    """Check that every retained table can be restored to any time of the last 35 days, up to now."""
    client, now = aws.client("dynamodb"), datetime.now(UTC)
    off, short, late = [], [], []
    for name in RETAINED:
        found = client.describe_continuous_backups(TableName=stack.resource(name))["ContinuousBackupsDescription"]
        recovery = found["PointInTimeRecoveryDescription"]
        if recovery["PointInTimeRecoveryStatus"] != "ENABLED":
            off.append(name)
        elif recovery.get("RecoveryPeriodInDays", RESTORABLE_DAYS) < RESTORABLE_DAYS:
            short.append(f"{name} for {recovery['RecoveryPeriodInDays']} days only")
        elif now - recovery.get("LatestRestorableDateTime", now) > MAX_DELAY:
            late.append(f"{name} up to {_age(now - recovery['LatestRestorableDateTime'])} ago only")
    if off:
        fix = f"{FOR_POINT_IN_TIME} PointInTimeRecoveryEnabled=true --table-name ... for each."
        return fault("backups", f"{', '.join(off)} cannot be restored to a time", fix)
    if short:
        fix = f"{FOR_POINT_IN_TIME} PointInTimeRecoveryEnabled=true,RecoveryPeriodInDays={RESTORABLE_DAYS}."
        return fault("backups", f"tables can be restored: {', '.join(short)}", fix)
    if late:
        fix = "See AWS's health dashboard for DynamoDB, and ask AWS if it says nothing."
        return fault("backups", f"tables can be restored: {', '.join(late)}", fix)
    return ok("backups", f"{len(RETAINED)} tables can be restored to any second of the last {RESTORABLE_DAYS} days")


def copies(stack: aws.Stack, given: dict[str, str]) -> Finding:
    """Check that the newest copy of every retained table in the other region or account is recent.

    The plan runs every CopyHours. A copy is too old if two runs have passed without a newer one.
    """
    if not given.get("CopyVaultArn"):
        return ok("copies", "switched off (CopyVaultArn is empty), so a region that is lost loses everything")
    vault, hours = Vault(given["CopyVaultArn"]), int(given.get("CopyHours", "6"))
    if wrong := _wrong_setting():
        return wrong
    tables = {_arn(stack, name): name for name in RETAINED}
    is_own = next(iter(tables)).split(":")[4] == vault.account
    try:
        newest = _newest(_in_vault(vault) if is_own else _by_jobs(vault))
    except ClientError as error:
        if error.response["Error"]["Code"] != "ResourceNotFoundException":
            raise
        fix = "Deploy templates/vault.yaml there, then the stack with its output VaultArn as CopyVaultArn."
        return fault("copies", f"there is no vault {vault.name} in {vault.region}", fix)
    now, limit = datetime.now(UTC), timedelta(hours=2 * hours + START_WINDOW_HOURS)
    ages = {name: now - newest[arn] for arn, name in tables.items() if arn in newest}
    missing = [name for name in tables.values() if name not in ages]
    old = [f"{name} is {_age(age)} old" for name, age in ages.items() if age > limit]
    failed = [
        f"the last try of {tables[arn]} failed ({message})"
        for arn, (begun, message) in _failures(stack, vault, now - limit).items()
        if arn in tables and begun > newest.get(arn, now - limit)
    ]
    facts = [f"there is no copy of {', '.join(missing)}"] if missing else []
    facts += [f"the newest copy of {', of '.join(old)}"] if old else []
    facts += failed
    if facts:
        fix = f"{SECTION} Right after CopyVaultArn was given, wait for {hours} hours." if missing else SECTION
        return fault("copies", "; ".join(facts), fix)
    elsewhere = "" if is_own else ". Look into the vault from its own account"
    return ok("copies", f"the newest copy of each table is at most {_age(max(ages.values()))} old{elsewhere}")


def _wrong_setting() -> Finding | None:
    """Return a fault if AWS Backup is switched off for tables in this region: copies and events are then missing."""
    settings = aws.client("backup").describe_region_settings()
    if settings.get("ResourceTypeOptInPreference", {}).get(DYNAMODB) is False:
        fix = f"{FOR_REGION}-opt-in-preference {DYNAMODB}=true."
        return fault("copies", "AWS Backup is switched off for tables in this region", fix)
    if settings.get("ResourceTypeManagementPreference", {}).get(DYNAMODB) is False:
        fix = f"{FOR_REGION}-management-preference {DYNAMODB}=true."
        return fault("copies", "AWS Backup's advanced features for tables are off, without which none is copied", fix)
    return None


def _arn(stack: aws.Stack, name: str) -> str:
    return str(aws.client("dynamodb").describe_table(TableName=stack.resource(name))["Table"]["TableArn"])


def _in_vault(vault: Vault) -> Iterator[dict[str, Any]]:
    """Yield the copies that lie in the vault. Only its own account may look into it."""
    client = aws.client("backup", vault.region)
    pages = client.get_paginator("list_recovery_points_by_backup_vault").paginate(
        BackupVaultName=vault.name, ByResourceType=DYNAMODB
    )
    yield from (point for page in pages for point in page["RecoveryPoints"] if point["Status"] == "COMPLETED")


def _by_jobs(vault: Vault) -> Iterator[dict[str, Any]]:
    """Yield the copies that AWS Backup has brought into a vault of another account."""
    pages = (
        aws.client("backup")
        .get_paginator("list_copy_jobs")
        .paginate(ByDestinationVaultArn=vault.arn, ByResourceType=DYNAMODB, ByState="COMPLETED")
    )
    yield from (job for page in pages for job in page["CopyJobs"])


def _newest(found: Iterator[dict[str, Any]]) -> dict[str, datetime]:
    """Return the time of the newest copy of each table, by the table's ARN."""
    newest: dict[str, datetime] = {}
    for copy in found:
        table, time = copy["ResourceArn"], copy["CreationDate"]
        newest[table] = max(time, newest.get(table, time))
    return newest


def _failures(stack: aws.Stack, vault: Vault, since: datetime) -> dict[str, tuple[datetime, str]]:
    """Return time and reason of the last backup or copy of each table that failed, by the table's ARN."""
    client = aws.client("backup")
    jobs = [
        *client.get_paginator("list_backup_jobs")
        .paginate(ByBackupVaultName=_own_vault(stack), ByCreatedAfter=since)
        .search("BackupJobs[]"),
        *client.get_paginator("list_copy_jobs")
        .paginate(ByDestinationVaultArn=vault.arn, ByCreatedAfter=since)
        .search("CopyJobs[]"),
    ]
    last: dict[str, tuple[datetime, str]] = {}
    for job in sorted(jobs, key=lambda job: job["CreationDate"]):
        if job["State"] in ENDED_BADLY:
            message = job.get("StatusMessage") or "AWS Backup gives no reason"
            last[job["ResourceArn"]] = job["CreationDate"], message.rstrip(".")
    return last


def _own_vault(stack: aws.Stack) -> str:
    """Return the name of the vault in which backups wait to be copied, in the nested stack."""
    return aws.Stack(stack.resource("Backups"), {}).resource("Vault")


def _age(age: timedelta) -> str:
    """Return an age in words, rounded up to hours."""
    hours = -int(-age.total_seconds() // 3600)
    if hours >= HOURS_TO_COUNT:
        return f"{hours // 24} days"
    return f"{hours} hour{'' if hours == 1 else 's'}"
