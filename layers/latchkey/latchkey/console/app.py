"""The whole console: the paths of all pages, with one handler."""

from latchkey import aws
from latchkey.console import (
    access,
    addresses,
    brand,
    client_list,
    client_page,
    devices,
    dispatch,
    history,
    home,
    imports,
    invitations,
    new_client,
    people,
    pins,
    practice_settings,
    sign_in,
    staff,
    systems,
    webhooks,
)
from latchkey.console.dispatch import ConsolePaths
from latchkey.console.routes import ConsoleRoute, ConsoleRoutes

GROUPS: tuple[ConsoleRoutes, ...] = (
    home.routes,
    client_list.routes,
    new_client.routes,
    imports.routes,
    client_page.routes,
    invitations.routes,
    addresses.routes,
    pins.routes,
    people.routes,
    devices.routes,
    access.routes,
    history.routes,
    practice_settings.routes,
    brand.routes,
    staff.routes,
    systems.routes,
    webhooks.routes,
)


def signed_in_paths() -> dict[str, dict[str, ConsoleRoute]]:
    """Return the pages and forms that need a session, by path and method."""
    return {path: methods for routes in GROUPS for path, methods in routes.by_path.items()}


PATHS = ConsolePaths(
    public={
        "/admin/sign-in": {"GET": sign_in.start},
        "/admin/callback": {"GET": sign_in.callback},
        "/admin/sign-out": {"POST": sign_in.sign_out},
    },
    signed_in=signed_in_paths(),
)


def entry() -> aws.GatewayHandler:
    """Return the Lambda handler of all pages."""
    return dispatch.handler_for(PATHS)
