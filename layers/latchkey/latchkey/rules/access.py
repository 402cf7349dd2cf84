"""Giving, moving and ending access: what a clinician does about a client's sign-in, as values before and after.

Each decision takes what was read and returns what is to be written, all of it or nothing; the store writes it only if
nothing came in between. `now` is Unix seconds everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from latchkey.rules.accounts import Account, AccountStatus, Profile
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import EventKind
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import (
    AddressChangeUnconfirmed,
    AddressSuppressed,
    AlreadySignedIn,
    ConsentMissing,
    EmailInUse,
    NoAccess,
    OpenedByOthers,
    Opener,
)

type AccountsByKey = Mapping[bytes, Account]
"""Accounts as they were read, by key."""


RETRY_SECONDS = 5
"""After which whoever was told to try again does so."""


@dataclass(frozen=True, slots=True)
class AccessChange:
    """What is to be written together."""

    client: Client
    """As it is to be; its `revision` is the one that was read."""
    accounts: tuple[Account, ...] = field(default=(), repr=False)
    """As they are to be; each `revision` is the one that was read, 0 for a new one."""
    events: tuple[tuple[bytes, EventKind], ...] = ()
    """What to write down, and of which account; of the client, where `Client.row` stands for one."""

    def includes(self, kind: EventKind) -> bool:
        """Whether an event of that kind is part of it."""
        return any(kind is happened for _, happened in self.events)

    def account(self, key: bytes) -> Account:
        """An account as it is to be."""
        return next(account for account in self.accounts if account.key == key)


def invitation_address(client: Client, asked: str | None) -> str:
    """The address to invite: the one asked for, else the one with access, else the first with consent.

    :raises ConsentMissing: the client has no such address, or has not agreed to be written to there. Nothing is ever
        sent to typed text.
    """
    wanted = asked or client.access_address or next((e.address for e in client.emails if e.email_ok), None)
    email = client.email(wanted) if wanted else None
    if email is None or not email.email_ok:
        raise ConsentMissing
    return email.address


def invite(client: Client, address: str, key: bytes, known: AccountsByKey, new_id: str, now: int) -> AccessChange:
    """Give a client access by an address of theirs, ending access by any other (B42, B58, B60). `key` is its account's.

    :raises AlreadySignedIn: the client has signed in by it already (B61).
    :raises EmailInUse: it is another client's own sign-in (B90).
    :raises AddressSuppressed: mail to it came back; a clinician has to confirm it first.
    """
    account, own = known.get(key), own_account(client, known)
    if own and own.key == key and own.status is AccountStatus.ACTIVE:
        raise AlreadySignedIn
    granted = _granted(client, address, key, account, new_id)
    if granted.suppressed:
        raise AddressSuppressed
    accounts, events = [granted], [(key, EventKind.ACCESS_ENABLED)]
    if own and own.key != key:
        accounts.append(_no_longer_own(own, client, now))
        events += [(own.key, EventKind.ACCESS_DISABLED), (key, EventKind.ADDRESS_CHANGED)]
    before = {*client.former_keys, client.access_key} - {None, key}
    former = tuple(sorted(one for one in before if one))
    invited = replace(client, access_key=key, access_address=address, former_keys=former, invited_at=now)
    return AccessChange(invited, tuple(accounts), (*events, (key, EventKind.INVITATION_REQUESTED)))


def confirm_address(client: Client, email: AddressOnFile, key: bytes, known: AccountsByKey) -> AccessChange:
    """Put on file that an address is right, and whether the person may be written to there (B49): what kept mail back
    is lifted. `key` is the address's account."""
    account = known.get(key)
    if account is None:
        return AccessChange(client.with_email(email), events=((client.audit_key, EventKind.CONSENT_CHANGED),))
    own = account.owner == client.id and client.access_key == key
    confirmed = replace(
        _confirmed(account, email.recorded_at),
        address=email.address if own else account.address,
        email_ok=email.email_ok if own else account.email_ok,
    )
    changed = replace(client, access_address=email.address) if own else client
    return AccessChange(changed.with_email(email), (confirmed,), ((key, EventKind.CONSENT_CHANGED),))


