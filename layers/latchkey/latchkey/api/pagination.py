"""Path and query parameters that several resources share."""

import re
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from latchkey import tokens
from latchkey.api.client_documents import AccessStatusField
from latchkey.api.fields import one_of
from latchkey.rules.refusals import BodyInvalid
from latchkey.rules.text_limits import ULID
from latchkey.usecases.client_search import ClientOrder

MAX_PAGE = 100
DEFAULT_PAGE = 50

ClientId = Annotated[str, Path(description="A client's id.", pattern=ULID)]
ContactId = Annotated[str, Path(description="A contact's id.", pattern=ULID)]
SupportCode = Annotated[str, Path(description="A support code, such as `K7M-4QX`.")]
Cursor = Annotated[str | None, Query(description="`next` of the previous page.", pattern="^[A-Za-z0-9_-]{35}$")]
PageSize = Annotated[int, Query(description="The most entries of the page.", ge=1, le=MAX_PAGE)]

ListCursor = Annotated[str | None, Query(description="`next` of the previous page.", pattern="^[A-Za-z0-9_-]{1,1000}$")]
SearchText = Annotated[
    str | None,
    Query(description="The starts of words of the name, or a whole address.", min_length=1, max_length=254),
]
AttentionFilter = Annotated[
    bool,
    Query(
        description="True for clients with someone who may be stuck, newest reason first. `q` and `external_id` do not"
        " count then.",
    ),
]
StatusFilter = Annotated[AccessStatusField | None, Query(description="Only clients with this status.")]
ExternalIdFilter = Annotated[str | None, Query(description="The practice's own id.", pattern="^[!-~]{1,100}$")]
Order = Annotated[
    ClientOrder,
    one_of("created", "-created", "name"),
    Query(description="Oldest first, newest first, or by name. A search with `q` has an order of its own."),
]
Everyone = Annotated[bool, Query(description="End it for all contacts who can open the profile too.")]


def id_from_cursor(cursor: str | None) -> str | None:
    """Return the id after which a page begins.

    :raises BodyInvalid: the cursor is not the cursor of a page.
    """
    return _decoded(cursor, ULID)


def term_from_cursor(cursor: str | None) -> str | None:
    """Return the term after which a page of a search begins.

    :raises BodyInvalid: the cursor is not the cursor of such a page.
    """
    return _decoded(cursor, rf"[^\x00-\x1F\uFFFD]*#{ULID[1:-1]}")


def text_from_cursor(cursor: str | None) -> str | None:
    """Return the slug or subject after which a page begins.

    :raises BodyInvalid: the cursor is not the cursor of such a page.
    """
    return _decoded(cursor, r"[!-~]{1,128}")


def _decoded(cursor: str | None, pattern: str) -> str | None:
    """Return the text of a cursor. It matches the whole pattern. None on the first page."""
    if cursor is None:
        return None
    text = (tokens.base64url_decode(cursor) or b"").decode(errors="replace")
    if not re.fullmatch(pattern, text):
        raise BodyInvalid((("query.cursor", "This is not a cursor of a page before"),))
    return text


def next_cursor(next_id: str | None) -> str | None:
    """Return the cursor of the page after an id or a term. None on the last page."""
    return None if next_id is None else tokens.base64url_encode(next_id.encode())
