"""Take an address, promise a link. The mail is made and sent elsewhere, so that the answer takes as long for an
address on file as for any other."""

from latchkey import metrics, pages, settings, tokens, web
from latchkey.mail import queue
from latchkey.metrics import Metric
from latchkey.rules import addresses
from latchkey.rules.accounts import Account
from latchkey.rules.events import EventKind
from latchkey.rules.limits import (
    MAIL_PER_PRACTICE,
    REQUEST_LINK_PER_ADDRESS,
    REQUEST_LINK_PER_NETWORK,
    REQUEST_LINK_PER_SOURCE,
    RESEND_COOLDOWN,
    UNKNOWN_ADDRESS_PER_NETWORK,
    UNKNOWN_ADDRESS_PER_SOURCE,
)
from latchkey.rules.mail import MailJob
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.refusals import EmailUnknown, NoMailPossible, RateLimited, Refusal, SignedOut
from latchkey.rules.sessions import IDLE_TIMEOUT_SECONDS
from latchkey.store import accounts, limits, sessions
from latchkey.store.limits import Reservations
from latchkey.web import cookies, current_session, refusals
from latchkey.web.audit import append
from latchkey.web.responses import page_context
from latchkey.web.typed_address import typed_address

BY_SOURCE = {
    limit.name
    for limit in (
        REQUEST_LINK_PER_SOURCE,
        REQUEST_LINK_PER_NETWORK,
        UNKNOWN_ADDRESS_PER_SOURCE,
        UNKNOWN_ADDRESS_PER_NETWORK,
    )
}
"""Limits that leave no row in the audit when they are hit: a flood must not become a flood of rows."""


def show_landing(request: web.Request) -> web.Response:
    """The page to bookmark (B9); `?client=existing` is for the link on a practice's own website."""
    if request.query_value("client") == "existing":
        return web.see_other(request.portal_path("sign-in"))
    return web.html_page(pages.landing(page_context(request), signed_in=current_session.peek(request) is not None))


def show_new_client(request: web.Request) -> web.Response:
    """For those who never signed in; no link comes from here (B5)."""
    return web.html_page(pages.new_client(page_context(request)))


def show_form(request: web.Request) -> web.Response:
    """Ask for the address. Whoever is signed in goes on; whoever was is told why not any more."""
    try:
        sessions.peek(request.practice_or_404.slug, cookies.session(request), request.now)
    except SignedOut as ended:
        idle_minutes = IDLE_TIMEOUT_SECONDS // 60 if ended.idle else None
    else:
        return web.see_other(request.portal_path("home"))
    answer = web.html_page(pages.sign_in(page_context(request), idle_minutes=idle_minutes))
    return answer.with_cookies(cookies.clear_session(request)) if cookies.has_session_cookie(request) else answer


def request_link(request: web.Request) -> web.Response:
    """Promise a link, once a minute at most. What is counted, written and sent does not tell whose address it is
    where the practice gives every address one answer."""
    typed = request.form_value("email").strip(" \t\r\n")
    address = addresses.canonical(typed)
    tells = request.practice_or_404.unknown_address is UnknownAddressPolicy.TELL
    key = accounts.key_of(request.practice_or_404.slug, address)
    known = cookies.known_browser_id(request, key)
    with limits.reservations() as reserved:
        if not known:
            _take_by_source(request, reserved)
        account = accounts.find(key)
        if tells and (refusal := _refusal(account)):
            if known:
                _take_by_source(request, reserved)
            # both answers say something about the address, so both cost the source a guess
            reserved.reserve_source(
                request.source_ip, UNKNOWN_ADDRESS_PER_SOURCE, UNKNOWN_ADDRESS_PER_NETWORK, request.now, road="ask"
            )
            append(request, key, EventKind.LINK_REFUSED, "link", refusals.code(refusal))
            raise refusal

        job = MailJob(
            practice=request.practice_or_404.slug,
            account_key=key,
            job_id=tokens.random_id(),
            epoch=account.epoch if account else 0,
            kind="sign_in",
            requested_at_ms=request.now_ms,
            origin=request.origin,
        )
        remembering = cookies.set_requested(request, job.job_id, typed)
        try:
            _queue_mail(request, job, reserved, known=known)
        except RateLimited as waiting:
            if waiting.limit != RESEND_COOLDOWN.name:
                if waiting.limit not in BY_SOURCE:
                    append(request, key, EventKind.LIMIT_HIT, "link", waiting.limit)
                raise
            # nothing that opens a link, and nothing in place of it: of two presses at once either may be answered last
            return _accepted(request).with_cookies(cookies.set_typed(request, typed), cookies.set_repeat(request))
    answer = _accepted(request).with_cookies(*remembering)
    return answer.with_cookies(cookies.drop_again(request)) if cookies.is_repeat(request) else answer


