"""Mails that a use case queues after its write."""

from dataclasses import dataclass, field

from latchkey import log, metrics, tokens
from latchkey.mail import queue
from latchkey.mail.wording import WordingOverrides
from latchkey.metrics import Metric
from latchkey.rules.accounts import Account
from latchkey.rules.items import SharedItem
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind, MailJob, MailKind, SampleJob
from latchkey.rules.refusals import Unavailable
from latchkey.store import mail_status
from latchkey.store.dynamodb import OUTAGES
from latchkey.store.limits import Reservations
from latchkey.usecases.context import RequestContext


@dataclass(frozen=True, slots=True)
class InvitationRequest:
    """One invitation, with the practice's wording or a text of its own."""

    email: str | None = field(default=None, repr=False)
    """The address to invite, one of the client's. None for the address of the client's sign-in."""
    subject: str | None = None
    message: str | None = None
    items: tuple[SharedItem, ...] = ()
    """The items that are shared with the client."""


def queue_invitation(
    context: RequestContext,
    account: Account,
    reservations: Reservations,  # noqa: ARG001 - proves that the invitation was counted
    text: InvitationRequest | None = None,
) -> None:
    """Queue an invitation to an account that has access.

    :raises Unavailable: the queue does not respond. Nothing is queued, so the request can be repeated.
    """
    job = _job(context, account, "invitation", text)
    mail_status.write(account.key, "queued", context.now, sequence=job.sequence)
    if not _queue_job(context, job):
        mail_status.withdraw(account, job.sequence, context.now)
        raise Unavailable


def queue_notice(context: RequestContext, account: Account, kind: MailKind) -> bool:
    """Queue a notice to the account's address, if mail may be sent there. Return True if it is queued.

    If the queue is down, log it and go on: a PIN must work on the day that mail fails.
    """
    return account.can_receive_mail and _queue_job(context, _job(context, account, kind))


def queue_sample(
    context: RequestContext, kind: LinkMailKind, language: Language, wording: WordingOverrides | None
) -> None:
    """Queue a sample of a letter to the clinician who asks.

    :raises Unavailable: the queue does not respond. Nothing is queued, so the request can be repeated.
    """
    job = SampleJob(
        practice=context.slug,
        subject=context.clinician.subject,
        job_id=tokens.random_id(),
        letter=kind,
        language=language,
        requested_at_ms=context.now_ms,
        origin=context.origin,
        wording=(wording.greeting, wording.body, wording.footer) if wording else None,
    )
    if not _queue_job(context, job):
        raise Unavailable


def _queue_job(context: RequestContext, job: MailJob | SampleJob) -> bool:
    """Queue a job, and count it. Return False, with the fault in the log, if the queue does not respond."""
    try:
        queue.send_job(job)
    except OUTAGES as outage:
        log.log_fault(outage, context.support_code)
        return False
    metrics.count(Metric.MAIL_QUEUED)
    return True


def _job(context: RequestContext, account: Account, kind: MailKind, text: InvitationRequest | None = None) -> MailJob:
    return MailJob(
        practice=context.slug,
        account_key=account.key,
        job_id=tokens.random_id(),
        epoch=account.epoch,
        kind=kind,
        requested_at_ms=context.now_ms,
        origin=context.origin,
        subject=text.subject if text else None,
        message=text.message if text else None,
        items=tuple(item.title for item in text.items) if text else (),
    )
