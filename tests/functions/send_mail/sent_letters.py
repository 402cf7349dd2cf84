"""Letters that were sent, as the tables and SES show them."""

from typing import Any

from latchkey import tokens
from tests.kit.portal import Portal


def noted(portal: Portal, account: bytes) -> dict[str, Any]:
    """Return the fields of the newest mail that the clinician sees."""
    (item,) = [item for item in portal.at_rest()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(account)]
    return {
        name: next(iter(item[name].values()))
        for name in ("email_status", "email_status_at", "message_id")
        if name in item
    }


def copies(portal: Portal) -> list[dict[str, Any]]:
    """Return the copies of the mail job that were queued for later."""
    return [arguments for operation, arguments in portal.aws.calls if operation == "SendMessage"]
