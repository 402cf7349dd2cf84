"""Rate limits of one clinician: PINs and invitations, and sample letters."""

from collections.abc import Iterator
from contextlib import contextmanager

from latchkey.rules.events import EventKind
from latchkey.rules.limits import CREATED_PER_CLINICIAN, Policy
from latchkey.rules.refusals import RateLimited, Refusal
from latchkey.store import events, limits
from latchkey.store.limits import Reservations
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext


@contextmanager
def reserve(context: RequestContext, policy: Policy = CREATED_PER_CLINICIAN) -> Iterator[Reservations]:
    """Count one request of the clinician, such as a PIN. Release the reservation after a refusal or an outage.

    :raises RateLimited: the clinician has created too many.
    """
    with limits.reserve(context.now, also_on=(Refusal,)) as reservations:
        try:
            reservations.add(policy, context.clinician.subject)
        except RateLimited as refusal:
            events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.LIMIT_HIT, refusal.limit))
            raise
        yield reservations
