"""Opens a link. GET shows a button and POST signs in, because mail scanners follow links but press no buttons."""

from contextlib import suppress
from typing import TypeIs

from latchkey import keys, pages, tokens, web
from latchkey.http import problems
from latchkey.rules.events import EventKind
from latchkey.rules.limits import OPEN_LINK_PER_SOURCE
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUnknown, LinkUsed, RateLimited
from latchkey.rules.sessions import LiveSession
from latchkey.store import limits, links
from latchkey.store.links import LinkProof
from latchkey.tokens import LinkToken
from latchkey.web import audit, cookies, current_session, devices, return_paths
from latchkey.web.documents import LinkConfirmation
from latchkey.web.responses import page_context, still_signed_in


def open_link(request: web.Request) -> web.Response:
    """Sign in the browser that requested this link. Ask every other one to press a button first."""
    token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    current = current_session.peek(request)
    try:
        proof = links.verify(token, request.now)
    except (LinkUsed, LinkExpired, LinkReplaced) as refusal:
        if isinstance(refusal, LinkUsed) and _is_signed_in(current, token):
            return still_signed_in(request, current)
        # a GET writes no event, but the letter of the link has one
        refusal.audited_as(token.support_code)
        raise
    if _requested_by_this_browser(request, token):
        return _redeem(request, token, current, proof)
    masked = proof.account.masked
    if request.wants_json:
        return web.json_response(LinkConfirmation(status="confirm", email=masked))
    current_session.require_switch_consent(current, token.account_key, masked, agreed=False)
    invitation = token.kind == "invitation"
    page = web.html_page(
        pages.confirm(
            page_context(request), action="", masked=masked, invitation=invitation, device=devices.device_of(request)
        )
    )
    # The page in the other language has another URL.
    return return_paths.keep(request, page)


def redeem_link(request: web.Request) -> web.Response:
    """Sign in the person who pressed the button."""
    try:
        token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    except LinkUnknown:
        # only an invalid link counts, so other clients at the same source cannot stop a valid one
        limits.count_source(OPEN_LINK_PER_SOURCE, request.source, request.now)
        raise
    return _redeem(request, token, current_session.peek(request))


def _redeem(
    request: web.Request, token: LinkToken, current: LiveSession | None, proof: LinkProof | None = None
) -> web.Response:
    """Start a session, or write to the audit why the link is dead. `proof` is given if it was verified already."""
    try:
        proof = proof or links.verify(token, request.now)
        # a form that cannot be read is refused here, before the link is consumed
        agreed = request.method == "POST" and request.form_value("switch") == "yes"
        current_session.require_switch_consent(current, token.account_key, proof.account.masked, agreed=agreed)
        return current_session.start(request, proof, current)
    except (LinkUsed, LinkExpired, LinkReplaced) as refusal:
        refusal.audited_as(token.support_code)
        # beyond the source's limit people still read the reason, but no more audit events are written
        with suppress(RateLimited):
            limits.count_source(OPEN_LINK_PER_SOURCE, request.source, request.now)
            audit.append(request, token.account_key, EventKind.LINK_REFUSED, "link", problems.code(request, refusal))
            refusal.audited_as(request.support_code)
        if isinstance(refusal, LinkUsed) and _is_signed_in(current, token):
            return still_signed_in(request, current)
        raise


def _requested_by_this_browser(request: web.Request, token: LinkToken) -> bool:
    """Return True if a person opens the sign-in link that this very browser requested."""
    job_id = cookies.requested_link(request)
    requested_here = job_id is not None and tokens.constant_time_equal(job_id, token.job_id)
    return requested_here and token.kind == "sign_in" and request.method == "GET" and not request.is_prefetch


def _is_signed_in(current: LiveSession | None, token: LinkToken) -> TypeIs[LiveSession]:
    """Return True if the account of this link is signed in."""
    return current is not None and current.account.key == token.account_key


handle = web.handler_for({"/{practice}/link/{token}": {"GET": open_link, "POST": redeem_link}})
