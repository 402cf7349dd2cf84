"""The worker of the mail queue: make the link, store it, then send the letter.

In this order a letter never holds a link that does not work. A job that is delivered twice makes the same link twice. A
job that cannot be done now is queued again as a copy. An outage must not use up the few receives of a message.
"""

import zoneinfo  # noqa: F401 - letters need it for times of day; loaded here, it delays no job
from typing import assert_never
from urllib.parse import quote

from latchkey import keys, settings, tokens, web
from latchkey.mail import letters, link_letters, queue, ses
from latchkey.mail.letters import Letter, Notice
from latchkey.mail.link_letters import LinkLetter
from latchkey.rules import mail
from latchkey.rules.accounts import Account
from latchkey.rules.events import Event, EventKind
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind, MailJob, SampleJob
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import Unavailable
from latchkey.rules.times import Millis
from latchkey.store import accounts, events, links, mail_status, members, practices
from latchkey.store.dynamodb import OUTAGES


def send(body: str, now_ms: Millis) -> web.JobResult:
    """Send the mail of a job, or record the reason why it is not sent.

    :raises ValueError: the message holds no mail job.
    :raises web.RetryLater: SES or a table does not answer.
    """
    job = queue.parse_job(body)
    try:
        return _send_sample(job, now_ms) if isinstance(job, SampleJob) else _process(job, now_ms)
    except ses.Delayed as delayed:
        raise web.RetryLater(delayed.reason, delayed.sending_paused) from None
    except (Unavailable, *OUTAGES) as outage:
        raise web.RetryLater(type(outage).__name__) from None


