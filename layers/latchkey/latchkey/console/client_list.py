"""The list of clients, and the search in it."""

from urllib.parse import urlencode

from latchkey import tokens
from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.history import event_sentence
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules import support_codes
from latchkey.rules.accounts import ACCESS_STATUSES
from latchkey.rules.client_terms import split_name
from latchkey.rules.refusals import BodyInvalid, SupportCodeUnknown
from latchkey.usecases import client_search, events
from latchkey.usecases.client_search import ClientFilter

routes = ConsoleRoutes()

CLIENTS_A_PAGE = 20
MAX_QUERY_CHARACTERS = 254
START_CHARACTERS = 3
MAX_STARTS = 3
ATTENTION = "attention"
"""The filter for clients with someone who may be stuck."""


@routes.get("/clients", client_search.list_clients, events.find_by_support_code)
def clients_page(current: Current) -> Response:
    """Show the clients who fit the search. A search for an address that finds one client goes on to their page."""
    text, shown = current.query("q")[:MAX_QUERY_CHARACTERS], current.query("show")
    if text and support_codes.parse(text):
        return _support_code(current, text)
    status = next((status for status in ACCESS_STATUSES if status == shown), None)
    needs_attention = shown == ATTENTION and not text
    wanted = ClientFilter(text or None, status, needs_attention=needs_attention)
    found = client_search.list_clients(current.context, wanted, "name", _position(current), CLIENTS_A_PAGE)
    if "@" in text and len(found.entries) == 1 and found.next_id is None:
        return see_other(f"{current.home}/clients/{found.entries[0].client.id}")
    filtered = ATTENTION if needs_attention else status or ""
    following = {"q": text, "show": filtered, "cursor": _cursor(found.next_id)} if found.next_id else None
    return render.signed_in_page(
        current,
        "clients.html",
        erased=current.query("done") == "erased",
        text=text,
        status=status,
        needs_attention=needs_attention,
        statuses=ACCESS_STATUSES,
        entries=found.entries,
        starts=_starts(text),
        following=f"?{urlencode({name: value for name, value in following.items() if value})}" if following else None,
    )


def _starts(text: str) -> list[str]:
    """Return the starts of the words of a name that no client has, because the name may be misspelt."""
    words = () if "@" in text else split_name(text)
    starts = dict.fromkeys(word[:START_CHARACTERS] for word in words if len(word) >= START_CHARACTERS)
    return [start for start in starts if start != text.casefold()][:MAX_STARTS]


def _support_code(current: Current, text: str) -> Response:
    """Show what happened in the request with this support code."""
    try:
        rows = events.find_by_support_code(current.context, text)
    except SupportCodeUnknown:
        rows = ()
    language = current.request.language
    return render.signed_in_page(
        current,
        "history.html",
        name=None,
        code=support_codes.parse(text),
        back=current.home,
        rows=[(event, event_sentence(event, {}, language)) for _, event in rows],
        next_id=None,
        parts={},
        part=None,
    )


def _position(current: Current) -> str | None:
    cursor = current.query("cursor")
    if not cursor:
        return None
    position = tokens.base64url_decode(cursor)
    try:
        return position.decode() if position else None
    except UnicodeDecodeError:
        raise BodyInvalid from None


def _cursor(position: str) -> str:
    return tokens.base64url_encode(position.encode())
