"""What a sign-in costs at list prices (us-east-1, on demand, USD), without SES's own tenth of a cent."""

from bench.flows import Call, Tape

WRITE, READ = 0.625e-6, 0.125e-6
"""DynamoDB, a unit: one item of up to 1 KB written, 4 KB read consistently. A transaction takes two."""
GATEWAY = 1.0e-6
"""An HTTP API's request."""
INVOCATION, GIGABYTE_SECOND = 0.2e-6, 0.0000133334
"""Lambda on arm64."""
MESSAGE = 0.4e-6
"""SQS; a job is sent, received and deleted."""
LOG_BYTE = 0.5e-9
LINE_BYTES = 600
"""Our line, the platform's report and the API's access log, a request."""

FULL_PROCESSOR_MB = 1769
CALL_SECONDS = 0.005
"""A call to AWS within the region, while the function waits and is paid for."""
COLD_SHARE = 0.01
"""Of invocations; a start is paid for."""

SIGN_IN = {"ask": 1, "mail": 1, "open": 1, "check": 1}
"""The request, the mail, the link, and one question of another API."""
PAGES = {"sign-in page": 2, "home": 1}
"""Around it: the form, the page that says to look for mail, and the home page."""
WORKERS = {"mail"}


def writes(calls: list[Call]) -> int:
    """Units of writing."""
    single = sum(operation in {"UpdateItem", "PutItem", "DeleteItem"} for _, operation, _ in calls)
    return single + 2 * _transacted(calls, "TransactWriteItems")


def reads(calls: list[Call]) -> int:
    """Units of reading."""
    single = sum(operation == "GetItem" for _, operation, _ in calls)
    return single + 2 * _transacted(calls, "TransactGetItems")


def _transacted(calls: list[Call], transaction: str) -> int:
    return sum(len(told["TransactItems"]) for _, operation, told in calls if operation == transaction)


def million(
    steps: dict[str, int], tape: Tape, cpu: dict[str, float], cold: dict[str, float], memory: dict[str, int]
) -> float:
    """A million times these steps. `cpu` is milliseconds by flow, `cold` by function, `memory` MB by function."""
    return 1e6 * sum(times * _step(name, tape, cpu, cold, memory) for name, times in steps.items())


def _step(name: str, tape: Tape, cpu: dict[str, float], cold: dict[str, float], memory: dict[str, int]) -> float:
    step = tape.flows[name]
    share = min(1.0, memory[step.function] / FULL_PROCESSOR_MB)
    seconds = cpu[name] / 1000 / share + CALL_SECONDS * len(step.calls) + COLD_SHARE * cold[step.function] / 1000
    lambdas = INVOCATION + GIGABYTE_SECOND * seconds * memory[step.function] / 1024
    stored = WRITE * writes(step.calls) + READ * reads(step.calls)
    door = 3 * MESSAGE if name in WORKERS else GATEWAY
    return lambdas + stored + door + LOG_BYTE * LINE_BYTES
