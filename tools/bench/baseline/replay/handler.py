"""The floor of a warm call: the same AWS calls and PIN hashing, by unmodified botocore."""

import base64
import hashlib
from functools import cache
from typing import Any

import botocore.session

session = botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """Return a client of unmodified botocore."""
    return session.create_client(service)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Make the calls of the event in order."""
    for service, operation, arguments in event["calls"]:
        getattr(client(service), operation)(**_binary(arguments))
    if event["rounds"]:
        hashlib.pbkdf2_hmac("sha512", b"123456", bytes(16), event["rounds"])
    return {}


def _binary(value: Any) -> Any:
    """Return a value with its bytes decoded, which JSON cannot carry."""
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return base64.b64decode(value["bytes"])
        return {key: _binary(item) for key, item in value.items()}
    return [_binary(item) for item in value] if isinstance(value, list) else value
