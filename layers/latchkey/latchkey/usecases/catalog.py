"""All use cases."""

from typing import Any

from latchkey.usecases import (
    access,
    branding,
    client_emails,
    client_search,
    clients,
    contacts,
    devices,
    diagnosis,
    events,
    imports,
    items,
    letters,
    machines,
    members,
    practices,
    webhooks,
)
from latchkey.usecases.declaration import UseCase

MODULES = (
    practices,
    branding,
    members,
    machines,
    webhooks,
    letters,
    clients,
    client_search,
    client_emails,
    imports,
    access,
    devices,
    items,
    contacts,
    events,
    diagnosis,
)

USE_CASES: tuple[UseCase[..., Any], ...] = tuple(
    value for module in MODULES for value in vars(module).values() if isinstance(value, UseCase)
)
