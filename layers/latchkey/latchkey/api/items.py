"""Routes of the items that are shared with a client."""

from latchkey.api import document_mapping
from latchkey.api.client_documents import ItemList
from latchkey.api.context import CurrentContext
from latchkey.api.item_bodies import ItemChange
from latchkey.api.pagination import ClientId
from latchkey.api.routes import ResourceRoutes
from latchkey.usecases import items

routes = ResourceRoutes("items")


@routes.on("PATCH /clients/{client}/items", items.mark_item, responses={200: ItemList})
def patch_item(client: ClientId, body: ItemChange, context: CurrentContext) -> ItemList:
    """Mark an item as done, so that it no longer waits on the client's home page.

    The title names the item. Sharing it once more makes it wait again, and so does `done: false`.
    """
    return ItemList(items=document_mapping.items(items.mark_item(context, client, body.title, done=body.done)))
