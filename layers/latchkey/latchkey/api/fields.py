"""Fields of bodies and documents that come from closed lists in `rules`."""

from collections.abc import Callable, Iterable
from typing import Any

from pydantic import BaseModel, GetPydanticSchema, create_model
from pydantic_core import core_schema


def one_of(*values: str) -> GetPydanticSchema:
    """Return the annotation of a field that allows only these values. OpenAPI shows them as an enum."""
    return GetPydanticSchema(lambda _source, _handler: core_schema.literal_schema(list(values)))


def with_switches[M: BaseModel](names: Iterable[str], default: Any = ...) -> Callable[[type[M]], type[M]]:
    """Return a decorator that adds one boolean field for each name to a model. Without a default they are required."""

    def add(model: type[M]) -> type[M]:
        switches: dict[str, Any] = dict.fromkeys(names, (bool, default))
        return create_model(
            model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **switches
        )

    return add
