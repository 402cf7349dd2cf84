"""The `preflight` command: whether an account and region are ready for a first deployment. It changes nothing."""

import argparse
import shutil

from botocore.exceptions import ClientError

from operate import account_checks, aws
from operate.findings import Check, Finding, fault, ok, report

DEAD_STATES = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "DELETE_FAILED", "REVIEW_IN_PROGRESS")
"""States of a stack that no deployment can update."""


def run(args: argparse.Namespace) -> None:
    """Print a line for each check.

    :raises CommandError: a check found something wrong.
    """
    checks: list[tuple[str, Check]] = [
        ("python", python),
        ("credentials", credentials),
        ("stack-name", lambda: stack_name(args.stack)),
        ("lambda-quota", account_checks.lambda_quota),
        ("ses-sandbox", account_checks.ses_sandbox),
        ("ses-sending", account_checks.ses_sending),
        ("mail-identity", lambda: mail_identity(args.domain)),
    ]
    if args.certificate:
        checks.append(("certificate", lambda: account_checks.certificate(args.certificate)))
    with aws.impatient():
        report(checks)


def python() -> Finding:
    """Check that `sam build` finds the functions' Python."""
    found = shutil.which("python3.13")
    if found:
        return ok("python", f"sam build finds {found}")
    return fault("python", "python3.13 is not on the PATH", "Install it. sam build needs it.")


def credentials() -> Finding:
    """Check that the shell has credentials and a region."""
    client = aws.client("sts")
    who = client.get_caller_identity()
    facts = f"account {who['Account']}, region {client.meta.region_name}, as {who['Arn']}"
    if who["Arn"].endswith(":root"):
        return fault("credentials", facts, "Use a role, and not the account's root user.")
    return ok("credentials", facts)


def stack_name(name: str) -> Finding:
    """Check that no stack of this name stands in the way."""
    try:
        (found,) = aws.client("cloudformation").describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return ok("stack-name", f"no stack is called {name}")
    if found["StackStatus"] in DEAD_STATES:
        fix = "Delete it first. docs/operations.md, First deploy, says how."
        return fault("stack-name", f"{name} is {found['StackStatus']}", fix)
    return ok("stack-name", f"{name} is deployed already, and would be updated")


def mail_identity(domain: str) -> Finding:
    """Check whether the stack can create SES's identity of the domain."""
    found = account_checks.identity(domain)
    if found is None:
        return ok("mail-identity", f"the stack can create the identity of {domain}")
    state = "verified" if found.get("VerifiedForSendingStatus") else "not verified"
    return fault("mail-identity", f"SES knows {domain} already ({state})", "Deploy with MailIdentity=existing.")
