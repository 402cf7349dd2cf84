"""The kinds of trouble, in the words of each service."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from tests.kit.aws_faults import LOST, RESET, SLOW, Fault, refused

SERVICES = {"GetSecretValue": "secrets", "SendMessage": "queue", "SendEmail": "mail"}
"""Operations that are not the tables'."""
TRANSACTIONS = ("TransactWriteItems", "TransactGetItems")


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of trouble: what happens at a call of a service, and nothing where it cannot happen."""

    name: str
    faults: dict[str, Fault]
    """By service, or by operation."""
    then: Fault | None = None
    """What happens to every call after it."""
    again: bool = False
    """Whether the same happens to the same operation from then on."""

    def at(self, operation: str) -> Fault | None:
        """What happens at this operation."""
        return self.faults.get(operation) or self.faults.get(SERVICES.get(operation, "tables"))

    def strikes(self, site: int) -> Callable[[str, int], Fault | None]:
        """The trouble at one call."""

        def struck(operation: str, call: int) -> Fault | None:
            if call == site or (call > site and self.again):
                return self.at(operation)
            return self.then if call > site else None

        return struck


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
    Kind("throttled", THROTTLED),
    Kind("too_slow", _all(SLOW)),
    Kind("answer_lost", _all(LOST)),
    Kind("answer_lost_once", _all(replace(LOST, tries=1))),
    Kind("dark_from_here_on", _all(SLOW), then=SLOW),
    Kind("answer_lost_then_dark", _all(LOST), then=SLOW),
)
ALIKE = (
    Kind("broken", BROKEN),
    Kind("reset", _all(RESET)),
    Kind("throttled_once", {service: replace(fault, tries=1) for service, fault in THROTTLED.items()}),
)
"""To all but botocore the same as others of these: the clients' flows are enough."""
CONFLICT = Fault(
    status=400,
    document={
        "__type": "TransactionCanceledException",
        "message": "for ana@example.com",
        "CancellationReasons": [{"Code": "TransactionConflict"}, {"Code": "None"}],
    },
)
IN_TRANSACTIONS = (
    Kind("conflict_once", dict.fromkeys(TRANSACTIONS, CONFLICT)),
    Kind("conflicts_without_end", dict.fromkeys(TRANSACTIONS, CONFLICT), again=True),
)
OF_SECRETS = (
    Kind("denied", {"secrets": refused("AccessDeniedException")}),
    Kind("denied_from_here_on", {"secrets": refused("AccessDeniedException")}, again=True),
)
OF_RINGS = (Kind("unreadable", {"secrets": Fault(status=200, document={"SecretString": "{"})}),)
OF_SES = (
    Kind("paused", {"mail": refused("SendingPausedException")}),
    Kind("suspended", {"mail": refused("AccountSuspendedException")}),
    Kind("rejected", {"mail": refused("MessageRejected")}),
    Kind("bad_request", {"mail": refused("BadRequestException")}),
    Kind("quota", {"mail": refused("LimitExceededException")}),
)
