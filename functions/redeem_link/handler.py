"""GET asks, POST spends the link: mail scanners follow links too, but press no buttons."""

from contextlib import suppress

from latchkey import keys, pages, tokens, web
from latchkey.rules.accounts import Account
from latchkey.rules.budgets import OPEN_BY_NETWORK, OPEN_BY_SOURCE
from latchkey.rules.events import Kind
from latchkey.rules.refusals import LinkExpired, LinkReplaced, LinkUnknown, LinkUsed, Refusal, Waiting
from latchkey.rules.sessions import Visit
from latchkey.store import budgets, links
from latchkey.tokens import LinkToken
from latchkey.web import arrivals, cookies
from latchkey.web.answers import frame, still_signed_in
from latchkey.web.audit import write_down
from latchkey.web.refusals import code


def look(request: web.Request) -> web.Response:
    """Sign in at once the browser that asked for this link; ask everyone else."""
    token = tokens.read_link(keys.link(), request.at.slug, request.parameters["token"])
    present = arrivals.present(request)
    try:
        account = links.peek(token, request.now)
    except LinkUsed:
        return _home_again(request, token, present)
    if _asked_here(request, token):
        return _open(request, token, present, account)
    masked = account.masked
    if request.wants_json:
        return web.json_document({"status": "confirm", "email": masked})
    _ask_before_switching(request, account, present)
    return web.page(pages.confirm(frame(request), action="", masked=masked, invitation=token.kind == "invitation"))


def press(request: web.Request) -> web.Response:
    """A person pressed the button."""
    try:
        token = tokens.read_link(keys.link(), request.at.slug, request.parameters["token"])
    except LinkUnknown:
        # a link of ours proves itself and costs its source nothing: neighbours behind one address never stop it
        budgets.take_by_source(request.source, OPEN_BY_SOURCE, OPEN_BY_NETWORK, request.now, road="link")
        raise
    return _open(request, token, arrivals.present(request))


def _open(
    request: web.Request, token: LinkToken, present: Visit | None, account: Account | None = None
) -> web.Response:
    """Spend the link, and write down if it is dead; `account` is the one that it was found to open, if it was."""
    try:
        account = account or links.peek(token, request.now)
        _ask_before_switching(request, account, present)
        arrival = arrivals.arrival(request, account, "link", present)
        visit = links.spend(token, account, arrival)
    except LinkUsed as used:
        _write_down(request, token, used)
        return _home_again(request, token, present)
    except (LinkExpired, LinkReplaced) as dead:
        _write_down(request, token, dead)
        raise
    return web.signed_in(request, visit, arrival.cookie)


def _write_down(request: web.Request, token: LinkToken, dead: Refusal) -> None:
    """Write down that a dead link was pressed, as often as a source may try what proves nothing. Whoever presses it
    more often still reads why it is dead, and fills no audit."""
    with suppress(Waiting):
        budgets.take_by_source(request.source, OPEN_BY_SOURCE, OPEN_BY_NETWORK, request.now, road="link")
        write_down(request, token.account, Kind.LINK_REFUSED, "link", code(dead))


def _asked_here(request: web.Request, token: LinkToken) -> bool:
    """Whether this is a person opening the link that this very browser asked for."""
    asked = cookies.requested(request)
    here = asked is not None and tokens.same(asked, token.request)
    return here and token.kind == "sign_in" and request.method == "GET" and not request.prefetched


def _ask_before_switching(request: web.Request, account: Account, present: Visit | None) -> None:
    """A link that someone was sent must not quietly move them into another account.

    :raises SwitchUnasked: another account is signed in, and nobody has agreed.
    :raises BodyInvalid: what was sent cannot be read, and so tells nothing of what anyone agreed to.
    """
    agreed = request.method == "POST" and request.field("switch") == "yes"
    arrivals.ask_before_switching(present, account.key, account.masked, agreed=agreed)


def _home_again(request: web.Request, token: LinkToken, present: Visit | None) -> web.Response:
    """Whom a used link has signed in here goes on; to everyone else it is used.

    :raises LinkUsed: nobody is signed in to its account here.
    """
    if present is None or present.account.key != token.account:
        raise LinkUsed
    return still_signed_in(request, present)


handle = web.entry({"/{practice}/link/{token}": {"GET": look, "POST": press}})
