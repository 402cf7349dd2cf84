"""All use cases."""

from typing import Any

from latchkey.usecases import access, clients, contacts, diagnosis, events, letters, members, practices
from latchkey.usecases.declaration import UseCase

USE_CASES: tuple[UseCase[..., Any], ...] = tuple(
    value
    for module in (practices, members, letters, clients, access, contacts, events, diagnosis)
    for value in vars(module).values()
    if isinstance(value, UseCase)
)