def requeue(body: str, now_ms: Millis, error: web.RetryLater) -> web.JobResult:
    """Queue a copy of a job, after half of the longest delay and a random part of the other half.

    :raises ValueError: the message holds no mail job.
    """
    job = queue.parse_job(body)
    max_delay = mail.retry_delay(job, now_ms // 1000, sending_paused=error.is_prolonged)
    queue.send_job(job, max_delay * (100 + error.jitter_percent) // 200)
    return web.JobResult("delayed", error.reason, job.practice)


def _process(job: MailJob, now_ms: Millis) -> web.JobResult:
    now = now_ms // 1000
    account = accounts.find_without_sessions(job.account_key)
    skip_reason = mail.skip_reason(job, account, now)
    if skip_reason or account is None:
        return _skip(job, account, skip_reason or "no_access", now_ms)
    letter = _letter(job, practices.get_cached(job.practice, now), account, now)
    if letter is None:
        return _skip(job, account, "superseded", now_ms)

    try:
        message = ses.send(letter, _tags(job))
    except ses.Delayed:
        _set_status(job, "delayed", now)
        raise
    except ses.Rejected as rejected:
        _append_event(job, EventKind.LINK_FAILED, now_ms, str(rejected))
        _set_status(job, "rejected", now)
        return web.JobResult("rejected", ses.EXPLANATIONS.get(str(rejected), str(rejected)), job.practice)
    # If the audit row then fails, SQS redelivers the job.
    if not mail.sent_is_in_audit(account):
        _set_status(job, "sent", now, message)
    _append_event(job, EventKind.LINK_SENT if job.has_link else EventKind.NOTICE_SENT, now_ms)
    return web.JobResult("sent", None, job.practice)


def _tags(job: MailJob) -> dict[str, str]:
    """Return the tags of a mail, which SES repeats in its reports. A notice has no `job`: clinicians see no status."""
    tags = {"practice": job.practice, "account": tokens.base64url_encode(job.account_key)}
    return tags | {"job": job.sequence} if job.has_link else tags


def _send_sample(job: SampleJob, now_ms: Millis) -> web.JobResult:
    """Send a member the sample of a letter, to no other address than their own."""
    now = now_ms // 1000
    address = members.verified_address_of(job.practice, job.subject)
    if address is None or mail.is_late(job, now):
        return web.JobResult("suppressed", "late" if address else "no_access", job.practice)
    # Without the tag of an account, a report about it changes nothing.
    letter = link_letters.sample(practices.get_cached(job.practice, now), job, address)
    try:
        ses.send(letter, {"practice": job.practice})
    except ses.Rejected as rejected:
        return web.JobResult("rejected", ses.EXPLANATIONS.get(str(rejected), str(rejected)), job.practice)
    return web.JobResult("sent", None, job.practice)


def _letter(job: MailJob, practice: Practice, account: Account, now: int) -> Letter | None:
    """Return the letter of a job, or None if it has a link and the account has a newer one."""
    match job.kind:
        case "pin_made":
            return letters.pin_made(practice, _notice(job, practice, account))
        case "address_changed":
            return letters.address_changed(practice, _notice(job, practice, account))
        case "waiting":
            return letters.waiting(practice, _notice(job, practice, account), portal=f"{job.origin}/{job.practice}")
        case "sign_in" | "invitation":
            return _link_letter(job, job.kind, practice, account, now)
        case _:
            assert_never(job.kind)


def _link_letter(job: MailJob, kind: LinkMailKind, practice: Practice, account: Account, now: int) -> Letter | None:
    language = _language(job, account)
    url = _mint(job, kind, now, language)
    if url is None:
        return None
    letter = LinkLetter(
        kind=kind,
        language=language,
        address=account.address,
        name=account.name,
        portal=f"{job.origin}/{job.practice}",
        url=url,
        entity_ref_id=job.job_id.hex(),
        requested_at=job.requested_at_ms // 1000,
        subject=job.subject,
        message=job.message,
        items=job.items,
    )
    return link_letters.render(practice, letter)


def _language(job: MailJob, account: Account) -> Language:
    """Return the language of the page on which the link was requested, else the person's own (B135)."""
    return job.language or account.letter_language


def _mint(job: MailJob, kind: tokens.LinkKind, now: int, language: Language) -> str | None:
    """Return the URL of the job's link, which is stored first. Return None if the account has a newer link.

    The URL names the letter's language, so that the link's pages have it on every device. It also names the page that
    the person comes back to.
    """
    letter_language = language if kind == "sign_in" else None
    for token in tokens.link_candidates(keys.link(), job.practice, kind, job.account_key, job.job_id):
        if links.mint(job, token, now, letter_language):
            to = f"&to={quote(job.to, safe='')}" if job.to else ""
            return f"{job.origin}/{job.practice}/link/{token.text()}?lang={language}{to}"
    return None


def _notice(job: MailJob, practice: Practice, account: Account) -> Notice:
    return Notice(
        address=account.address,
        language=account.letter_language,
        sender=practice.from_address(settings.load().sender_domain),
        entity_ref_id=job.job_id.hex(),
        at=job.requested_at_ms // 1000,
    )


def _skip(job: MailJob, account: Account | None, reason: mail.SkipReason, now_ms: Millis) -> web.JobResult:
    _append_event(job, EventKind.LINK_SUPPRESSED, now_ms, reason)
    if account and reason == "no_consent" and job.kind == "sign_in":
        accounts.set_attention(job.account_key, "no_consent", now_ms // 1000, job.job_id.hex())
    if account and (status := mail.status_of_skipped(reason)):
        _set_status(job, status, now_ms // 1000)
    return web.JobResult("suppressed", reason, job.practice)


def _set_status(job: MailJob, status: str, now: int, message: str | None = None) -> None:
    """Store the status of a mail with a link. Clinicians see no status of notices."""
    if job.has_link:
        mail_status.write(job.account_key, status, now, message, sequence=job.sequence)


def _append_event(job: MailJob, kind: EventKind, now_ms: Millis, reason: str | None = None) -> None:
    """Write an audit event of the letter. The page of its link, once dead, shows the support code (B145)."""
    code = tokens.support_code_of_letter(job.job_id)
    events.append(
        Event(
            job.practice,
            job.account_key,
            kind,
            now_ms,
            actor="system",
            reason=reason,
            method=job.kind,
            support_code=code,
        )
    )


handle = web.sqs_handler(send, requeue)
