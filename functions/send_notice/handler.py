"""The worker of other services' notices: look up the person, count, claim the id, then send the letter.

A message that can never be sent is logged with a code and is done. It holds back no other. A message that cannot be
sent now is queued again as a copy.
"""

import zoneinfo  # noqa: F401 - letters need it for times of day; loaded here, it delays no notice

from latchkey import settings, tokens, web
from latchkey.mail import letters, queue, ses
from latchkey.mail.letters import Letter, Notice
from latchkey.metrics import Metric
from latchkey.rules import mail, notices
from latchkey.rules.accounts import Account
from latchkey.rules.events import Event, EventKind
from latchkey.rules.limits import NOTICES_PER_ACCOUNT
from latchkey.rules.mail import SERVICE_NOTICE
from latchkey.rules.notices import NoticeRefused, ServiceNotice
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import IdempotencyInProgress, PracticeUnknown, RateLimited, Unavailable
from latchkey.rules.times import Millis
from latchkey.store import accounts, events, limits, practices
from latchkey.store import notices as sent_notices
from latchkey.store.dynamodb import OUTAGES

METRIC_BY_RESULT = {
    "sent": Metric.NOTICE_SENT,
    "refused": Metric.NOTICE_REFUSED,
    "suppressed": Metric.MAIL_SKIPPED,
    "delayed": Metric.MAIL_DEFERRED,
    "rejected": Metric.MAIL_REJECTED,
}


def send(body: str, now_ms: Millis) -> web.JobResult:
    """Send the notice in a message, or return the reason why it is not sent.

    :raises web.RetryLater: SES or a table does not answer, or another worker has the same notice.
    """
    slug = None
    try:
        notice = notices.parse(body, now_ms)
        practice = _practice(notice, now_ms)
        slug = practice.slug
        return _process(notice, practice, now_ms)
    except NoticeRefused as refused:
        # a name that is no practice is not logged, because it may be anything
        return web.JobResult("refused", refused.code, slug)
    except ses.Delayed as delayed:
        raise web.RetryLater(delayed.reason, delayed.sending_paused) from None
    except (IdempotencyInProgress, Unavailable, *OUTAGES) as outage:
        raise web.RetryLater(type(outage).__name__) from None


def requeue(body: str, now_ms: Millis, error: web.RetryLater) -> web.JobResult:
    """Queue a copy of a notice, after half of the longest delay and a random part of the other half."""
    try:
        notice = notices.parse(body, now_ms)
    except NoticeRefused as refused:
        return web.JobResult("refused", refused.code)
    max_delay = mail.retry_delay(notice, now_ms // 1000, sending_paused=error.is_prolonged)
    queue.send_notice(notice, max_delay * (100 + error.jitter_percent) // 200)
    return web.JobResult("delayed", error.reason, notice.practice)


def _practice(notice: ServiceNotice, now_ms: Millis) -> Practice:
    try:
        return practices.get_cached(notice.practice, now_ms // 1000)
    except PracticeUnknown:
        raise NoticeRefused("practice_unknown") from None


def _process(notice: ServiceNotice, practice: Practice, now_ms: Millis) -> web.JobResult:
    now = now_ms // 1000
    account = accounts.find_by_id(notice.practice, notice.account)
    if account is None:
        raise NoticeRefused("account_unknown")
    if not sent_notices.claim(notice, now):
        return web.JobResult("passed_over", None, notice.practice)
    is_sent = False
    try:
        result = _send_claimed(notice, practice, account, now_ms)
        is_sent = result.name == "sent"
        return result
    finally:
        if not is_sent:
            sent_notices.release(notice)


def _send_claimed(notice: ServiceNotice, practice: Practice, account: Account, now_ms: Millis) -> web.JobResult:
    """Send a notice whose id is claimed, or record the reason why it is not sent.

    :raises NoticeRefused: the account had all of its notices of the day.
    """
    now = now_ms // 1000
    if reason := mail.skip_reason_of_notice(notice, account, now):
        events.append(_event(notice, account, EventKind.LINK_SUPPRESSED, now_ms, reason))
        return web.JobResult("suppressed", reason, notice.practice)
    letter = _letter(notice, practice, account, now)
    try:
        counted = limits.count(limits.scope_key(*NOTICES_PER_ACCOUNT.key, account.key), NOTICES_PER_ACCOUNT.limits, now)
    except RateLimited:
        raise NoticeRefused("too_many") from None
    try:
        ses.send(letter, {"practice": notice.practice, "account": tokens.base64url_encode(account.key)})
    except ses.Delayed:
        limits.release_all([counted])
        raise
    except ses.Rejected as rejected:
        events.append(_event(notice, account, EventKind.LINK_FAILED, now_ms, str(rejected)))
        return web.JobResult("rejected", ses.EXPLANATIONS.get(str(rejected), str(rejected)), notice.practice)
    sent_notices.record_sent(notice, now, _event(notice, account, EventKind.NOTICE_SENT, now_ms))
    return web.JobResult("sent", None, notice.practice)


def _letter(notice: ServiceNotice, practice: Practice, account: Account, now: int) -> Letter:
    language, config = account.letter_language, settings.load()
    to = Notice(
        address=account.address,
        language=language,
        sender=practice.from_address(config.sender_domain),
        entity_ref_id=_job_id(notice).hex(),
        at=now,
    )
    return letters.service_notice(
        practice,
        to,
        subject=notice.subjects[language],
        lines=notice.lines[language],
        url=f"{config.portal_origin or config.api_origin}{notice.path}",
    )


def _job_id(notice: ServiceNotice) -> bytes:
    return tokens.base64url_decode(sent_notices.record_key(notice)) or b""


def _event(
    notice: ServiceNotice, account: Account, kind: EventKind, now_ms: Millis, reason: str | None = None
) -> Event:
    return Event(
        notice.practice,
        account.key,
        kind,
        now_ms,
        actor="system",
        reason=reason,
        method=SERVICE_NOTICE,
        support_code=tokens.support_code_of_letter(_job_id(notice)),
    )


handle = web.sqs_handler(send, requeue, METRIC_BY_RESULT)
