"""The cost of a sign-in at list prices (us-east-1, on demand, USD), without SES, which takes a tenth of a cent."""

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
LINE_BYTES = 600
"""Log of one request: our line, Lambda's report and the API's access log."""

FULL_PROCESSOR_MB = 1769
CALL_SECONDS = 0.005
"""Duration of a call to AWS in the same region. The function is billed while it waits."""
COLD_SHARE = 0.01
"""Share of invocations with a cold start, which is billed."""

SIGN_IN = {"ask": 1, "mail": 1, "open": 1, "check": 1}
"""Steps of a sign-in: the request, the mail, the link, and one session check by another API."""
PAGES = {"sign-in page": 2, "home": 1}
"""Pages around a sign-in: the form, the page that says to look for mail, and the home page."""
WORKERS = {"mail"}


def writes(calls: list[Call]) -> int:
    """Return the write units of calls."""
    single = sum(operation in {"UpdateItem", "PutItem", "DeleteItem"} for _, operation, _ in calls)
    return single + 2 * _transacted(calls, "TransactWriteItems")


def reads(calls: list[Call]) -> int:
    """Return the read units of calls."""
    single = sum(operation == "GetItem" for _, operation, _ in calls)
    return single + _in_batches(calls) + 2 * _transacted(calls, "TransactGetItems")


def _in_batches(calls: list[Call]) -> int:
    batches = [arguments["RequestItems"] for _, operation, arguments in calls if operation == "BatchGetItem"]
    return sum(len(table["Keys"]) for batch in batches for table in batch.values())


def _transacted(calls: list[Call], transaction: str) -> int:
    return sum(len(arguments["TransactItems"]) for _, operation, arguments in calls if operation == transaction)


def million(
    steps: dict[str, int], recording: Recording, cpu: dict[str, float], cold: dict[str, float], memory: dict[str, int]
) -> float:
    """Return the cost of a million times these steps, in USD.

    `cpu` is in milliseconds by flow, `cold` in milliseconds by function, `memory` in MB by function.
    """
    return 1e6 * sum(times * _step(name, recording, cpu, cold, memory) for name, times in steps.items())


def _step(
    name: str, recording: Recording, cpu: dict[str, float], cold: dict[str, float], memory: dict[str, int]
) -> float:
    event = recording.flows[name]
    share = min(1.0, memory[event.function] / FULL_PROCESSOR_MB)
    seconds = cpu[name] / 1000 / share + CALL_SECONDS * len(event.calls) + COLD_SHARE * cold[event.function] / 1000
    lambdas = INVOCATION + GIGABYTE_SECOND * seconds * memory[event.function] / 1024
    stored = WRITE * writes(event.calls) + READ * reads(event.calls)
    trigger = 3 * MESSAGE if name in WORKERS else GATEWAY
    return lambdas + stored + trigger + LOG_BYTE * LINE_BYTES
