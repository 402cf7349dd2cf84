"""Parts of paths and queries that several nouns share."""

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
Cursor = Annotated[str | None, Query(description="`next` of the page before.", pattern="^[A-Za-z0-9_-]{35}$")]
PageSize = Annotated[int, Query(description="How many at most.", ge=1, le=MAX_PAGE)]


def id_from_cursor(cursor: str | None) -> str | None:
    """The id that a page goes on from.

    :raises BodyInvalid: the cursor is none of ours.
    """
    if cursor is None:
        return None
    place = (tokens.base64url_decode(cursor) or b"").decode(errors="replace")
    if not re.fullmatch(ULID, place):
        raise BodyInvalid((("query.cursor", "This is not a cursor of a page before"),))
    return place


def next_cursor(ids: list[str], limit: int) -> str | None:
    """The cursor of the page after one that ends with the last of `ids`, if there is one; `ids` are one more than fit
    on the page, or fewer."""
    return tokens.base64url_encode(ids[limit - 1].encode()) if len(ids) > limit else None
