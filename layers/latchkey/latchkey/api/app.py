"""The whole API: the routes of all resources, with one handler."""

from latchkey import aws
from latchkey.api import (
    access,
    branding,
    clients,
    contacts,
    devices,
    dispatch,
    emails,
    events,
    imports,
    items,
    letters,
    machines,
    members,
    practices,
    stack,
    webhooks,
)
from latchkey.api.routes import ResourceRoutes

RESOURCES: tuple[ResourceRoutes, ...] = (
    stack.routes,
    practices.routes,
    branding.routes,
    members.routes,
    machines.routes,
    webhooks.routes,
    letters.routes,
    clients.routes,
    imports.routes,
    emails.routes,
    access.routes,
    devices.routes,
    items.routes,
    contacts.routes,
    events.routes,
)


def entry() -> aws.GatewayHandler:
    """Return the Lambda handler of all clinicians' routes."""
    return dispatch.handler_for(RESOURCES)
