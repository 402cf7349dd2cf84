"""All use cases."""

from typing import Any

from latchkey.usecases import access, branding, clients, contacts, diagnosis, events, items, letters, members, practices
from latchkey.usecases.declaration import UseCase

USE_CASES: tuple[UseCase[..., Any], ...] = tuple(
    value
    for module in (practices, branding, members, letters, clients, access, items, contacts, events, diagnosis)
    for value in vars(module).values()
    if isinstance(value, UseCase)
)
