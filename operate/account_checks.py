"""Checks of the account and its region. `preflight` runs them before the first deployment, `doctor` at any time."""

from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError

from operate import aws
from operate.findings import Finding, fault, ok

NEEDED_CONCURRENCY = 100
MAILS_PER_WORKER = 7
"""Mails that a worker sends in a second."""
RENEWAL_DAYS = 30
"""Days before its end at which a certificate should have been renewed. ACM begins 60 days before."""
NOT_FOUND = "NotFoundException"


def lambda_quota() -> Finding:
    """Check that the account may run enough functions at once."""
    limit = aws.client("lambda").get_account_settings()["AccountLimit"]["ConcurrentExecutions"]
    facts = f"{limit} functions may run at once"
    if limit >= NEEDED_CONCURRENCY:
        return ok("lambda-quota", facts)
    return fault("lambda-quota", facts, "Ask for 1,000: service-quotas request-service-quota-increase, L-B99A9384.")


def ses_sandbox() -> Finding:
    """Check that SES sends to everybody."""
    account = _ses_account()
    if not account.get("ProductionAccessEnabled"):
        return fault("ses-sandbox", "SES sends to verified addresses only", "Ask with sesv2 put-account-details.")
    return ok("ses-sandbox", "SES sends to everybody")


def ses_sending() -> Finding:
    """Check that SES has not stopped the account."""
    account = _ses_account()
    status = account.get("EnforcementStatus", "HEALTHY")
    if not account.get("SendingEnabled", True) or status != "HEALTHY":
        facts = f"sending is {'on' if account.get('SendingEnabled', True) else 'off'}, and the account is {status}"
        return fault("ses-sending", facts, "Answer SES's case in the support centre, then fix what it names.")
    return ok("ses-sending", "SES sends, and the account is healthy")


def ses_rate(workers: int) -> Finding:
    """Check that SES accepts as many mails a second as the workers send."""
    rate = _ses_account().get("SendQuota", {}).get("MaxSendRate", 0)
    facts = f"SES accepts {rate:g} mails a second, and {workers} workers send {workers * MAILS_PER_WORKER}"
    if rate >= workers * MAILS_PER_WORKER:
        return ok("ses-rate", facts)
    return fault("ses-rate", facts, "Leave the sandbox, ask for a higher rate, or lower MailWorkers.")


def certificate(arn: str) -> Finding:
    """Check that a certificate is issued and does not end soon."""
    found = aws.client("acm").describe_certificate(CertificateArn=arn)["Certificate"]
    if found["Status"] != "ISSUED":
        return fault("certificate", f"its status is {found['Status']}", "Enter its CNAME record, and wait.")
    days = (found["NotAfter"] - datetime.now(UTC)).days
    facts = f"it ends in {days} days"
    if days < RENEWAL_DAYS:
        return fault("certificate", facts, "ACM renews it while its CNAME record stands. Enter the record again.")
    return ok("certificate", facts)


def identity(domain: str) -> dict[str, Any] | None:
    """Return SES's identity of a domain, or None if the account has none in this region."""
    try:
        found: dict[str, Any] = aws.client("sesv2").get_email_identity(EmailIdentity=domain)
    except ClientError as error:
        if error.response["Error"]["Code"] != NOT_FOUND:
            raise
        return None
    return found


def _ses_account() -> dict[str, Any]:
    account: dict[str, Any] = aws.client("sesv2").get_account()
    return account
