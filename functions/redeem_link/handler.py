"""GET asks, POST spends the link: mail scanners follow links too, but press no buttons."""

from contextlib import suppress

from latchkey import keys, pages, tokens, web
from latchkey.rules.accounts import Account
from latchkey.rules.events import EventKind
from latchkey.rules.limits import OPEN_LINK_PER_NETWORK, OPEN_LINK_PER_SOURCE
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUnknown, LinkUsed, RateLimited, Refusal
from latchkey.rules.sessions import LiveSession
from latchkey.store import limits, links
from latchkey.tokens import LinkToken
from latchkey.web import cookies, current_session
from latchkey.web.audit import append
from latchkey.web.refusals import code
from latchkey.web.responses import page_context, still_signed_in


def open_link(request: web.Request) -> web.Response:
    """Sign in at once the browser that asked for this link; ask everyone else."""
    token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    present = current_session.peek(request)
    try:
        account = links.peek(token, request.now)
    except LinkUsed:
        return _resume_if_signed_in(request, token, present)
    if _requested_by_this_browser(request, token):
        return _redeem(request, token, present, account)
    masked = account.masked
    if request.wants_json:
        return web.json_response({"status": "confirm", "email": masked})
    _require_switch_consent(request, account, present)
    return web.html_page(
        pages.confirm(page_context(request), action="", masked=masked, invitation=token.kind == "invitation")
    )


def redeem_link(request: web.Request) -> web.Response:
    """A person pressed the button."""
    try:
        token = tokens.verify_link(keys.link(), request.practice_or_404.slug, request.path_parameters["token"])
    except LinkUnknown:
        # a link of ours proves itself and costs its source nothing: neighbours behind one address never stop it
        limits.reserve_source(request.source_ip, OPEN_LINK_PER_SOURCE, OPEN_LINK_PER_NETWORK, request.now, road="link")
        raise
    return _redeem(request, token, current_session.peek(request))


def _redeem(
    request: web.Request, token: LinkToken, present: LiveSession | None, account: Account | None = None
) -> web.Response:
    """Spend the link, and write down if it is dead; `account` is the one that it was found to open, if it was."""
    try:
        account = account or links.peek(token, request.now)
        _require_switch_consent(request, account, present)
        arrival = current_session.new_attempt(request, account, "link", present)
        visit = links.spend(token, account, arrival)
    except LinkUsed as used:
        _write_down(request, token, used)
        return _resume_if_signed_in(request, token, present)
    except (LinkExpired, LinkReplaced) as dead:
        _write_down(request, token, dead)
        raise
    return web.signed_in_response(request, visit, arrival.cookie)


def _write_down(request: web.Request, token: LinkToken, dead: Refusal) -> None:
    """Write down that a dead link was pressed, as often as a source may try what proves nothing. Whoever presses it
    more often still reads why it is dead, and fills no audit."""
    with suppress(RateLimited):
        limits.reserve_source(request.source_ip, OPEN_LINK_PER_SOURCE, OPEN_LINK_PER_NETWORK, request.now, road="link")
        append(request, token.account_key, EventKind.LINK_REFUSED, "link", code(dead))


def _requested_by_this_browser(request: web.Request, token: LinkToken) -> bool:
    """Whether this is a person opening the link that this very browser asked for."""
    asked = cookies.requested(request)
    here = asked is not None and tokens.constant_time_equal(asked, token.job_id)
    return here and token.kind == "sign_in" and request.method == "GET" and not request.is_prefetch


def _require_switch_consent(request: web.Request, account: Account, present: LiveSession | None) -> None:
    """A link that someone was sent must not quietly move them into another account.

    :raises SwitchUnasked: another account is signed in, and nobody has agreed.
    :raises BodyInvalid: what was sent cannot be read, and so tells nothing of what anyone agreed to.
    """
    agreed = request.method == "POST" and request.form_value("switch") == "yes"
    current_session.ask_before_switching(present, account.key, account.masked, agreed=agreed)


def _resume_if_signed_in(request: web.Request, token: LinkToken, present: LiveSession | None) -> web.Response:
    """Whom a used link has signed in here goes on; to everyone else it is used.

    :raises LinkUsed: nobody is signed in to its account here.
    """
    if present is None or present.account.key != token.account_key:
        raise LinkUsed
    return still_signed_in(request, present)


handle = web.handler_for({"/{practice}/link/{token}": {"GET": open_link, "POST": redeem_link}})
