"""The pages that a typed path means, in any case and with any slashes (B139).

Phones capitalise the first letter of what is typed, and people add slashes.
"""

from urllib.parse import quote

from latchkey.http.requests import Request
from latchkey.http.responses import Response
from latchkey.store import practices

PAGES = frozenset(
    {
        "",
        "new-client",
        "sign-in",
        "sign-in/sent",
        "help",
        "pin",
        "profiles",
        "guide",
        "guide.pdf",
        "handout",
        "home",
        "sign-out",
        "signed-out",
        "devices",
        "session",
    }
)
"""Pages of a practice, as paths below its portal. A link is one more."""
LINK = "link"
"""The first segment of a link's path. The second one is the token, whose case matters."""


def canonical_path(path: str) -> str | None:
    """Return the path of the page that a typed path means. None if the path is right already, or names no page."""
    segments = [segment for segment in path.split("/") if segment]
    if not segments:
        return None
    slug, *rest = segments
    if len(rest) == 2 and rest[0].lower() == LINK:  # noqa: PLR2004 - the word and the token
        rest = [LINK, rest[1]]
    else:
        rest = [segment.lower() for segment in rest]
        if "/".join(rest) not in PAGES:
            return None
    canonical = "/".join(["", slug.lower(), *rest])
    return None if canonical == path else canonical


def redirect(request: Request) -> Response | None:
    """Return the redirect to the page that a typed path means, with its query. None if the path needs none.

    :raises PracticeUnknown: there is no such practice.
    """
    path = canonical_path(request.path)
    if path is None:
        return None
    practices.get_cached(path.split("/")[1], request.now)
    query = f"?{quote(request.raw_query, safe=QUERY_CHARACTERS)}" if request.raw_query else ""
    return Response(308, headers={"location": quote(path) + query})


QUERY_CHARACTERS = "!$&'()*+,-./:;=?@_~%"
"""Characters of a query that stay as they are (RFC 3986, 3.4)."""
