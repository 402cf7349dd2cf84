"""Fields of bodies and documents that come from closed lists in `rules`."""

from collections.abc import Callable, Iterable
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, GetPydanticSchema, StringConstraints, create_model
from pydantic_core import core_schema

from latchkey.rules.text_limits import LINES, MAX_TEXT

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT, pattern=LINES)]


class Document(BaseModel):
    """A document of the API. Its validator is made when it is first used: a request needs one or two of sixty."""

    model_config = ConfigDict(defer_build=True)


class RequestBody(Document):
    """The body of a clinician's request. Unknown fields are refused, and values are not converted."""

    model_config = ConfigDict(extra="forbid", strict=True, hide_input_in_errors=True)


def not_blank(text: str) -> str:
    """Return the text.

    :raises ValueError: it has only spaces.
    """
    if not text.strip():
        raise ValueError("say something")
    return text


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


def with_links[M: BaseModel](names: Iterable[str]) -> Callable[[type[M]], type[M]]:
    """Return a decorator that adds one optional address for each name to a model."""

    def add(model: type[M]) -> type[M]:
        links: dict[str, Any] = dict.fromkeys(names, (str | None, None))
        return create_model(model.__name__, __base__=model, __doc__=model.__doc__, __module__=model.__module__, **links)

    return add
