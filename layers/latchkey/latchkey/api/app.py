"""The whole API: every noun, behind one door."""

from latchkey.api import access, clients, contacts, dispatch, events, letters, members, practices
from latchkey.api.routes import ResourceRoutes

RESOURCES: tuple[ResourceRoutes, ...] = (
    practices.routes,
    members.routes,
    letters.routes,
    clients.routes,
    access.routes,
    contacts.routes,
    events.routes,
)


def entry() -> dispatch.GatewayHandler:
    """A Lambda handler for every clinicians' route."""
    return dispatch.handler_for(RESOURCES)
