"""The state of a client's sign-in."""

from dataclasses import dataclass
from typing import assert_never, cast

from latchkey import languages
from latchkey.rules import access, revocations
from latchkey.rules.accounts import AccessStatus, Account
from latchkey.rules.clients import Client
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.mail import BOUNCE_REASONS, EMAIL_STATUSES, BounceReason, EmailStatus
from latchkey.store import accounts, clients, mail_status, pins
from latchkey.store.batches import read_batch
from latchkey.usecases.context import RequestContext


@dataclass(frozen=True, slots=True)
class ClientAccess:
    """A client, the account of their own sign-in, and the state of its PIN."""

    client: Client
    own_account: Account | None
    has_live_pin: bool
    opener_count: int
    """Contacts who can open the client's profile by an account of their own."""
    time_zone: str
    """The practice's time zone, for dates in sentences."""

    @property
    def last_sign_in_at(self) -> int | None:
        """Unix seconds of the client's last sign-in, by this address or one before. None if there was none."""
        sign_ins = (self.client.previous_sign_in_at, self.own_account and self.own_account.last_sign_in_at)
        return max((at for at in sign_ins if at), default=None)

    @property
    def banner(self) -> str | None:
        """The sentence to show while an invited client has not signed in. None for every other status."""
        if access_status(self.client, self.own_account) != "invited":
            return None
        if self.last_sign_in_at is None:
            return f"{self.client.name} hasn't signed in yet."
        return f"{self.client.name} hasn't signed in since {self._date(self.last_sign_in_at)}."

    @property
    def tags(self) -> tuple[str, ...]:
        """Short labels: the status with its date, and the number of other people who open the profile."""
        tags = []
        match access_status(self.client, self.own_account):
            case "none":
                tags.append("Not invited")
            case "invited":
                label = "Invited again" if self.last_sign_in_at else "Invited"
                date = f" {self._date(self.client.invited_at)}" if self.client.invited_at else ""
                tags.append(f"{label}{date}")
            case "active":
                seen = f", last signed in {self._date(self.last_sign_in_at)}" if self.last_sign_in_at else ""
                tags.append(f"Active{seen}")
            case "disabled":
                tags.append("Disabled")
            case status:
                assert_never(status)
        if self.opener_count:
            tags.append(f"Opened by {self.opener_count} {'person' if self.opener_count == 1 else 'people'}")
        return tuple(tags)

    def _date(self, at: int) -> str:
        return languages.format_date(at, self.time_zone, DEFAULT_LANGUAGE)


def find(context: RequestContext, client_id: str) -> Client:
    """Return a client of the practice. One that was read with the clinician's session is not read again.

    :raises RecordNotFound: the practice has no client of this id.
    """
    return context.known_clients.get(client_id) or clients.find(context.slug, client_id)


def read(context: RequestContext, client: Client) -> ClientAccess:
    """Return the state of a client's sign-in. Its accounts and its PIN are one call."""
    account_keys = access.account_keys(client)
    pin = [pins.item_key(client.access_key)] if client.access_key else []
    batch = read_batch([*accounts.item_keys(account_keys), *pin])
    accounts_by_key = accounts.found_in(batch, account_keys)
    own_account = access.own_account(client, accounts_by_key)
    own_account = own_account and mail_status.with_newest(own_account)
    return ClientAccess(
        client=client,
        own_account=own_account,
        has_live_pin=own_account is not None
        and own_account.may_sign_in
        and pins.is_live(batch, own_account, context.now),
        opener_count=len(revocations.openers(client, accounts_by_key)),
        time_zone=context.practice.time_zone,
    )


def access_status(client: Client, own_account: Account | None) -> AccessStatus:
    """Return the status of the client's access: none, invited, active or disabled."""
    if client.access_key is None:
        return "none"
    return own_account.status.value if own_account else "disabled"


@dataclass(frozen=True, slots=True)
class Bounce:
    """The newest bounce or complaint of an address."""

    at: int
    """Unix seconds."""
    reason: BounceReason


def bounce(account: Account | None) -> Bounce | None:
    """Return the newest bounce of an account's address, also if the address was confirmed since (B158)."""
    if account is None or account.bounced_at is None:
        return None
    known = account.bounce_reason in BOUNCE_REASONS
    return Bounce(account.bounced_at, cast("BounceReason", account.bounce_reason) if known else "unknown")


def email_status(account: Account | None) -> EmailStatus:
    """Return the status of the newest mail.

    A suppressed address is `suppressed`, unless the status itself is the cause. A status of a later version is `none`.
    """
    if account is None:
        return "none"
    is_known = account.email_status in EMAIL_STATUSES
    status = cast("EmailStatus", account.email_status) if is_known else "none"
    return "suppressed" if account.suppressed and status not in ("bounced", "complained") else status
