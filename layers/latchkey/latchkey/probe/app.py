"""The probe's Lambda handler: runs on a schedule, and before a new version gets traffic."""

import time
from collections.abc import Mapping
from typing import Any

from latchkey import aws, log, metrics, settings
from latchkey.metrics import Metric
from latchkey.probe import sign_in_run
from latchkey.probe.sign_in_run import RunFailed
from latchkey.rules.practices import PROBE_SLUG
from latchkey.store.dynamodb import OUTAGES

INTERVAL_SECONDS = 300
"""The interval of the schedule. Each run is of the next client."""
TRIES = 2
PAUSE_SECONDS = 10.0
"""Between a failed run and the second try. What passes within that time wakes nobody."""


def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:  # noqa: ARG001 - as Lambda calls it
    """Run the sign-in, count whether it passed, and tell CodeDeploy if the event is that of a deployment.

    Without a domain only the event of the schedule has the portal's `origin`. Then a deployment is not held back.
    """
    origin = settings.load().portal_origin or str(event.get("origin", ""))
    outcome = _outcome(origin) if origin else "no_address"
    if "LifecycleEventHookExecutionId" in event:
        aws.call(
            "codedeploy",
            "PutLifecycleEventHookExecutionStatus",
            deploymentId=event["DeploymentId"],
            lifecycleEventHookExecutionId=event["LifecycleEventHookExecutionId"],
            status="Succeeded" if outcome in {"passed", "no_address"} else "Failed",
        )
    return {"outcome": outcome}


def _outcome(origin: str) -> str:
    """Return `passed`, or the step at which the last try failed. Count it and log it."""
    number = int(time.time()) // INTERVAL_SECONDS
    failed_step = None
    for attempt in range(TRIES):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        try:
            sign_in_run.run(origin, number + attempt, backend_caller(origin))
        except RunFailed as failure:
            failed_step = failure.step
        else:
            metrics.count(Metric.PROBE_PASSED)
            log.log_job("passed", failed_step, PROBE_SLUG, "")
            return "passed"
    metrics.count(Metric.PROBE_FAILED)
    log.log_job("failed", failed_step, PROBE_SLUG, "")
    return str(failed_step)


def backend_caller(origin: str) -> sign_in_run.CallBackend:
    """Return a function that calls the backend. `origin` is the portal's, for letters."""

    def call(action: str, number: int) -> Mapping[str, Any]:
        payload = {"action": action, "number": number, "origin": origin}
        try:
            return aws.invoke(settings.load().probe_backend, payload)
        except (aws.FunctionError, *OUTAGES):
            raise RunFailed(f"backend_{action}") from None

    return call
