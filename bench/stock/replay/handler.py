"""The floor of a warm call: the same calls to AWS, and the same stretching of PINs, by botocore as it comes."""

import base64
import hashlib
from functools import cache
from typing import Any

import botocore.session

session = botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """A client as botocore makes it."""
    return session.create_client(service)


def handle(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Make the calls of the event, one after the other."""
    for service, operation, arguments in event["calls"]:
        getattr(client(service), operation)(**_binary(arguments))
    if event["rounds"]:
        hashlib.pbkdf2_hmac("sha512", b"123456", bytes(16), event["rounds"])
    return {}


def _binary(value: Any) -> Any:
    """Bytes, where JSON could not carry them."""
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            return base64.b64decode(value["bytes"])
        return {key: _binary(part) for key, part in value.items()}
    return [_binary(part) for part in value] if isinstance(value, list) else value
