"""Checks of a deployed stack's own resources."""

import json
from typing import Any

from operate import account_checks, aws
from operate import state as state_of_stacks
from operate.findings import Finding, fault, ok

FUNCTIONS = ("RequestLink", "RedeemLink", "Session", "Pin", "Admin", "SendMail", "MailEvents")
SETTLED = ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE")
REPORTS = {"DELIVERY", "BOUNCE", "COMPLAINT", "REJECT", "DELIVERY_DELAY"}
PENDING = ("PendingConfirmation", "Deleted")


def parameters(stack: aws.Stack) -> dict[str, str]:
    """Return the parameters of a stack."""
    found = _description(stack).get("Parameters", [])
    return {parameter["ParameterKey"]: parameter.get("ParameterValue", "") for parameter in found}


def state(stack: aws.Stack) -> Finding:
    """Check that the last deployment is over and was not rolled back."""
    status = _description(stack)["StackStatus"]
    if status == "UPDATE_ROLLBACK_COMPLETE":
        return fault("stack", "the last deployment was rolled back", "Its events say why. Mend it and deploy again.")
    if status not in SETTLED:
        return fault("stack", f"it is {status}", "Wait, or read its events.")
    return ok("stack", f"it is {status}")


def concurrency(stack: aws.Stack, given: dict[str, str]) -> Finding:
    """Check that functions have shares of concurrency if the parameter says so, and that none is switched off."""
    client, shares = aws.client("lambda"), {}
    for name in FUNCTIONS:
        found = client.get_function_concurrency(FunctionName=stack.resource(name))
        shares[name] = found.get("ReservedConcurrentExecutions")
    if stopped := [name for name, share in shares.items() if share == 0]:
        fix = "lambda delete-function-concurrency --function-name ... for each."
        return fault("concurrency", f"{', '.join(stopped)} may not run", fix)
    missing = [name for name, share in shares.items() if share is None]
    if given.get("Concurrency") == "reserved" and missing:
        fix = "Deploy with Concurrency=shared, then with Concurrency=reserved."
        return fault("concurrency", f"{', '.join(missing)} have no share", fix)
    return ok("concurrency", f"{given.get('Concurrency', 'shared')}, and no function is switched off")


def dkim(given: dict[str, str]) -> Finding:
    """Check that SES has verified the domain and signs its mail."""
    domain = given["SenderDomain"]
    found = account_checks.identity(domain)
    if found is None:
        fix = f"sesv2 create-email-identity --email-identity {domain}. Then enter its DKIM records."
        return fault("dkim", f"SES does not know {domain}", fix)
    status = found.get("DkimAttributes", {}).get("Status", "NOT_STARTED")
    if not found.get("VerifiedForSendingStatus") or status != "SUCCESS":
        return fault("dkim", f"DKIM of {domain} is {status}", "Enter the outputs DkimRecord1 to 3 as CNAME records.")
    return ok("dkim", f"SES has verified {domain} and signs its mail")


def mail_from(given: dict[str, str]) -> Finding:
    """Check that bounces return to a domain of one's own."""
    attributes = (account_checks.identity(given["SenderDomain"]) or {}).get("MailFromAttributes", {})
    domain, status = attributes.get("MailFromDomain"), attributes.get("MailFromDomainStatus")
    if not domain:
        fix = "SPF then passes for SES alone. Set one: sesv2 put-email-identity-mail-from-attributes."
        return fault("mail-from", "the identity has no MAIL FROM domain", fix)
    if status != "SUCCESS":
        return fault("mail-from", f"{domain} is {status}", "Enter the outputs MailFromMx and MailFromSpf.")
    return ok("mail-from", f"SES has found the records of {domain}")


