"""The cost of a sign-in at list prices (us-east-1, on demand, USD), without SES, which takes a tenth of a cent."""

from dataclasses import dataclass

import tests.conftest  # noqa: F401 - before the package, which reads its environment when it is imported
from latchkey.http.problems import PROBLEMS
from latchkey.metrics import Metric
from tests.kit import sam_template
from tools.bench.recordings import Call, Recording

WRITE, READ = 0.625e-6, 0.125e-6
"""DynamoDB, for one unit: one item of up to 1 KB written, or 4 KB read consistently. A transaction takes two."""
GATEWAY = 1.0e-6
"""One request of an HTTP API."""
INVOCATION, GIGABYTE_SECOND = 0.2e-6, 0.0000133334
"""Lambda on arm64."""
MESSAGE = 0.4e-6
"""One call to SQS. A job is sent, received and deleted."""
LOG_BYTE = 0.5e-9
LINE_BYTES = 520
"""Log of one request: our line (260 to 460 bytes) and, at three steps of four, the API's access log (190).
Lambda logs failed invocations only."""
ALARM_METRIC, OWN_METRIC = 0.10, 0.30
"""CloudWatch, a month: each metric that an alarm watches, and each metric of our own (CloudWatch pricing)."""
PROBE_RUNS, PROBE_MAILS, MAIL = 30 * 24 * 12, 2, 1e-4
"""Runs of the probe in a month, its mails in each, and SES's price of one."""
PROBE_SECONDS, PROBE_MEMORY_MB = 8, 256
"""The probe waits for SES's report while it is billed."""
MONTHLY = {
    "AWS::CloudWatch::Dashboard": 3.00,
    "AWS::SecretsManager::Secret": 0.40,
    "AWS::KMS::Key": 1.00,
}
"""Price of a resource for a month, used or not."""

FULL_PROCESSOR_MB = 1769
CALL_SECONDS = {"dynamodb": 0.005, "sqs": 0.010, "sesv2": 0.060}
"""Duration of a call to a service in the same region. The function is billed while it waits."""
COLD_SHARE = 0.01
"""Share of invocations with a cold start, which is billed."""

SIGN_IN = {"ask": 1, "mail": 1, "open": 1, "check": 1}
"""Steps of a sign-in: the request, the mail, the link, and one session check by another API."""
PAGES = {"sign-in page": 2, "home": 1}
"""Pages around a sign-in: the form, the page that says to look for mail, and the home page."""
REPORT = {"report": 1}
"""SES's report that a mail was delivered."""
TRIGGERS = {"mail": 3 * MESSAGE, "report": 0.0}
"""Price of what invokes a function, where it is not the API. Events of AWS's own services are free."""


def writes(calls: list[Call]) -> int:
    """Return the write units of calls."""
    single = sum(operation in {"UpdateItem", "PutItem", "DeleteItem"} for _, operation, _ in calls)
    return single + 2 * transacted(calls, "TransactWriteItems")


def reads(calls: list[Call]) -> int:
    """Return the read units of calls."""
    single = sum(operation == "GetItem" for _, operation, _ in calls)
    batched = sum(
        len(of_table["Keys"])
        for _, operation, arguments in calls
        if operation == "BatchGetItem"
        for of_table in arguments["RequestItems"].values()
    )
    return single + batched + 2 * transacted(calls, "TransactGetItems")


def transacted(calls: list[Call], transaction: str) -> int:
    """Return the number of items in transactions of this kind."""
    return sum(len(arguments["TransactItems"]) for _, operation, arguments in calls if operation == transaction)


@dataclass(frozen=True, slots=True)
class Price:
    """Prices of flows, from what was recorded and measured."""

    recording: Recording
    cpu: dict[str, float]
    """Milliseconds by flow."""
    cold: dict[str, float]
    """Milliseconds by function."""
    memory: dict[str, int]
    """MB by function."""

    def million(self, steps: dict[str, int]) -> float:
        """Return the price of a million times these steps, in USD."""
        return 1e6 * sum(times * self._step(name) for name, times in steps.items())

    def _step(self, name: str) -> float:
        event = self.recording.flows[name]
        memory = self.memory[event.function]
        share = min(1.0, memory / FULL_PROCESSOR_MB)
        waiting = sum(CALL_SECONDS[service] for service, _, _ in event.calls)
        seconds = self.cpu[name] / 1000 / share + waiting + COLD_SHARE * self.cold[event.function] / 1000
        lambdas = INVOCATION + GIGABYTE_SECOND * seconds * memory / 1024
        stored = WRITE * writes(event.calls) + READ * reads(event.calls)
        return lambdas + stored + TRIGGERS.get(name, GATEWAY) + LOG_BYTE * LINE_BYTES


def bill(price: Price) -> list[str]:
    """Return the whole bill in lines: what a million sign-ins cost with all around them, and what a month costs."""
    parts = {
        "request, mail, link and one session check": SIGN_IN,
        "the pages around them": PAGES,
        "SES's report of each mail": REPORT,
    }
    dollars = {what: price.million(steps) for what, steps in parts.items()}
    fixed = {
        "secrets, key, dashboard": sum(
            len(sam_template.resources(kind) | sam_template.watching(kind)) * each for kind, each in MONTHLY.items()
        ),
        "metrics that alarms watch": ALARM_METRIC * alarm_metrics(),
        "metrics of our own, if each occurs": OWN_METRIC * (len(Metric) + len(PROBLEMS) + 1),
        "the probe": PROBE_RUNS * probe_run(price),
    }
    return [
        "",
        "A million sign-ins, USD, without SES ($100 for the mails):",
        *(f"{each:8.2f}  {what}" for what, each in dollars.items()),
        f"{sum(dollars.values()):8.2f}  all of it",
        "",
        "A month, USD, however few sign in:",
        *(f"{each:8.2f}  {what}" for what, each in fixed.items()),
        f"{sum(fixed.values()):8.2f}  all of it",
    ]


def alarm_metrics() -> int:
    """Return the number of metrics that alarms watch. An alarm on a query counts as one."""
    alarms = sam_template.watching("AWS::CloudWatch::Alarm").values()
    return sum(sum("MetricStat" in query for query in alarm.get("Metrics", ())) or 1 for alarm in alarms)


def probe_run(price: Price) -> float:
    """Return the price of one run of the probe: a sign-in, its mails, and the seconds that it waits."""
    waiting = GIGABYTE_SECOND * PROBE_SECONDS * PROBE_MEMORY_MB / 1024
    return price.million(SIGN_IN | PAGES | REPORT) / 1e6 + PROBE_MAILS * MAIL + waiting