def change_address(  # noqa: PLR0913 - what was asked, what was read, and what is new
    client: Client, email: AddressOnFile, key: bytes, known: AccountsByKey, *, agreed: bool, new_id: str, now: int
) -> AccessChange:
    """Save an address as the client's (B55). The one that is on file already is confirmed. Another one ends the sign-in
    by the one before and is invited, if that is `agreed` (B57, B58); where there is no sign-in to end it is put on file
    for the next invitation.

    :raises SwitchUnconfirmed: the client has access by another address, and nobody has agreed to end it.
    :raises ConsentMissing: it is to be invited, and the person has not agreed to be written to there.
    :raises EmailInUse: it is another client's own sign-in.
    """
    account, own = known.get(key), own_account(client, known)
    if own and own.key != key and own.may_sign_in and not agreed:
        raise AddressChangeUnconfirmed
    if account and account.owner not in (None, client.id) and account.may_sign_in:
        raise EmailInUse
    same = own is not None and own.key == key
    filed = client if same else client.replacing_address(email)
    saved = confirm_address(filed, email, key, known)
    if not same:
        saved = replace(
            saved,
            client=replace(saved.client, access_address=email.address),
            events=(*saved.events, (client.audit_key, EventKind.ADDRESS_CHANGED)),
        )
    if not agreed or (own and same and own.status is AccountStatus.ACTIVE):
        return saved
    if not email.email_ok:
        raise ConsentMissing
    seen = {**known, **{one.key: one for one in saved.accounts}}
    invited = invite(saved.client, email.address, key, seen, new_id, now)
    kept = tuple((row, kind) for row, kind in saved.events if not invited.includes(kind))
    return replace(invited, events=(*kept, *invited.events))


def share_grants_access(client: Client, items: Iterable[str], known: AccountsByKey, now: int) -> bool:
    """Whether sharing something gives the client access (B45): they never had it, or their only invitation could not
    be sent. Of one that was noted and never promised, whoever heard no shares the same again."""
    own = own_account(client, known)
    if client.access_key is None or own is None or own.status is not AccountStatus.INVITED:
        return client.access_key is None
    again = set(items) <= {*client.items} and (own.email_status_at or 0) + RETRY_SECONDS <= now
    return own.email_status == "none" or (own.email_status == "queued" and again)


def own_account(client: Client, known: AccountsByKey) -> Account | None:
    """The account by which the client signs in as themselves, or did until it was ended; None if an address that was
    theirs has become another client's."""
    account = known.get(client.access_key) if client.access_key else None
    return account if account and account.owner == client.id else None


def opened_by_others(client: Client, known: AccountsByKey) -> tuple[Opener, ...]:
    """The contacts who can open the client's profile at this moment, each by a sign-in that is not the client's own."""
    own = own_account(client, known)
    return tuple(
        Opener(contact.id, contact.name, contact.email.address, contact.relation)
        for contact in client.contacts
        if (account := known.get(contact.account_key)) is not None
        and account is not own
        and account.may_sign_in
        and account.profile(client.id)
    )


def disable(client: Client, known: AccountsByKey, now: int) -> AccessChange:
    """End the client's sign-in at once: links, PINs and sessions with it (B62). Nothing to do is fine.

    :raises OpenedByOthers: the profile would still be open to others.
    """
    _check_nobody_else(client, known)
    account = own_account(client, known)
    if account is None or not account.may_sign_in:
        return AccessChange(client)
    return AccessChange(client, (_revoked(account, now),), ((account.key, EventKind.ACCESS_DISABLED),))


def end_sessions(client: Client, known: AccountsByKey) -> AccessChange:
    """Sign the client out everywhere.

    :raises OpenedByOthers: others may be signed in to the profile, and would stay so.
    """
    _check_nobody_else(client, known)
    account = own_account(client, known)
    if account is None or not account.sessions:
        return AccessChange(client)
    return AccessChange(client, (replace(account, sessions=()),), ((account.key, EventKind.SESSION_ENDED),))


def unlink_identity(client: Client, known: AccountsByKey, provider: ProviderName) -> AccessChange:
    """Let another identity at a provider sign in to the client's account. The next one to do so is linked to it.

    :raises OpenedByOthers: the client has no sign-in of their own, so one of these must be meant.
    """
    account = own_account(client, known)
    if account is None:
        _check_nobody_else(client, known)
        return AccessChange(client)
    if provider not in account.identities:
        return AccessChange(client)
    others = {name: subject for name, subject in account.identities.items() if name != provider}
    unlinked = replace(account, identities=others)
    return AccessChange(client, (unlinked,), ((account.key, EventKind.identity_unlinked(provider)),))


