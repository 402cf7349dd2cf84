"""Shared items: whether a share gives the client access, and who gets a mail about it."""

from collections.abc import Iterable

from latchkey.rules import access
from latchkey.rules.access import AccountsByKey
from latchkey.rules.accounts import Account, AccountStatus
from latchkey.rules.clients import Client
from latchkey.rules.items import SharedItem
from latchkey.rules.revocations import opened_by_others


def share_grants_access(client: Client, items: Iterable[SharedItem], accounts_by_key: AccountsByKey, now: int) -> bool:
    """Return True if sharing `items` gives the client access (B45).

    A share gives access if the client never had it, or if their only invitation could not be sent. A client without an
    address of their own, such as a child, gets no access if contacts open the profile.
    """
    own = access.own_account(client, accounts_by_key)
    if client.access_key is None:
        return bool(client.emails) or not opened_by_others(client, accounts_by_key)
    if own is None or own.status is not AccountStatus.INVITED:
        return False
    # "queued" without a mail means that the last request failed after this write. The same share is then sent again.
    is_repeat = {item.title for item in items} <= {item.title for item in client.items} and (
        own.email_status_at or 0
    ) + access.RETRY_SECONDS <= now
    return own.email_status == "none" or (own.email_status == "queued" and is_repeat)


def accounts_to_notify(client: Client, accounts_by_key: AccountsByKey) -> tuple[Account, ...]:
    """Return the accounts that get a mail about a shared item (B146): the client's own, else those of the contacts."""
    own = access.own_account(client, accounts_by_key)
    if own is not None:
        return (own,) if own.may_sign_in else ()
    keys = {contact.account_key for contact in client.contacts}
    return tuple(
        account
        for key in sorted(keys)
        if (account := accounts_by_key.get(key)) and account.may_sign_in and account.profile(client.id)
    )
