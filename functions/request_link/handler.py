"""Accepts requests for a link. Another function sends the mail, so that the response takes equally long for every
address."""

from functools import partial

from latchkey import metrics, pages, settings, tokens, web
from latchkey.http import problems
from latchkey.mail import queue
from latchkey.metrics import Metric
from latchkey.rules import addresses, mail, mistyped
from latchkey.rules.events import EventKind
from latchkey.rules.limits import (
    REQUEST_LINK_PER_ADDRESS,
    REQUEST_LINK_PER_SOURCE,
    RESEND_COOLDOWN,
    UNKNOWN_ADDRESS_PER_SOURCE,
    mail_per_practice,
)
from latchkey.rules.mail import MailJob
from latchkey.rules.practices import UnknownAddressPolicy
from latchkey.rules.refusals import DomainMistyped, RateLimited, SignedOut
from latchkey.rules.sessions import IDLE_TIMEOUT_SECONDS
from latchkey.store import accounts, limits, sessions
from latchkey.web import audit, cookies, current_session, link_pages, return_paths
from latchkey.web.documents import LinkSent
from latchkey.web.responses import next_page, page_context
from latchkey.web.typed_address import typed_address


def show_landing(request: web.Request) -> web.Response:
    """Return the landing page (B9). `?client=existing`, for links on a practice's website, redirects to the form."""
    if request.query_value("client") == "existing":
        return web.see_other(request.portal_path("sign-in"))
    live_session = current_session.peek(request)
    profile = live_session.opened_profile_of_another if live_session else None
    return web.html_page(pages.landing(page_context(request), signed_in=live_session is not None, profile=profile))


def show_new_client(request: web.Request) -> web.Response:
    """Return the page for people who never signed in. It sends no link (B5)."""
    return web.html_page(pages.new_client(page_context(request)))


def show_form(request: web.Request) -> web.Response:
    """Return the email form, with the address that was typed in this browser a short time ago (B138).

    It says so if a session ended for inactivity. A live session redirects home, or to the path in `to` (B182).
    """
    to = return_paths.in_query(request)
    try:
        live_session = sessions.peek(request.practice_or_404.slug, cookies.session(request), request.now)
    except SignedOut as ended:
        idle_minutes = IDLE_TIMEOUT_SECONDS // 60 if ended.idle else None
    else:
        return next_page(request, live_session, to)
    response = web.html_page(
        pages.sign_in(
            page_context(request),
            typed_address=typed_address(request).address,
            idle_minutes=idle_minutes,
            cleared=request.query_value("cleared") == "yes",
        )
    )
    ended_session = (cookies.clear_session(request),) if cookies.has_session_cookie(request) else ()
    return return_paths.keep(request, response.with_cookies(*ended_session))


def request_link(request: web.Request) -> web.Response:
    """Queue the mail of a link, at most once a minute.

    If the practice gives the same response for every address, counts, writes and messages do not depend on the address.
    """
    if request.form_value("clear") == "yes":
        return _address_cleared(request)
    typed, practice = request.form_value("email").strip(" \t\r\n"), request.practice_or_404
    account_key, job_id = accounts.key_of(practice.slug, addresses.canonical(typed)), tokens.random_id()
    if corrected := _corrected(request, typed):
        return corrected
    known_browser = cookies.is_known_browser(request, account_key)
    request_cookies = cookies.set_requested_link(request, job_id, typed)
    reveals_unknown = practice.unknown_address is UnknownAddressPolicy.TELL
    # An outage in this block releases all counts, so that the person can ask again. A refusal keeps them.
    with limits.reserve(request.now) as reservations:
        # A request of a known browser counts against its source only when the limits of known browsers are reached.
        blocked_by = UNKNOWN_ADDRESS_PER_SOURCE if reveals_unknown else None
        count_source = partial(reservations.add_source, REQUEST_LINK_PER_SOURCE, request.source, blocked_by=blocked_by)
        if not known_browser:
            count_source()
        account = accounts.find_without_sessions(account_key)
        refusal = mail.refusal_of_link(account) if reveals_unknown else None
        if refusal:
            count_source()
            # Both refusals show something about the address, so both count as an unknown address of the source.
            reservations.add_source(UNKNOWN_ADDRESS_PER_SOURCE, request.source)
            audit.append(request, account_key, EventKind.LINK_REFUSED, "link", problems.code(request, refusal))
            if account and account.may_sign_in and not account.email_ok:
                accounts.set_attention(account_key, "no_consent", request.now, request.support_code)
            raise refusal.audited_as(request.support_code)
        try:
            reservations.add_for_browser(
                REQUEST_LINK_PER_ADDRESS, account_key, known=known_browser, before_shared=count_source
            )
            reservations.add_for_browser(mail_per_practice(practice.mails_per_hour), practice.slug, known=known_browser)
        except RateLimited as limited:
            if limited.limit == RESEND_COOLDOWN.name:
                # Set no cookie of a link: either of two concurrent requests may get its response last.
                return _accepted(request, cookies.set_repeat(request, typed))
            raise audit.limit_reached(request, account_key, "link", limited) from None
        audit.append(request, account_key, EventKind.LINK_REQUESTED, "link")
        queue.send_job(
            MailJob(
                practice=practice.slug,
                account_key=account_key,
                job_id=job_id,
                epoch=account.epoch if account else 0,
                kind="sign_in",
                requested_at_ms=request.now_ms,
                origin=request.origin,
                language=request.language,
                to=return_paths.in_cookie(request),
            )
        )
    metrics.count(Metric.MAIL_QUEUED)
    return _accepted(request, request_cookies)


