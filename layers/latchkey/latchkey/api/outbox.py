"""Mail on a clinician's behalf: counted, promised to the queue, and shown as promised only if it was."""

from collections.abc import Iterator
from contextlib import contextmanager

from latchkey import metrics, tokens
from latchkey.api.bodies import InvitationTextBody
from latchkey.api.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.mail import queue
from latchkey.metrics import Metric
from latchkey.rules.accounts import Account
from latchkey.rules.events import EventKind
from latchkey.rules.limits import CREATED_PER_CLINICIAN
from latchkey.rules.mail import MailJob, MailKind
from latchkey.rules.refusals import RateLimited, Refusal, Unavailable
from latchkey.store import accounts, events, limits
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.limits import Reservations
from latchkey.web import log


@contextmanager
def reserve(act: RequestContext) -> Iterator[Reservations]:
    """Count one PIN or invitation of the clinician. A refusal or an outage releases it.

    :raises RateLimited: they have created too many in the last minute.
    """
    with limits.reserve(act.now, also_on=(Refusal,)) as reservations:
        try:
            reservations.add(CREATED_PER_CLINICIAN, act.clinician.subject)
        except RateLimited as limited:
            events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.LIMIT_HIT, limited.limit))
            raise
        yield reservations


def queue_invitation(act: RequestContext, account: Account, wording: InvitationTextBody | None = None) -> None:
    """Promise an invitation to someone who was given access.

    :raises Unavailable: the queue does not answer. Nothing is promised; asking again is safe.
    """
    accounts.set_mail_status(account.key, "queued", act.now)
    try:
        queue.send_job(_job(act, account, "invitation", wording))
    except OUTAGES as outage:
        log.log_fault(outage, act.request.support_code)
        accounts.set_mail_status(account.key, account.email_status, act.now)
        raise Unavailable from None
    metrics.count(Metric.MAIL_QUEUED)


def queue_notice(act: RequestContext, account: Account, kind: MailKind) -> None:
    """Tell the owner of an address what was done, if they may be written to. The telling is no condition of the
    doing: a PIN is for the very day on which mail fails."""
    if not account.can_receive_mail:
        return
    try:
        queue.send_job(_job(act, account, kind))
    except OUTAGES as outage:
        log.log_fault(outage, act.request.support_code)
    else:
        metrics.count(Metric.MAIL_QUEUED)


def _job(act: RequestContext, account: Account, kind: MailKind, wording: InvitationTextBody | None = None) -> MailJob:
    return MailJob(
        practice=act.slug,
        account_key=account.key,
        job_id=tokens.random_id(),
        epoch=account.epoch,
        kind=kind,
        requested_at_ms=act.now_ms,
        origin=act.request.origin,
        subject=wording.subject if wording else None,
        message=wording.message if wording else None,
        items=tuple(wording.items) if wording else (),
    )
