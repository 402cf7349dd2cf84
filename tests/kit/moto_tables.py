"""The items of moto's tables, read and restored without requests, which take most of the time of a short test."""

import pickle
from collections.abc import Callable, Iterable
from typing import Any

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.utilities import dynamo_to_dict


def tables() -> dict[str, Any]:
    """Return moto's tables by their names."""
    by_name: dict[str, Any] = dynamodb_backends[DEFAULT_ACCOUNT_ID]["us-east-1"].tables
    return by_name


def items_of(table: str) -> list[dict[str, Any]]:
    """Return every item of a table as a client of DynamoDB has it, in a stable order."""
    stored = tables()[table].items.values()
    every = [item for one in stored for item in (one.values() if isinstance(one, dict) else (one,))]
    return sorted((dynamo_to_dict(item.attrs) for item in every), key=repr)


def saved(names: Iterable[str]) -> Callable[[Iterable[str]], None]:
    """Save the items of these tables. Return a function that restores them in those tables that it is given."""
    stored = {name: pickle.dumps(tables()[name].items) for name in names}

    def restore(changed: Iterable[str]) -> None:
        for name in changed:
            tables()[name].items = pickle.loads(stored[name])  # noqa: S301 - written above; copying takes longer

    return restore