def _address_cleared(request: web.Request) -> web.Response:
    """Return the redirect to the empty form, with the cookies that delete the typed address (B140)."""
    path = f"{request.portal_path('sign-in')}?cleared=yes"
    return web.see_other(path).with_cookies(*cookies.clear_address(request))


def _corrected(request: web.Request, typed: str) -> web.Response | None:
    """Return the redirect to the form with the domain that the person has chosen. None to go on with what was typed.

    The list of domains is fixed, so the response says nothing about addresses on file. Apps have hints of their own.

    :raises DomainMistyped: the domain looks like a typing mistake, and the person was not asked yet (B142).
    """
    suggestion = mistyped.suggested_domain(typed)
    if suggestion is None or request.wants_json:
        return None
    if request.form_value("domain") == suggestion:
        corrected = cookies.set_typed(request, mistyped.with_domain(typed, suggestion))
        return web.see_other(request.portal_path("sign-in")).with_cookies(corrected)
    domain = mistyped.domain_of(typed)
    if request.form_value("as_typed") != domain:
        raise DomainMistyped(domain, suggestion)
    return None


def show_sent(request: web.Request) -> web.Response:
    """Return the page after a request for a link. It shows the typed address for half an hour, so that people see a
    typo."""
    typed = cookies.typed(request)
    if cookies.requested_link(request) is None and (typed is None or not typed.links):
        return web.see_other(request.portal_path("sign-in"))
    shown = typed_address(request)
    if shown.used:
        return web.html_page(pages.link_used_elsewhere(page_context(request))).with_cookies(
            *cookies.clear_requested_link(request)
        )
    return web.html_page(
        pages.sent(
            page_context(request),
            address=shown.address if shown.links else "",
            links=shown.links,
            letter=link_pages.expected_letter(request, shown.language if shown.links else None, shown.requested_at),
            may_send_at=shown.requested_at + RESEND_COOLDOWN.window_seconds,
            now=request.now,
            address_known=request.practice_or_404.unknown_address is UnknownAddressPolicy.TELL,
            is_repeat=cookies.is_repeat(request),
            hours=settings.load().link_seconds // 3600,
        )
    )


def show_tips(request: web.Request) -> web.Response:
    """Return the tips for when no link arrives (B80)."""
    return web.html_page(pages.tips(page_context(request), sender=link_pages.sender_of(request.practice_or_404)))


def _accepted(request: web.Request, sent_cookies: tuple[str, ...]) -> web.Response:
    if request.wants_json:
        return web.json_response(LinkSent(status="sent"), 202).with_cookies(*sent_cookies)
    return web.see_other(request.portal_path("sign-in/sent")).with_cookies(*sent_cookies)


handle = web.handler_for(
    {
        "/{practice}": {"GET": show_landing},
        "/{practice}/new-client": {"GET": show_new_client},
        "/{practice}/sign-in": {"GET": show_form, "POST": request_link},
        "/{practice}/sign-in/sent": {"GET": show_sent},
        "/{practice}/help": {"GET": show_tips},
    }
)