def require_own_account(client: Client, known: AccountsByKey) -> Account:
    """The client's own account.

    :raises NoAccess: there is none that may sign in.
    """
    account = own_account(client, known)
    if account is None or not account.may_sign_in:
        raise NoAccess
    return account


def has_consent(account: Account | None) -> bool:
    """Whether the person behind an address is known to have agreed to be written to."""
    return account is not None and account.address != "" and account.email_ok


def add_contact(client: Client, contact: Contact, known: AccountsByKey, new_id: str) -> AccessChange:
    """Let someone open this client's profile (B107). Whoever signs in here already gains one more; someone new is
    invited if they have agreed to be written to, and else signs in by PIN.

    The same contact again confirms the address, if they agree. Whether they do is recorded anew each time, and the last
    word counts, whoever's contact they are; of an address that is a client's own, the client's word alone.
    """
    account = known.get(contact.account_key)
    events = [(client.audit_key, EventKind.PROFILE_GRANTED)]
    others = tuple(one for one in client.contacts if one.account_key != contact.account_key)
    again = len(others) < len(client.contacts)
    if account is None or not account.address:
        granted = _new(client, contact.account_key, contact.email.address, contact.name, account, new_id)
        new = True
    else:
        granted = account if account.may_sign_in else _reinstated(account)
        if granted.owner is None and contact.email.email_ok != granted.email_ok:
            events.append((contact.account_key, EventKind.CONSENT_CHANGED))
        if granted.owner is None and contact.email.email_ok and again:
            granted = _confirmed(granted, contact.email.recorded_at)
        # of a promise that was noted and not kept, whoever heard no asks again
        unsent = ("none", "queued") if again else ("none",)
        new = not account.may_sign_in or (granted.status is AccountStatus.INVITED and granted.email_status in unsent)
    granted = replace(
        granted,
        email_ok=contact.email.email_ok if granted.owner is None else granted.email_ok,
        profiles=_upsert_profile(granted.profiles, client.profile),
    )
    if new and granted.can_receive_mail:
        events.append((contact.account_key, EventKind.INVITATION_REQUESTED))
    return AccessChange(replace(client, contacts=(*others, contact)), (granted,), tuple(events))


def remove_contact(client: Client, contact: Contact, known: AccountsByKey, now: int) -> AccessChange:
    """Close this client's profile to someone, sessions on it included."""
    changed = replace(client, contacts=tuple(one for one in client.contacts if one.id != contact.id))
    account, own = known.get(contact.account_key), own_account(client, known)
    stays = account is None or (own is not None and own.key == contact.account_key)
    left = () if account is None or stays else (_without_profile(account, client, now),)
    return AccessChange(changed, left, ((client.audit_key, EventKind.PROFILE_REVOKED),))


def update_profile(client: Client, known: AccountsByKey) -> AccessChange:
    """Carry the client's name, language and switches to every account that opens the profile."""
    return AccessChange(
        client, tuple(_refreshed(account, client) for account in known.values() if account.profile(client.id))
    )


def erase(client: Client, known: AccountsByKey, now: int) -> AccessChange:
    """Take the client's profile from every account; those that open nothing any more are ended, and forget whose they
    were. Their keys and epochs stay, so that no link or PIN from before is ever good again. Addresses that were the
    client's before are `former`'s to forget."""
    accounts, events = [], []
    alone = replace(client, contacts=())
    for account in known.values():
        if account.owner == client.id:
            left = _no_longer_own(account, alone, now)
        elif account.profile(client.id):
            left = _without_profile(account, client, now)
        else:
            continue
        accounts.append(left if left.profiles else _anonymized(left))
        events.append((account.key, EventKind.PROFILE_REVOKED if left.profiles else EventKind.ACCESS_DISABLED))
    return AccessChange(client, tuple(accounts), (*events, (client.audit_key, EventKind.CLIENT_ERASED)))


def former_accounts(client: Client, known: AccountsByKey) -> tuple[Account, ...]:
    """The addresses that were the client's before and are nobody's now, forgotten."""
    return tuple(
        _anonymized(account)
        for account in known.values()
        if account.key in client.former_keys and account.owner is None and not account.profiles and account.address
    )


