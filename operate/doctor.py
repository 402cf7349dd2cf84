"""The `doctor` command: whether a deployed stack is in order. It reads, requests pages, and changes nothing."""

import argparse
from functools import partial

from operate import account_checks, aws, backup_checks, dns_checks, page_checks, stack_checks
from operate.findings import Check, report


def run(args: argparse.Namespace) -> None:
    """Print a line for each check.

    :raises CommandError: a check found something wrong, or there is no such stack.
    """
    with aws.impatient():
        report(checks_of(aws.stack(args.stack)))


def checks_of(stack: aws.Stack) -> list[tuple[str, Check]]:
    """Return the checks of a stack, by their names."""
    parameters = stack_checks.parameters(stack)
    checks: dict[str, Check] = {
        "stack": partial(stack_checks.state, stack),
        "lambda-quota": account_checks.lambda_quota,
        "concurrency": partial(stack_checks.concurrency, stack, parameters),
        "ses-sandbox": account_checks.ses_sandbox,
        "ses-sending": account_checks.ses_sending,
        "ses-rate": lambda: account_checks.ses_rate(int(parameters.get("MailWorkers", "2"))),
        "protection": partial(stack_checks.protection, stack, parameters),
        "dkim": partial(stack_checks.dkim, parameters),
        "mail-from": partial(stack_checks.mail_from, parameters),
        "dmarc": lambda: dns_checks.dmarc(parameters["SenderDomain"]),
        "mail-reports": partial(stack_checks.mail_reports, stack),
        "mail-loop": partial(stack_checks.mail_loop, stack),
        "dead-mail": partial(stack_checks.dead_mail, stack),
        "alarm-recipients": partial(stack_checks.alarm_recipients, stack, parameters),
        "alarms": partial(stack_checks.alarms, stack),
        "alarm-delivery": partial(stack_checks.alarm_delivery, stack),
        "data-key": partial(stack_checks.data_key, stack),
        "backups": partial(backup_checks.backups, stack),
        "copies": partial(backup_checks.copies, stack, parameters),
        "operators": partial(stack_checks.operators, stack),
        "throttles": partial(stack_checks.throttles, stack),
        "routes": partial(page_checks.routes, stack),
        "own-address": partial(page_checks.own_address, stack, parameters),
        "canary": partial(stack_checks.canary, stack),
    }
    if arn := parameters.get("CertificateArn"):
        checks["certificate"] = partial(account_checks.certificate, arn)
    return list(checks.items())