def mail_reports(stack: aws.Stack) -> Finding:
    """Check that SES's reports leave for EventBridge, and that nothing rewrites links."""
    name = stack.resource("ConfigurationSet")
    client = aws.client("sesv2")
    destinations = client.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]
    reported = {
        kind for target in destinations if target.get("Enabled") and "EventBridgeDestination" in target
        for kind in target["MatchingEventTypes"]
    }  # fmt: skip
    if missing := REPORTS - reported:
        fix = "sesv2 update-configuration-set-event-destination, as MailReports in template.yaml says."
        return fault("mail-reports", f"{', '.join(sorted(missing))} are not reported", fix)
    if {"CLICK", "OPEN"} & {kind for target in destinations for kind in target["MatchingEventTypes"]}:
        return fault("mail-reports", "SES counts opens or clicks, and rewrites links", "Remove that event destination.")
    return ok("mail-reports", "SES reports every mail")


def mail_loop(stack: aws.Stack) -> Finding:
    """Check that Lambda lets the mail worker put jobs back on its own queue."""
    found = aws.client("lambda").get_function_recursion_config(FunctionName=stack.resource("SendMail"))
    if found["RecursiveLoop"] != "Allow":
        fix = "lambda put-function-recursion-config --recursive-loop Allow --function-name ..."
        return fault("mail-loop", "Lambda would end a long delay of mail at the 16th try", fix)
    return ok("mail-loop", "the worker may put delayed jobs back")


def dead_mail(stack: aws.Stack) -> Finding:
    """Check that no mail job waits in the dead-letter queue."""
    url = stack.resource("DeadMail")
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    number = int(attributes["Attributes"]["ApproximateNumberOfMessages"])
    if number:
        return fault("dead-mail", f"{number} jobs or reports failed for good", "See docs/runbook.md#dead-mail.")
    return ok("dead-mail", "no mail job failed for good")


def alarm_recipients(stack: aws.Stack, given: dict[str, str]) -> Finding:
    """Check that every topic of the alarms has a subscription, and that all are confirmed."""
    topics = [arn for arn in (stack.outputs.get("AlarmsTopicArn"), given.get("AlarmTopicArn")) if arn]
    if not topics:
        return fault("alarm-recipients", "alarms reach nobody", "Deploy with AlarmEmail or AlarmTopicArn.")
    confirmed = []
    for arn in topics:
        found = aws.client("sns").list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
        if pending := [row["Endpoint"] for row in found if row["SubscriptionArn"] in PENDING]:
            fix = "Follow the link in the mail from AWS. It is valid for two days, then subscribe again."
            return fault("alarm-recipients", f"{', '.join(pending)} has not confirmed", fix)
        if not found:
            return fault("alarm-recipients", f"{arn} has no subscription", "Subscribe someone to it.")
        confirmed += [row["Endpoint"] for row in found]
    return ok("alarm-recipients", f"alarms reach {', '.join(confirmed)}")


def alarms(stack: aws.Stack) -> Finding:
    """Check that no alarm is on or switched off."""
    found = _alarms(stack)
    if not found:
        return fault("alarms", "the stack has no alarms", "Deploy again.")
    name = len(stack.name) + 1
    if on := [alarm["AlarmName"][name:] for alarm in found if alarm["StateValue"] == "ALARM"]:
        return fault("alarms", f"on: {', '.join(on)}", "See the section of that name in docs/runbook.md.")
    if off := [alarm["AlarmName"][name:] for alarm in found if not alarm["ActionsEnabled"]]:
        return fault("alarms", f"switched off: {', '.join(off)}", "cloudwatch enable-alarm-actions --alarm-names ...")
    return ok("alarms", f"{len(found)} alarms, none is on")


def alarm_delivery(stack: aws.Stack) -> Finding:
    """Check that CloudWatch could publish each notice of an alarm. It needs a right to the topic's key."""
    history = aws.client("cloudwatch").describe_alarm_history(HistoryItemType="Action", MaxRecords=100)
    own = [item for item in history["AlarmHistoryItems"] if item["AlarmName"].startswith(f"{stack.name}/")]
    failed = [item for item in own if "Failed to execute" in item["HistorySummary"]]
    if failed:
        fix = "Allow cloudwatch.amazonaws.com in the topic's policy and in its key's policy."
        return fault("alarm-delivery", f"{len(failed)} of the last {len(own)} notices failed", fix)
    return ok("alarm-delivery", f"none of the last {len(own)} notices failed")


