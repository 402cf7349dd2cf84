"""The rate limit on PINs and invitations of one clinician."""

from collections.abc import Iterator
from contextlib import contextmanager

from latchkey.rules.events import EventKind
from latchkey.rules.limits import CREATED_PER_CLINICIAN
from latchkey.rules.refusals import RateLimited, Refusal
from latchkey.store import events, limits
from latchkey.store.limits import Reservations
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext


@contextmanager
def reserve(context: RequestContext) -> Iterator[Reservations]:
    """Count one PIN or invitation of the clinician. Release the reservation after a refusal or an outage.

    :raises RateLimited: the clinician has created too many in the last minute.
    """
    with limits.reserve(context.now, also_on=(Refusal,)) as reservations:
        try:
            reservations.add(CREATED_PER_CLINICIAN, context.clinician.subject)
        except RateLimited as refusal:
            events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.LIMIT_HIT, refusal.limit))
            raise
        yield reservations
