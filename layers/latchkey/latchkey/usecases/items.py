"""Use cases of the items that are shared with a client (B146)."""

from dataclasses import replace

from latchkey.rules import items
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.clients import Client
from latchkey.rules.events import EventKind
from latchkey.rules.items import SharedItem
from latchkey.rules.members import Role
from latchkey.rules.refusals import RecordNotFound, ValueRefused
from latchkey.rules.web_addresses import is_path_below
from latchkey.store import clients
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case


@use_case(Role.CLINICIAN)
def mark_item(context: RequestContext, client_id: str, title: str, *, done: bool) -> Client:
    """Mark a shared item as done, or as waiting again. Return the client.

    :raises RecordNotFound: no item of this title was shared with the client.
    """

    def decide(current: Client, _: AccountsByKey) -> AccessChange:
        marked = items.with_done(current.items, title, context.now if done else None)
        if marked is None:
            raise RecordNotFound
        return AccessChange(replace(current, items=marked), events=((current.audit_key, EventKind.ITEMS_CHANGED),))

    to_event = context.event_factory({EventKind.ITEMS_CHANGED: "done" if done else "waiting"})
    return clients.apply(clients.find(context.slug, client_id), decide, set(), to_event).client


def checked(
    context: RequestContext, shared: tuple[SharedItem, ...], place: str = "body.items"
) -> tuple[SharedItem, ...]:
    """Return the items with the time of the request. `place` is their field, for errors.

    :raises ValueRefused: the path of an item leads out of the practice's portal.
    """
    errors = tuple(
        (f"{place}.{number}.path", f"A path begins with /{context.slug}/ and stays below it")
        for number, item in enumerate(shared)
        if item.path is not None and not is_path_below(item.path, context.slug)
    )
    if errors:
        raise ValueRefused(errors)
    return tuple(replace(item, shared_at=context.now) for item in shared)
