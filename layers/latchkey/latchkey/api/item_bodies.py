"""Items in the bodies of requests (B146)."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator, Discriminator, Field, StringConstraints, Tag

from latchkey.api.fields import RequestBody, not_blank
from latchkey.rules.items import SharedItem
from latchkey.rules.text_limits import LINE, MAX_ITEM, MAX_ITEMS

ItemTitle = Annotated[
    str, StringConstraints(min_length=1, max_length=MAX_ITEM, pattern=LINE), AfterValidator(not_blank)
]


class ItemBody(RequestBody):
    """An item to share, with the path that opens it."""

    title: ItemTitle
    path: Annotated[str | None, Field(description="A path below the practice's portal.")] = None


Item = Annotated[
    Annotated[ItemTitle, Tag("title")] | Annotated[ItemBody, Tag("item")],
    Discriminator(lambda value: "title" if isinstance(value, str) else "item"),
]
"""An item, or only its title."""
Items = Annotated[list[Item], Field(max_length=MAX_ITEMS)]


def shared_items(items: Iterable[str | ItemBody]) -> tuple[SharedItem, ...]:
    """Return the items for the use cases."""
    return tuple(SharedItem(item) if isinstance(item, str) else SharedItem(item.title, item.path) for item in items)


class ItemChange(RequestBody):
    """A change of an item that was shared with a client."""

    title: ItemTitle
    done: bool = Field(description="True if it no longer waits for the client.")
