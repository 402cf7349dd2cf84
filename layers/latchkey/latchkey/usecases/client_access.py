"""The state of a client's sign-in."""

from dataclasses import dataclass
from typing import cast

from latchkey.rules import access
from latchkey.rules.accounts import AccessStatus, Account
from latchkey.rules.clients import Client
from latchkey.rules.mail import EMAIL_STATUSES, EmailStatus
from latchkey.store import accounts, pins
from latchkey.usecases.context import RequestContext


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """A client, the account of their own sign-in, and the state of its PIN."""

    client: Client
    own_account: Account | None
    has_live_pin: bool


def read(context: RequestContext, client: Client) -> ClientAccess:
    """Return the state of a client's sign-in."""
    own_account = find_own_account(client)
    return ClientAccess(client, own_account, _has_live_pin(context, client, own_account))


def find_own_account(client: Client) -> Account | None:
    """Return the account by which the client signs in as themselves."""
    return access.own_account(client, accounts.find_all(access.account_keys(client)))


def access_status(client: Client, own_account: Account | None) -> AccessStatus:
    """Return the status of the client's access: none, invited, active or disabled."""
    if client.access_key is None:
        return "none"
    return own_account.status.value if own_account else "disabled"


def email_status(account: Account | None) -> EmailStatus:
    """Return the status of the newest mail.

    A suppressed address is `suppressed`, unless the status itself is the cause. A status of a later version is `none`.
    """
    if account is None:
        return "none"
    is_known = account.email_status in EMAIL_STATUSES
    status = cast("EmailStatus", account.email_status) if is_known else "none"
    return "suppressed" if account.suppressed and status not in ("bounced", "complained") else status


def _has_live_pin(context: RequestContext, client: Client, own_account: Account | None) -> bool:
    if client.access_key is None or own_account is None or not own_account.may_sign_in:
        return False
    return pins.is_live(own_account, context.now)
