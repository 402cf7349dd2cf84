"""The kinds of faults, with the error codes of each service."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.kit.aws_faults import LOST, RESET, SLOW, Fault, refused

SERVICES = {"GetSecretValue": "secrets", "SendMessage": "queue", "SendEmail": "mail"}
"""The services of operations that are not DynamoDB's."""
TRANSACTIONS = ("TransactWriteItems", "TransactGetItems")


@dataclass(frozen=True, slots=True)
class FaultKind:
    """A kind of fault. It has no fault for services at which it cannot happen."""

    name: str
    faults: dict[str, Fault]
    """Faults by service or by operation."""
    then: Fault | None = None
    """The fault of every later call."""
    repeated: bool = False
    """True if later calls get the same fault."""

    def fault_of(self, operation: str) -> Fault | None:
        """Return the fault of an operation, None if there is none."""
        return self.faults.get(operation) or self.faults.get(SERVICES.get(operation, "tables"))

    def fault_at(self, site: int) -> Callable[[str, int], Fault | None]:
        """Return the function that injects this fault at the call with number `site`."""

        def fault_of_call(operation: str, call: int) -> Fault | None:
            if call == site or (call > site and self.repeated):
                return self.fault_of(operation)
            return self.then if call > site else None

        return fault_of_call


def _all(fault: Fault) -> dict[str, Fault]:
    return dict.fromkeys(("tables", "secrets", "queue", "mail"), fault)


THROTTLED = {
    "tables": refused("ProvisionedThroughputExceededException"),
    "secrets": refused("ThrottlingException"),
    "queue": refused("RequestThrottled", 403),
    "mail": refused("TooManyRequestsException", 429),
}
BROKEN = {
    "tables": refused("InternalServerError", 500),
    "secrets": refused("InternalServiceError", 500),
    "queue": refused("ServiceUnavailable", 503),
    "mail": refused("InternalFailure", 500),
}

EVERYWHERE = (
    FaultKind("throttled", THROTTLED),
    FaultKind("too_slow", _all(SLOW)),
    FaultKind("answer_lost", _all(LOST)),
    FaultKind("answer_lost_once", _all(replace(LOST, tries=1))),
    FaultKind("dark_from_here_on", _all(SLOW), then=SLOW),
    FaultKind("answer_lost_then_dark", _all(LOST), then=SLOW),
)
SAME_ABOVE_BOTOCORE = (
    FaultKind("broken", BROKEN),
    FaultKind("reset", _all(RESET)),
    FaultKind("throttled_once", {service: replace(fault, tries=1) for service, fault in THROTTLED.items()}),
)
"""Kinds that only botocore can tell from others. For them, the clients' flows are enough."""
CONFLICT = Fault(
    status=400,
    document={
        "__type": "TransactionCanceledException",
        "message": "for ana@example.com",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    },
)
IN_TRANSACTIONS = (
    FaultKind("conflict_once", dict.fromkeys(TRANSACTIONS, CONFLICT)),
    FaultKind("conflicts_without_end", dict.fromkeys(TRANSACTIONS, CONFLICT), repeated=True),
)
UNREAD = Fault(status=200, leaves_unread=True)
"""The response to a batch while each of its tables is throttled."""
IN_BATCHES = (
    FaultKind("unread_once", {"BatchGetItem": replace(UNREAD, tries=1)}),
    FaultKind("unread_without_end", {"BatchGetItem": UNREAD}, repeated=True),
)
OF_SECRETS = (
    FaultKind("denied", {"secrets": refused("AccessDeniedException")}),
    FaultKind("denied_from_here_on", {"secrets": refused("AccessDeniedException")}, repeated=True),
)
OF_RINGS = (FaultKind("unreadable", {"secrets": Fault(status=200, document={"SecretString": "{"})}),)
OF_SES = (
    FaultKind("paused", {"mail": refused("SendingPausedException")}),
    FaultKind("suspended", {"mail": refused("AccountSuspendedException")}),
    FaultKind("rejected", {"mail": refused("MessageRejected")}),
    FaultKind("bad_request", {"mail": refused("BadRequestException")}),
    FaultKind("quota", {"mail": refused("LimitExceededException")}),
)
