"""Changes of a client's address: save it, confirm it, or move the client's access to it."""

from dataclasses import replace

from latchkey.rules.access import AccessChange, AccountsByKey, invite, own_account
from latchkey.rules.accounts import AccountKey, AccountStatus
from latchkey.rules.clients import AddressOnFile, Client
from latchkey.rules.events import EventKind
from latchkey.rules.refusals import AccessAddress, AddressChangeUnconfirmed, ConsentMissing, EmailInUse


def confirm_address(
    client: Client, email: AddressOnFile, account_key: AccountKey, accounts_by_key: AccountsByKey
) -> AccessChange:
    """Return the change that puts an address on file, with its consent, and lifts a suppression (B49).

    `account_key` is the key of the address's account. Consent of an account that is not the client's own stays as it
    is.
    """
    account = accounts_by_key.get(account_key)
    if account is None:
        return AccessChange(client.with_email(email), events=((client.audit_key, EventKind.CONSENT_CHANGED),))
    is_own = account.owner == client.id and client.access_key == account_key
    confirmed = replace(
        account.confirmed(email.recorded_at),
        address=email.address if is_own else account.address,
        email_ok=email.email_ok if is_own else account.email_ok,
    )
    changed = replace(client, access_address=email.address) if is_own else client
    return AccessChange(changed.with_email(email), (confirmed,), ((account_key, EventKind.CONSENT_CHANGED),))


def add_address(
    client: Client, email: AddressOnFile, account_key: AccountKey, accounts_by_key: AccountsByKey
) -> AccessChange:
    """Return the change that puts one more address on file, with its own consent (B159). Access stays where it is.

    :raises EmailInUse: the address is another client's own sign-in.
    """
    account = accounts_by_key.get(account_key)
    if account and account.owner not in (None, client.id) and account.may_sign_in:
        raise EmailInUse
    if account is None or account.owner != client.id:
        return AccessChange(client.with_email(email), events=((client.audit_key, EventKind.CONSENT_CHANGED),))
    return confirm_address(client, email, account_key, accounts_by_key)


def remove_address(client: Client, email: AddressOnFile, account_key: AccountKey) -> AccessChange:
    """Return the change that takes an address off file.

    :raises AccessAddress: the client has access by this address, or had it last.
    """
    if client.access_key == account_key:
        raise AccessAddress
    remaining = replace(client, emails=tuple(known for known in client.emails if known is not email))
    # An address that was only stored for the next invitation is no longer that.
    if client.access_key is None and client.access_address and remaining.email(client.access_address) is None:
        remaining = replace(remaining, access_address=None)
    return AccessChange(remaining, events=((client.audit_key, EventKind.ADDRESS_CHANGED),))


def change_address(  # noqa: PLR0913 - the request, what was read, and what is new
    client: Client,
    email: AddressOnFile,
    account_key: AccountKey,
    accounts_by_key: AccountsByKey,
    *,
    disable_and_resend: bool,
    new_id: str,
    now: int,
) -> AccessChange:
    """Return the change that saves an address as the client's (B55).

    An address that the client signs in by already is confirmed. With `disable_and_resend`, a new address replaces the
    old sign-in and is invited (B57, B58). Without it, a client who has no access gets the address stored for the next
    invitation. `account_key` is the key of the address's account, `new_id` the id of a new account. `now` is Unix
    seconds.

    :raises AddressChangeUnconfirmed: the client has access by another address, and `disable_and_resend` is False.
    :raises EmailInUse: the address is another client's own sign-in.
    :raises ConsentMissing: the address would be invited, and the person has not consented to mail there.
    """
    # First protect this client (no silent loss of access), then the other client who may own the address.
    # Without disable_and_resend nothing ends and nothing is sent: the address is stored or confirmed.
    # Consent is checked last, so that an address can be corrected for someone who wants no mail.
    # confirm_address() and invite() can emit the same event: keep the one from invite().
    account, own = accounts_by_key.get(account_key), own_account(client, accounts_by_key)
    if own and own.key != account_key and own.may_sign_in and not disable_and_resend:
        raise AddressChangeUnconfirmed
    if account and account.owner not in (None, client.id) and account.may_sign_in:
        raise EmailInUse
    is_same = own is not None and own.key == account_key
    save = confirm_address if is_same else _replace_address
    saved = save(client, email, account_key, accounts_by_key)
    if not disable_and_resend or (own and is_same and own.status is AccountStatus.ACTIVE):
        return saved
    if not email.email_ok:
        raise ConsentMissing
    saved_by_key = {**accounts_by_key, **{account.key: account for account in saved.accounts}}
    invited = invite(saved.client, email.address, account_key, saved_by_key, new_id, now)
    events = tuple((subject_key, kind) for subject_key, kind in saved.events if not invited.includes(kind))
    return replace(invited, events=(*events, *invited.events))


def _replace_address(
    client: Client, email: AddressOnFile, account_key: AccountKey, accounts_by_key: AccountsByKey
) -> AccessChange:
    """Return the change that puts an address in place of the one that the client has used."""
    saved = confirm_address(client.replacing_address(email), email, account_key, accounts_by_key)
    return replace(
        saved,
        client=replace(saved.client, access_address=email.address),
        events=(*saved.events, (client.audit_key, EventKind.ADDRESS_CHANGED)),
    )
