"""Take an address, promise a link. The mail is made and sent elsewhere, so that the answer takes as long for an
address on file as for any other."""

from latchkey import metrics, pages, settings, tokens, web
from latchkey.mail import queue
from latchkey.metrics import Metric
from latchkey.rules import addresses
from latchkey.rules.accounts import Account
from latchkey.rules.budgets import (
    ASK_BY_ADDRESS,
    ASK_BY_NETWORK,
    ASK_BY_SOURCE,
    JUST_ASKED,
    MAIL_BY_PRACTICE,
    WRONG_BY_NETWORK,
    WRONG_BY_SOURCE,
)
from latchkey.rules.events import Kind
from latchkey.rules.jobs import Job
from latchkey.rules.practices import UnknownAddress
from latchkey.rules.refusals import EmailUnknown, NoMailPossible, Refusal, SignedOut, Waiting
from latchkey.rules.sessions import IDLE_SECONDS
from latchkey.store import accounts, budgets, sessions
from latchkey.store.budgets import Reservation
from latchkey.web import arrivals, cookies, refusals
from latchkey.web.answers import frame
from latchkey.web.audit import write_down
from latchkey.web.typed import typed_address

BY_SOURCE = {limit.name for limit in (ASK_BY_SOURCE, ASK_BY_NETWORK, WRONG_BY_SOURCE, WRONG_BY_NETWORK)}
"""Limits that leave no row in the audit when they are hit: a flood must not become a flood of rows."""


def landing(request: web.Request) -> web.Response:
    """The page to bookmark (B9); `?client=existing` is for the link on a practice's own website."""
    if request.query("client") == "existing":
        return web.see_other(request.below("sign-in"))
    return web.page(pages.landing(frame(request), signed_in=arrivals.present(request) is not None))


def new_client(request: web.Request) -> web.Response:
    """For those who never signed in; no link comes from here (B5)."""
    return web.page(pages.new_client(frame(request)))


def form(request: web.Request) -> web.Response:
    """Ask for the address. Whoever is signed in goes on; whoever was is told why not any more."""
    try:
        sessions.look(request.at.slug, cookies.session(request), request.now)
    except SignedOut as ended:
        idle_minutes = IDLE_SECONDS // 60 if ended.idle else None
    else:
        return web.see_other(request.below("home"))
    answer = web.page(pages.sign_in(frame(request), idle_minutes=idle_minutes))
    return answer.keeping(cookies.drop_session(request)) if cookies.has_session(request) else answer


def ask(request: web.Request) -> web.Response:
    """Promise a link, once a minute at most. What is counted, written and sent does not tell whose address it is
    where the practice gives every address one answer."""
    typed = request.field("email").strip(" \t\r\n")
    address = addresses.canonical(typed)
    tells = request.at.unknown_address is UnknownAddress.TELL
    key = accounts.key_of(request.at.slug, address)
    known = cookies.knows(request, key)
    with budgets.reservation() as reserved:
        if not known:
            _take_by_source(request, reserved)
        account = accounts.find(key)
        if tells and (refusal := _refusal(account)):
            if known:
                _take_by_source(request, reserved)
            # both answers say something about the address, so both cost the source a guess
            reserved.take_by_source(request.source, WRONG_BY_SOURCE, WRONG_BY_NETWORK, request.now, road="ask")
            write_down(request, key, Kind.LINK_REFUSED, "link", refusals.code(refusal))
            raise refusal

        job = Job(
            practice=request.at.slug,
            account=key,
            request=tokens.request_id(),
            epoch=account.epoch if account else 0,
            kind="sign_in",
            asked_at=request.instant,
            origin=request.origin,
        )
        remembering = cookies.set_requested(request, job.request, typed)
        try:
            _promise(request, job, reserved, known=known)
        except Waiting as waiting:
            if waiting.limit != JUST_ASKED.name:
                if waiting.limit not in BY_SOURCE:
                    write_down(request, key, Kind.LIMIT_HIT, "link", waiting.limit)
                raise
            # nothing that opens a link, and nothing in place of it: of two presses at once either may be answered last
            return _on_its_way(request).keeping(cookies.set_typed(request, typed), cookies.set_again(request))
    answer = _on_its_way(request).keeping(*remembering)
    return answer.keeping(cookies.drop_again(request)) if cookies.asked_again(request) else answer


def sent(request: web.Request) -> web.Response:
    """Where to look for the link; for half an hour the address stands there as it was typed, so that a typo can be
    seen."""
    if cookies.requested(request) is None and cookies.typed(request) is None:
        return web.see_other(request.below("sign-in"))
    shown = typed_address(request)
    if shown.used:
        return web.page(pages.link_used_elsewhere(frame(request))).keeping(*cookies.drop_request(request))
    return web.page(
        pages.sent(
            frame(request),
            address=shown.address,
            certain=request.at.unknown_address is UnknownAddress.TELL,
            again=cookies.asked_again(request),
            hours=settings.load().link_seconds // 3600,
        )
    )


def tips(request: web.Request) -> web.Response:
    """What to try when no link arrives (B80)."""
    return web.page(pages.tips(frame(request), sender=f"{request.at.sender}@{settings.load().sender_domain}"))


def _refusal(account: Account | None) -> Refusal | None:
    """Why no link can be mailed to the address of this account; None if one can."""
    if account is None or not account.may_sign_in:
        return EmailUnknown()
    if not account.can_receive_mail:
        return NoMailPossible()
    return None


def _take_by_source(request: web.Request, reserved: Reservation) -> None:
    """Count a request for where it comes from.

    :raises Waiting: the source, or the network around it, has asked too often; or, where the practice tells, has tried
        too many wrong addresses.
    """
    tells = request.at.unknown_address is UnknownAddress.TELL
    guesses = (WRONG_BY_SOURCE, WRONG_BY_NETWORK) if tells else ()
    reserved.take_by_source(request.source, ASK_BY_SOURCE, ASK_BY_NETWORK, request.now, unless=guesses, road="ask")


def _promise(request: web.Request, job: Job, reserved: Reservation, *, known: bool) -> None:
    """Count the request and queue its mail. What cannot be queued is not counted.

    The known browsers of an account have limits of their own, together, which strangers cannot use up and which cost
    their source nothing. Where these are used up, the ordinary ones apply.

    :raises Waiting: the address, the source or the practice has to wait.
    """
    own = reserved.take_known_first(
        budgets.bucket_of("browser", job.account) if known else None,
        budgets.bucket_of("address", job.account),
        ASK_BY_ADDRESS,
        request.now,
        otherwise=lambda: _take_by_source(request, reserved) if known else None,
    )
    try:
        reserved.take_known_first(
            budgets.bucket_of("practice browser", job.practice) if known else None,
            budgets.bucket_of("practice", job.practice),
            (MAIL_BY_PRACTICE,),
            request.now,
            busy=True,
        )
    except Waiting:
        reserved.give_back(own)
        raise
    write_down(request, job.account, Kind.LINK_REQUESTED, "link")
    queue.put(job)
    metrics.count(Metric.ASKED)


def _on_its_way(request: web.Request) -> web.Response:
    if request.wants_json:
        return web.json_document({"status": "sent"}, 202)
    return web.see_other(request.below("sign-in/sent"))


handle = web.entry(
    {
        "/{practice}": {"GET": landing},
        "/{practice}/new-client": {"GET": new_client},
        "/{practice}/sign-in": {"GET": form, "POST": ask},
        "/{practice}/sign-in/sent": {"GET": sent},
        "/{practice}/help": {"GET": tips},
    }
)
