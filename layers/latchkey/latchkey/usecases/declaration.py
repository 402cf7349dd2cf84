"""What is declared once of a use case: the role it needs, and how often and for whom it may run."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Concatenate

from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import RoleMissing
from latchkey.store import events
from latchkey.usecases import rate_limits
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext


class RateLimit(Enum):
    """Which calls of a use case count against `CREATED_PER_CLINICIAN`."""

    NONE = "none"
    EVERY_CALL = "every call"
    """The declaration reserves before the use case runs."""
    INVITATIONS = "invitations"
    """Only calls that send an invitation count. The use case reserves when it knows that this one does.
    `outbox.queue_invitation` takes the reservation, so that none can be left out."""


@dataclass(frozen=True, slots=True)
class UseCase[**P, R]:
    """A function that a clinician with the role may call, with what is declared of it."""

    name: str
    """Module and function, such as `access.invite`."""
    role: Role
    """The least role."""
    idempotent: bool
    """A request with an idempotency key runs it once. The face applies `idempotency.run_once`, since what is
    stored is the face's response."""
    rate_limit: RateLimit
    may_create_practice: bool
    """The practice need not exist yet."""
    function: Callable[Concatenate[RequestContext, P], R]

    def __call__(self, context: RequestContext, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the use case.

        :raises RoleMissing: the clinician's role is too low.
        :raises RateLimited: every call counts, and the clinician has created too much in the last minute.
        """
        self.require_role(context)
        if self.rate_limit is not RateLimit.EVERY_CALL:
            return self.function(context, *args, **kwargs)
        with rate_limits.reserve(context):
            return self.function(context, *args, **kwargs)

    def require_role(self, context: RequestContext) -> None:
        """Raise unless the clinician has the role, and write the audit event.

        A face calls this before it reads a body. The use case itself checks again, so that no face can forget.

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
) -> Callable[[Callable[Concatenate[RequestContext, P], R]], UseCase[P, R]]:
    """Return a decorator that makes a use case of a function."""

    def declare(function: Callable[Concatenate[RequestContext, P], R]) -> UseCase[P, R]:
        name = f"{function.__module__.rpartition('.')[2]}.{function.__name__}"
        return UseCase(name, role, idempotent, rate_limit, may_create_practice, function)

    return declare
