"""Reports of SES about letters."""

from typing import Any

from latchkey import tokens
from latchkey.http.responses import rfc3339
from latchkey.rules.accounts import AccountKey
from latchkey.store import accounts
from tests.kit.clock import NOON
from tests.kit.portal import Portal
from tests.kit.seed import a_job, body_of


def letter_to(portal: Portal, account: AccountKey) -> str:
    """Send a letter, and return SES's message id."""
    portal.work(body_of(a_job(account, portal.now)))
    (item,) = [item for item in portal.at_rest()["Accounts"] if item["key"]["S"] == tokens.base64url_encode(account)]
    message: str = item["message_id"]["S"]
    return message


def reported(portal: Portal, account: AccountKey, message: str, kind: str, sent_at: int = NOON, **details: Any) -> str:
    """Deliver an SES report, and return the mail status that the clinician then sees."""
    tags = {
        "practice": ["willow"],
        "account": [tokens.base64url_encode(account)],
        "ses:configuration-set": ["ConfigurationSet"],
    }
    mail = {"messageId": message, "timestamp": rfc3339(sent_at).replace("Z", ".123Z"), "tags": tags}
    detail = {"eventType": kind, "mail": mail, **details}
    portal.handle_event("MailEvents", {"id": "1", "source": "aws.ses", "detail": detail})
    found = accounts.find(account)
    assert found
    return found.email_status


def is_stopped(account: AccountKey) -> bool:
    """Return True if the address is suppressed."""
    found = accounts.find(account)
    assert found
    return found.suppressed
