"""The floor of a cold start: the minimum that a function with a DynamoDB client loads."""

from typing import Any

import botocore.session

client = botocore.session.get_session().create_client("dynamodb")


def handle(_event: object, _context: object) -> dict[str, Any]:
    """Do nothing."""
    return {}
