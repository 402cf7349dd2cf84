"""Mail on a clinician's behalf: counted, promised to the queue, and shown as promised only if it was."""

from collections.abc import Iterator
from contextlib import contextmanager

from latchkey import metrics, tokens
from latchkey.admin.acts import PRACTICE_ROW, Act
from latchkey.admin.bodies import Wording
from latchkey.mail import queue
from latchkey.metrics import Metric
from latchkey.rules.accounts import Account
from latchkey.rules.budgets import MADE_BY_CLINICIAN
from latchkey.rules.events import Kind
from latchkey.rules.jobs import Job
from latchkey.rules.jobs import Kind as JobKind
from latchkey.rules.refusals import Refusal, Unavailable, Waiting
from latchkey.store import accounts, budgets, events
from latchkey.store.budgets import Taken
from latchkey.store.tables import OUTAGES
from latchkey.web import log


@contextmanager
def counted(act: Act) -> Iterator[Taken]:
    """Count one PIN or invitation of the clinician's; what is refused is given back.

    :raises Waiting: they have made too many in the last minute.
    """
    bucket = budgets.bucket_of("clinician", act.clinician.subject)
    try:
        taken = budgets.take(bucket, (MADE_BY_CLINICIAN,), act.now)
    except Waiting as waiting:
        events.add(act.event(PRACTICE_ROW, Kind.LIMIT_HIT, waiting.limit))
        raise
    try:
        yield taken
    except (Refusal, *OUTAGES):
        budgets.give_back(taken)
        raise


def invite(act: Act, account: Account, wording: Wording | None = None) -> None:
    """Promise an invitation to someone who was given access.

    :raises Unavailable: the queue does not answer. Nothing is promised; asking again is safe.
    """
    accounts.note_mail(account.key, "queued", act.now)
    try:
        queue.put(_job(act, account, "invitation", wording))
    except OUTAGES as outage:
        log.failed(outage, act.request.reference)
        accounts.note_mail(account.key, account.email_status, act.now)
        raise Unavailable from None
    metrics.count(Metric.ASKED)


def tell(act: Act, account: Account, kind: JobKind) -> None:
    """Tell the owner of an address what was done, if they may be written to. The telling is no condition of the
    doing: a PIN is for the very day on which mail fails."""
    if not account.can_receive_mail:
        return
    try:
        queue.put(_job(act, account, kind))
    except OUTAGES as outage:
        log.failed(outage, act.request.reference)
    else:
        metrics.count(Metric.ASKED)


def _job(act: Act, account: Account, kind: JobKind, wording: Wording | None = None) -> Job:
    return Job(
        practice=act.slug,
        account=account.key,
        request=tokens.request_id(),
        epoch=account.epoch,
        kind=kind,
        asked_at=act.instant,
        origin=act.request.origin,
        subject=wording.subject if wording else None,
        message=wording.message if wording else None,
        items=tuple(wording.items) if wording else (),
    )