def audit_subjects(client: Client, known: AccountsByKey) -> set[bytes]:
    """The accounts whose events are about the client: those that open the profile, and those of addresses that were
    the client's before. What has become another client's own sign-in tells of that one, unless it is a contact's."""
    others = {account.key for account in known.values() if account.owner not in (None, client.id)}
    contacts = {contact.account_key for contact in client.contacts}
    return contacts | {*client.former_keys, *account_keys(client)} - others


def account_keys(client: Client) -> set[bytes]:
    """The accounts that open the client's profile."""
    return {contact.account_key for contact in client.contacts} | ({client.access_key} if client.access_key else set())


def _check_nobody_else(client: Client, known: AccountsByKey) -> None:
    """Pass if nobody but the client can open their profile.

    :raises OpenedByOthers: someone else can.
    """
    if people := opened_by_others(client, known):
        raise OpenedByOthers(people)


def _granted(client: Client, address: str, key: bytes, account: Account | None, new_id: str) -> Account:
    if account and account.owner not in (None, client.id) and account.may_sign_in:
        raise EmailInUse
    if account is None or not account.address or account.owner not in (None, client.id):
        # of another client's that was ended nothing is left to open
        account = _new(client, key, address, client.name, account, new_id)
    return replace(
        account,
        address=address,
        name=client.name,
        language=client.language,
        email_ok=True,
        owner=client.id,
        status=account.status if account.may_sign_in else AccountStatus.INVITED,
        profiles=_upsert_profile(account.profiles, client.profile),
    )


def _new(client: Client, key: bytes, address: str, name: str, before: Account | None, new_id: str) -> Account:
    """An account for someone new; where someone else had one, what is known of the address stays, and what was ended
    stays ended."""
    account = Account(
        key=key, id=new_id, practice=client.practice, address=address, name=name, language=client.language
    )
    if before is None:
        return account
    return replace(
        account,
        epoch=before.epoch,
        ended_at=before.ended_at,
        suppressed=before.suppressed,
        confirmed_at=before.confirmed_at,
        email_status=before.email_status if before.suppressed else "none",
        revision=before.revision,
    )


def _refreshed(account: Account, client: Client) -> Account:
    told = replace(account, profiles=_upsert_profile(account.profiles, client.profile))
    return replace(told, name=client.name, language=client.language) if account.owner == client.id else told


def _reinstated(account: Account) -> Account:
    """An ended account that may open a profile again: not the one of the client whose own sign-in was ended."""
    others = tuple(one for one in account.profiles if one.id != account.owner)
    return replace(account, status=AccountStatus.INVITED, owner=None, profiles=others)


def _confirmed(account: Account, now: int) -> Account:
    """An address that mail may go to again; what became of the mail before is no longer said of it."""
    if not account.suppressed:
        return account
    return replace(account, suppressed=False, confirmed_at=now, email_status="none", email_status_at=None)


def _revoked(account: Account, now: int) -> Account:
    return replace(account, status=AccountStatus.DISABLED, epoch=account.epoch + 1, ended_at=now, sessions=())


def _anonymized(account: Account) -> Account:
    return replace(account, address="", name="", identities={}, first_sign_in_at=None, last_sign_in_at=None)


def _without_profile(account: Account, client: Client, now: int) -> Account:
    """Return the account without the client's profile. If that was its last one, end it and unlink its identities."""
    left = replace(account, profiles=tuple(one for one in account.profiles if one.id != client.id))
    return left if left.profiles else replace(_revoked(left, now), identities={})


def _no_longer_own(account: Account, client: Client, now: int) -> Account:
    """No longer the client's own sign-in: whatever was live is dead, also for what else it opens."""
    stays = any(contact.account_key == account.key for contact in client.contacts)
    profiles = tuple(one for one in account.profiles if stays or one.id != client.id)
    ended = _revoked(replace(account, owner=None, profiles=profiles), now)
    return replace(ended, status=account.status) if profiles else ended


def _upsert_profile(profiles: tuple[Profile, ...], profile: Profile) -> tuple[Profile, ...]:
    if any(one.id == profile.id for one in profiles):
        return tuple(profile if one.id == profile.id else one for one in profiles)
    return (*profiles, profile)