def show_sent(request: web.Request) -> web.Response:
    """Where to look for the link; for half an hour the address stands there as it was typed, so that a typo can be
    seen."""
    if cookies.requested(request) is None and cookies.typed(request) is None:
        return web.see_other(request.portal_path("sign-in"))
    shown = typed_address(request)
    if shown.used:
        return web.html_page(pages.link_used_elsewhere(page_context(request))).with_cookies(
            *cookies.drop_request(request)
        )
    return web.html_page(
        pages.sent(
            page_context(request),
            address=shown.address,
            certain=request.practice_or_404.unknown_address is UnknownAddressPolicy.TELL,
            again=cookies.is_repeat(request),
            hours=settings.load().link_seconds // 3600,
        )
    )


def show_tips(request: web.Request) -> web.Response:
    """What to try when no link arrives (B80)."""
    return web.html_page(
        pages.tips(page_context(request), sender=f"{request.practice_or_404.sender}@{settings.load().sender_domain}")
    )


def _refusal(account: Account | None) -> Refusal | None:
    """Why no link can be mailed to the address of this account; None if one can."""
    if account is None or not account.may_sign_in:
        return EmailUnknown()
    if not account.can_receive_mail:
        return NoMailPossible()
    return None


def _take_by_source(request: web.Request, reserved: Reservations) -> None:
    """Count a request for where it comes from.

    :raises Waiting: the source, or the network around it, has asked too often; or, where the practice tells, has tried
        too many wrong addresses.
    """
    tells = request.practice_or_404.unknown_address is UnknownAddressPolicy.TELL
    guesses = (UNKNOWN_ADDRESS_PER_SOURCE, UNKNOWN_ADDRESS_PER_NETWORK) if tells else ()
    reserved.reserve_source(
        request.source_ip, REQUEST_LINK_PER_SOURCE, REQUEST_LINK_PER_NETWORK, request.now, unless=guesses, road="ask"
    )


def _queue_mail(request: web.Request, job: MailJob, reserved: Reservations, *, known: bool) -> None:
    """Count the request and queue its mail. What cannot be queued is not counted.

    The known browsers of an account have limits of their own, together, which strangers cannot use up and which cost
    their source nothing. Where these are used up, the ordinary ones apply.

    :raises Waiting: the address, the source or the practice has to wait.
    """
    own = reserved.reserve_known_first(
        limits.scope_key("browser", job.account_key) if known else None,
        limits.scope_key("address", job.account_key),
        REQUEST_LINK_PER_ADDRESS,
        request.now,
        otherwise=lambda: _take_by_source(request, reserved) if known else None,
    )
    try:
        reserved.reserve_known_first(
            limits.scope_key("practice browser", job.practice) if known else None,
            limits.scope_key("practice", job.practice),
            (MAIL_PER_PRACTICE,),
            request.now,
            busy=True,
        )
    except RateLimited:
        reserved.release(own)
        raise
    append(request, job.account_key, EventKind.LINK_REQUESTED, "link")
    queue.send_job(job)
    metrics.count(Metric.MAIL_QUEUED)


def _accepted(request: web.Request) -> web.Response:
    if request.wants_json:
        return web.json_response({"status": "sent"}, 202)
    return web.see_other(request.portal_path("sign-in/sent"))


handle = web.handler_for(
    {
        "/{practice}": {"GET": show_landing},
        "/{practice}/new-client": {"GET": show_new_client},
        "/{practice}/sign-in": {"GET": show_form, "POST": request_link},
        "/{practice}/sign-in/sent": {"GET": show_sent},
        "/{practice}/help": {"GET": show_tips},
    }
)
