"""One mapping between the dataclasses of `rules` and DynamoDB items: by field name, for all nouns.

Item attributes have the names of the fields, whatever they are called in the table (`attr_name`). What a table stores
in another form than the field has, such as a key in base64, is passed as `converted`.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import MapAttribute
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from latchkey.store.dynamodb import set_or_remove

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


def to_record[R: DataclassInstance](record_type: type[R], item: Model | MapAttribute[Any, Any], **converted: Any) -> R:
    """Return the record of an item."""
    values = item.attribute_values
    stored = {
        name: _from_stored(values.get(name)) for name in record_type.__dataclass_fields__ if name not in converted
    }
    return record_type(**stored, **converted)


def to_attributes(record: "DataclassInstance", leave_out: Iterable[str] = (), **converted: Any) -> dict[str, Any]:
    """Return the attributes of an item by name, to construct it with."""
    names = record.__dataclass_fields__.keys() - {*leave_out, *converted}
    return {name: _to_stored(getattr(record, name)) for name in names} | converted


def to_actions(
    item_type: type[Model], record: "DataclassInstance", leave_out: Iterable[str] = (), **converted: Any
) -> list[Action]:
    """Return the actions that update an item to a record. An attribute without a value is removed."""
    attributes = to_attributes(record, leave_out, **converted)
    return [set_or_remove(getattr(item_type, name), value) for name, value in attributes.items()]


def _from_stored(value: Any) -> Any:
    return frozenset(value) if isinstance(value, set) else value


def _to_stored(value: Any) -> Any:
    """Return a value as DynamoDB stores it. An empty set becomes None, because DynamoDB has no empty sets."""
    if isinstance(value, frozenset):
        return set(value) or None
    return list(value) if isinstance(value, tuple) else value
