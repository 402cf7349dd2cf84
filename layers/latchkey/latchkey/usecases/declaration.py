"""The declaration of a use case: its role, its rate limit, and its use of idempotency keys."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Concatenate

from latchkey.rules.events import EventKind
from latchkey.rules.limits import CREATED_PER_CLINICIAN, SAMPLES_PER_CLINICIAN
from latchkey.rules.members import Role
from latchkey.rules.refusals import RoleMissing
from latchkey.store import events
from latchkey.usecases import rate_limits
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext


class RateLimit(Enum):
    """The calls of a use case that count, against `CREATED_PER_CLINICIAN` unless the member says otherwise."""

    NONE = "none"
    EVERY_CALL = "every call"
    """The declaration reserves before the use case runs."""
    SAMPLES = "samples"
    """The same, against `SAMPLES_PER_CLINICIAN`."""
    INVITATIONS = "invitations"
    """Only calls that send an invitation count, so the use case itself reserves.
    `outbox.queue_invitation` takes the reservation, so that no call can omit it."""


_POLICIES = {RateLimit.EVERY_CALL: CREATED_PER_CLINICIAN, RateLimit.SAMPLES: SAMPLES_PER_CLINICIAN}
"""The limits that the declaration itself reserves."""


@dataclass(frozen=True, slots=True)
class UseCase[**P, R]:
    """A function that a clinician with the role may call, and its declaration."""

    name: str
    """Module and function, such as `access.invite`."""
    role: Role
    """The lowest role that may call it."""
    idempotent: bool
    """True if a request with an idempotency key runs once. The interface calls `idempotency.run_once`, because the
    stored value is the response of the interface."""
    rate_limit: RateLimit
    may_create_practice: bool
    """True if the practice need not exist yet."""
    of_stack: bool
    """True if the use case concerns the stack and not one practice. Then no membership is needed, only the role."""
    function: Callable[Concatenate[RequestContext, P], R]

    def __call__(self, context: RequestContext, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the use case, and return its result.

        :raises RoleMissing: the clinician's role is too low.
        :raises RateLimited: the clinician has reached the limit that the declaration names.
        """
        self.require_role(context)
        policy = _POLICIES.get(self.rate_limit)
        if policy is None:
            return self.function(context, *args, **kwargs)
        with rate_limits.reserve(context, policy):
            return self.function(context, *args, **kwargs)

    def require_role(self, context: RequestContext) -> None:
        """Raise unless the clinician has the role. A refusal writes an audit event.

        The interface calls this before it reads a body. The use case checks again, so that no interface can omit it.

        :raises RoleMissing: the clinician's role is too low.
        """
        if context.clinician.role < self.role:
            events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.ADMIN_DENIED, "role_missing"))
            raise RoleMissing


def use_case[**P, R](
    role: Role,
    *,
    idempotent: bool = False,
    rate_limit: RateLimit = RateLimit.NONE,
    may_create_practice: bool = False,
    of_stack: bool = False,
) -> Callable[[Callable[Concatenate[RequestContext, P], R]], UseCase[P, R]]:
    """Return a decorator that declares a function as a use case."""

    def declare(function: Callable[Concatenate[RequestContext, P], R]) -> UseCase[P, R]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        return UseCase(name, role, idempotent, rate_limit, may_create_practice, of_stack, function)

    return declare
