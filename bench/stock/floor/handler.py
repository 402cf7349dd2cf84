"""The floor of a cold start: the least that a function which speaks to DynamoDB can load."""

from typing import Any

import botocore.session

client = botocore.session.get_session().create_client("dynamodb")


def handle(_event: object, _context: object) -> dict[str, Any]:
    """Nothing."""
    return {}
