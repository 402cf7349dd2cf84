"""Path and query parameters that several resources share."""

import re
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from latchkey import tokens
from latchkey.api.bodies import ULID
from latchkey.rules.refusals import BodyInvalid

MAX_PAGE = 100
DEFAULT_PAGE = 50

ClientId = Annotated[str, Path(description="A client's id.", pattern=ULID)]
ContactId = Annotated[str, Path(description="A contact's id.", pattern=ULID)]
SupportCode = Annotated[str, Path(description="A support code, such as `K7M-4QX`.")]
Cursor = Annotated[str | None, Query(description="`next` of the previous page.", pattern="^[A-Za-z0-9_-]{35}$")]
PageSize = Annotated[int, Query(description="The most entries of the page.", ge=1, le=MAX_PAGE)]


def id_from_cursor(cursor: str | None) -> str | None:
    """Return the id after which a page begins.

    :raises BodyInvalid: the cursor is not the cursor of a page.
    """
    if cursor is None:
        return None
    decoded_id = (tokens.base64url_decode(cursor) or b"").decode(errors="replace")
    if not re.fullmatch(ULID, decoded_id):
        raise BodyInvalid((("query.cursor", "This is not a cursor of a page before"),))
    return decoded_id


def next_cursor(next_id: str | None) -> str | None:
    """Return the cursor of the page after an id. None on the last page."""
    return None if next_id is None else tokens.base64url_encode(next_id.encode())
