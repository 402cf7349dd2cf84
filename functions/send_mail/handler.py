"""The queue's worker: make the link, store it, and only then send it.

In this order a letter never holds a link that does not work. A job that comes twice makes the same link twice.
"""

from latchkey import keys, settings, tokens, web
from latchkey.mail import letters, queue, ses
from latchkey.mail.letters import Errand, Letter
from latchkey.rules import jobs
from latchkey.rules.accounts import Account
from latchkey.rules.events import Event, Kind
from latchkey.rules.jobs import Job
from latchkey.rules.practices import Practice
from latchkey.store import accounts, events, links, practices


def work(body: str, instant: int) -> web.Outcome:
    """Keep one promise of mail, or write down why not.

    :raises ValueError: the message holds no promise.
    """
    job, now = queue.read(body), instant // 1000
    account = accounts.find(job.account)
    void = jobs.void(job, account, now)
    if void or account is None:
        return _suppressed(job, account, void or "no_access", instant)
    link = _mint(job, now)
    if link is None:
        return _suppressed(job, account, "superseded", instant)

    practice = practices.load(job.practice, now)
    try:
        message = ses.send(
            _letter(job, practice, account, link), {"practice": job.practice, "account": tokens.encode(job.account)}
        )
    except ses.Delayed as delayed:
        # a copy for later, so that waiting for SES does not use up the message's receives
        queue.put(job, delayed.seconds)
        return web.Outcome("delayed", delayed.reason, job.practice)
    except ses.Rejected as rejected:
        _write_down(job, Kind.LINK_FAILED, instant, str(rejected))
        accounts.note_mail(job.account, "rejected", now)
        return web.Outcome("rejected", str(rejected), job.practice)
    _write_down(job, Kind.LINK_SENT, instant)
    accounts.note_mail(job.account, "sent", now, message)
    return web.Outcome("sent", None, job.practice)


def _mint(job: Job, now: int) -> str | None:
    """The URL of the job's link, made or found made; None if it is no longer the newest of its account."""
    for token in tokens.links(keys.link(), job.practice, job.kind, job.account, job.request):
        if links.mint(job, token, now):
            return f"{job.origin}/{job.practice}/link/{token.text()}"
    return None


def _letter(job: Job, practice: Practice, account: Account, url: str) -> Letter:
    errand = Errand(
        address=account.address,
        language=account.language,
        url=url,
        sender=f"{practice.sender}@{settings.load().sender_domain}",
        reference=job.request.hex(),
        hours=settings.load().link_seconds // 3600,
    )
    if job.kind == "invitation":
        return letters.invitation(practice, errand, name=account.name, portal=f"{job.origin}/{job.practice}")
    return letters.sign_in(practice, errand, requested_at=job.asked_at // 1000)


def _suppressed(job: Job, account: Account | None, reason: str, instant: int) -> web.Outcome:
    _write_down(job, Kind.LINK_SUPPRESSED, instant, reason)
    if account and reason in jobs.SHOWN:
        accounts.note_mail(job.account, jobs.SHOWN[reason], instant // 1000)
    return web.Outcome("suppressed", reason, job.practice)


def _write_down(job: Job, kind: Kind, instant: int, reason: str | None = None) -> None:
    events.add(Event(job.practice, job.account, kind, instant, actor="system", reason=reason, method="link"))


handle = web.worker(work)
