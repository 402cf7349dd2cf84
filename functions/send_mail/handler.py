"""The queue's worker: make the link, store it, and only then send it.

In this order a letter never holds a link that does not work. A job that comes twice makes the same link twice. One that
cannot be done now goes back as a copy: waiting for SES or a table must not use up the few times a message is received.
"""

import zoneinfo  # noqa: F401 - letters tell times of day; loaded here, no job waits for it
from typing import assert_never

from latchkey import keys, settings, tokens, web
from latchkey.mail import letters, queue, ses
from latchkey.mail.letters import Errand, Letter, Notice, Words
from latchkey.rules import jobs
from latchkey.rules.accounts import Account
from latchkey.rules.events import Event, Kind
from latchkey.rules.jobs import Job
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import Unavailable
from latchkey.store import accounts, events, links, practices
from latchkey.store.tables import OUTAGES


def work(body: str, instant: int) -> web.Outcome:
    """Keep one promise of mail, or write down why not.

    :raises ValueError: the message holds no promise.
    :raises web.NotNow: what it takes does not answer.
    """
    job = queue.read(body)
    try:
        return _keep(job, instant)
    except ses.Delayed as delayed:
        raise web.NotNow(delayed.reason, delayed.closed) from None
    except (Unavailable, *OUTAGES) as outage:
        raise web.NotNow(type(outage).__name__) from None


def put_off(body: str, instant: int, obstacle: web.NotNow) -> web.Outcome:
    """Put a copy back for later: half of the longest wait from now, and up to as long again by chance.

    :raises ValueError: the message holds no promise.
    """
    job = queue.read(body)
    longest = jobs.wait(job, instant // 1000, closed=obstacle.lasting)
    queue.put(job, longest * (100 + obstacle.percent) // 200)
    return web.Outcome("delayed", obstacle.reason, job.practice)


def _keep(job: Job, instant: int) -> web.Outcome:
    now = instant // 1000
    account = accounts.find(job.account)
    void = jobs.void(job, account, now)
    if void or account is None:
        return _suppressed(job, account, void or "no_access", instant)
    letter = _letter(job, practices.load(job.practice, now), account, now)
    if letter is None:
        return _suppressed(job, account, "superseded", instant)

    try:
        message = ses.send(letter, {"practice": job.practice, "account": tokens.encode(job.account)})
    except ses.Delayed:
        _note(job, "delayed", now)
        raise
    except ses.Rejected as rejected:
        _write_down(job, Kind.LINK_FAILED, instant, str(rejected))
        _note(job, "rejected", now)
        return web.Outcome("rejected", ses.IN_WORDS.get(str(rejected), str(rejected)), job.practice)
    # at once: a report of a mail that is not known yet is passed over; where the row then fails, the job comes again
    _note(job, "sent", now, message)
    _write_down(job, Kind.LINK_SENT if job.has_link else Kind.NOTICE_SENT, instant)
    return web.Outcome("sent", None, job.practice)


def _letter(job: Job, practice: Practice, account: Account, now: int) -> Letter | None:
    """The letter of a job; None if it carries a link that is no longer the newest of its account."""
    match job.kind:
        case "pin_made":
            return letters.pin_made(practice, _notice(job, practice, account))
        case "address_changed":
            return letters.address_changed(practice, _notice(job, practice, account))
        case "sign_in" | "invitation":
            url = _mint(job, job.kind, now)
            return _letter_with(url, job, job.kind, practice, account) if url else None
        case _:
            assert_never(job.kind)


def _mint(job: Job, kind: tokens.Kind, now: int) -> str | None:
    """The URL of the job's link, made or found made; None if it is no longer the newest of its account."""
    for token in tokens.links(keys.link(), job.practice, kind, job.account, job.request):
        if links.mint(job, token, now):
            return f"{job.origin}/{job.practice}/link/{token.text()}"
    return None


def _letter_with(url: str, job: Job, kind: tokens.Kind, practice: Practice, account: Account) -> Letter:
    errand = Errand(
        address=account.address,
        language=account.language,
        url=url,
        sender=_sender(practice),
        reference=job.request.hex(),
        hours=settings.load().link_seconds // 3600,
    )
    words = _words(practice, kind, account)
    portal = f"{job.origin}/{job.practice}"
    match kind:
        case "invitation":
            return letters.invitation(
                practice,
                errand,
                name=account.name,
                portal=portal,
                words=words,
                subject=job.subject,
                message=job.message,
                items=job.items,
            )
        case "sign_in":
            return letters.sign_in(
                practice, errand, requested_at=job.asked_at // 1000, name=account.name, portal=portal, words=words
            )
        case _:
            assert_never(kind)


def _notice(job: Job, practice: Practice, account: Account) -> Notice:
    return Notice(
        address=account.address,
        language=account.language,
        sender=_sender(practice),
        reference=job.request.hex(),
        at=job.asked_at // 1000,
    )


def _words(practice: Practice, kind: str, account: Account) -> Words | None:
    own = practice.letters.get(f"{kind}/{account.language}")
    return Words(**{part: own.get(part, "") for part in ("greeting", "body", "footer")}) if own else None


def _sender(practice: Practice) -> str:
    return f"{practice.sender}@{settings.load().sender_domain}"


def _suppressed(job: Job, account: Account | None, reason: jobs.Reason, instant: int) -> web.Outcome:
    _write_down(job, Kind.LINK_SUPPRESSED, instant, reason)
    if account and (status := jobs.shown(reason)):
        _note(job, status, instant // 1000)
    return web.Outcome("suppressed", reason, job.practice)


def _note(job: Job, status: str, now: int, message: str | None = None) -> None:
    """Show the clinician what became of a link; a notice is not what they ask about."""
    if job.has_link:
        accounts.note_mail(job.account, status, now, message)


def _write_down(job: Job, kind: Kind, instant: int, reason: str | None = None) -> None:
    events.add(Event(job.practice, job.account, kind, instant, actor="system", reason=reason, method=job.kind))


handle = web.worker(work, put_off)
