"""The whole API: the routes of all resources, with one handler."""

from latchkey import aws
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


def entry() -> aws.GatewayHandler:
    """Return the Lambda handler of all clinicians' routes."""
    return dispatch.handler_for(RESOURCES)
