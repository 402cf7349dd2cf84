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
from latchkey.tokens import LinkToken
from latchkey.web import audit, cookies, current_session, devices, return_paths
from latchkey.web.documents import LinkConfirmation
from latchkey.web.responses import page_context, session_response


def open_link(request: web.Request) -> web.Response:
    """Sign in the browser that requested this link. Ask every other one to press a button first."""
    token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    current, proof = current_session.peek(request), None
    try:
        proof = links.verify(token, request.now)
        masked = proof.account.masked
        is_sign_in = token.kind == "sign_in" and request.counts_as_activity
        signs_in = is_sign_in and cookies.is_requested_link(request, token.job_id)
        if request.wants_json and not signs_in:
            return web.json_response(LinkConfirmation(status="confirm", email=masked))
        current_session.require_switch_consent(current, token.account_key, masked, agreed=False)
        if signs_in:
            return current_session.start(request, proof, current)
    except (LinkUsed, LinkExpired, LinkReplaced) as refusal:
        # a GET of a dead link writes no event, but the letter of the link has one
        refusal.audited_as(token.support_code)
        if proof:
            # another browser was faster
            _audit(request, token, refusal)
        if isinstance(refusal, LinkUsed) and _is_signed_in(current, token):
            return session_response(request, current, is_repeated=True)
        raise
    invitation = token.kind == "invitation"
    page = web.html_page(
        pages.confirm(
            page_context(request), action="", masked=masked, invitation=invitation, device=devices.device_of(request)
        )
    )
    # The page in the other language has another URL.
    return return_paths.keep(request, page)


def redeem_link(request: web.Request) -> web.Response:
    """Sign in the person who pressed the button. Write to the audit why a link is dead."""
    try:
        token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    except LinkUnknown:
        # only an invalid link counts, so other clients at the same source cannot stop a valid one
        limits.count_source(OPEN_LINK_PER_SOURCE, request.source, request.now)
        raise
    current = current_session.peek(request)
    try:
        proof = links.verify(token, request.now)
        # a form that cannot be read is refused here, before the link is consumed
        agreed = request.form_value("switch") == "yes"
        current_session.require_switch_consent(current, token.account_key, proof.account.masked, agreed=agreed)
        return current_session.start(request, proof, current)
    except (LinkUsed, LinkExpired, LinkReplaced) as refusal:
        refusal.audited_as(token.support_code)
        _audit(request, token, refusal)
        if isinstance(refusal, LinkUsed) and _is_signed_in(current, token):
            return session_response(request, current, is_repeated=True)
        raise


def _audit(request: web.Request, token: LinkToken, refusal: LinkUsed | LinkExpired | LinkReplaced) -> None:
    """Write to the audit why the link is dead.

    Beyond the source's limit people still read the reason, but no more events are written.
    """
    with suppress(RateLimited):
        limits.count_source(OPEN_LINK_PER_SOURCE, request.source, request.now)
        audit.append(request, token.account_key, EventKind.LINK_REFUSED, "link", problems.code(request, refusal))
        refusal.audited_as(request.support_code)


def _is_signed_in(current: LiveSession | None, token: LinkToken) -> TypeIs[LiveSession]:
    """Return True if the account of this link is signed in."""
    return current is not None and current.account.key == token.account_key


handle = web.handler_for({"/{practice}/link/{token}": {"GET": open_link, "POST": redeem_link}})