def data_key(stack: aws.Stack) -> Finding:
    """Check that the key of everything at rest is enabled and rotates."""
    client, key = aws.client("kms"), stack.resource("DataKey")
    status = client.describe_key(KeyId=key)["KeyMetadata"]["KeyState"]
    if status != "Enabled":
        fix = "kms cancel-key-deletion, then enable-key. Without it nothing can be read."
        return fault("data-key", f"it is {status}", fix)
    if not client.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"]:
        return fault("data-key", "it does not rotate", f"kms enable-key-rotation --key-id {key}")
    return ok("data-key", "it is enabled and rotates")


def protection(stack: aws.Stack, given: dict[str, str]) -> Finding:
    """Check that the stack policy and the termination protection of a stack of stage prod are on."""
    if given.get("Stage", "prod") != "prod":
        return ok("protection", "only a stack of stage prod is protected")
    fix = f"operate protect --stack {stack.name}"
    if not _description(stack).get("EnableTerminationProtection"):
        return fault("protection", "the stack can be deleted", fix)
    found = aws.client("cloudformation").get_stack_policy(StackName=stack.name).get("StackPolicyBody", "{}")
    if json.loads(found or "{}") != state_of_stacks.policy(state_of_stacks.read_template()):
        return fault("protection", "its stack policy is not this version's", fix)
    return ok("protection", "no update can replace or delete its state, and the stack cannot be deleted")


def operators(stack: aws.Stack) -> Finding:
    """Check that someone can create practices."""
    found = aws.client("dynamodb").query(
        TableName=stack.resource("Members"),
        KeyConditionExpression="practice = :all",
        ExpressionAttributeValues={":all": {"S": "*"}},
        Select="COUNT",
    )
    if not found["Count"]:
        return fault("operators", "nobody can create practices", f"operate first-operator --stack {stack.name} ...")
    return ok("operators", f"{found['Count']} people can create practices")


def throttles(stack: aws.Stack) -> Finding:
    """Check that the API has a limit of its own, so that one stack cannot use up the region's."""
    (stage,) = aws.client("apigatewayv2").get_stages(ApiId=stack.resource("Portal"))["Items"]
    settings = stage.get("DefaultRouteSettings", {})
    rate, burst = settings.get("ThrottlingRateLimit"), settings.get("ThrottlingBurstLimit")
    if not rate or not burst:
        fix = "Deploy with another RequestsPerSecond, then with yours."
        return fault("throttles", "the API has no limit of its own", fix)
    return ok("throttles", f"the API accepts {rate:g} requests a second, and bursts of {burst}")


def canary(stack: aws.Stack) -> Finding:
    """Check that the last deployment of each function is over, and that none was stopped."""
    client = aws.client("codedeploy")
    application = stack.resource("ServerlessDeploymentApplication")
    states = {}
    for group in client.list_deployment_groups(applicationName=application)["deploymentGroups"]:
        info = client.get_deployment_group(applicationName=application, deploymentGroupName=group)
        last = info["deploymentGroupInfo"].get("lastAttemptedDeployment")
        if last:
            states[group] = last["status"]
    if stopped := [group for group, status in states.items() if status in ("Failed", "Stopped")]:
        fix = "The deployment names the alarm or the hook that stopped it."
        return fault("canary", f"stopped: {', '.join(stopped)}", fix)
    if running := [group for group, status in states.items() if status != "Succeeded"]:
        return fault("canary", f"still running: {', '.join(running)}", "Wait. A canary takes 5 minutes.")
    return ok("canary", f"{len(states)} functions were deployed by CodeDeploy, and none was stopped")


def _alarms(stack: aws.Stack) -> list[dict[str, Any]]:
    pages = aws.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{stack.name}/")
    return [alarm for page in pages for alarm in page["MetricAlarms"]]


def _description(stack: aws.Stack) -> dict[str, Any]:
    (found,) = aws.client("cloudformation").describe_stacks(StackName=stack.name)["Stacks"]
    description: dict[str, Any] = found
    return description
