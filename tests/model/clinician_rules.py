"""Steps of clinicians in the reference model."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

from tests.model.limits import CREATED
from tests.model.model_base import ModelBase, ModelRefusal, Outcome
from tests.model.state import PIN_LIFETIME, Account, Client, Pin


class ClinicianRules(ModelBase):
    """The steps of clinicians: they invite people, create PINs, change addresses and end access."""

    def make_pin(self, client: Client) -> Outcome:
        """Create a PIN. Only the service knows its digits."""
        account = client.own
        with self._created():
            if account is None or not account.may_sign_in:
                raise ModelRefusal("no_access")
            account.pin = Pin("", self.now + PIN_LIFETIME)
            self._notify(account, "pin_made")
        return Outcome("made")

    def invite(self, client: Client, address: str | None = None) -> Outcome:
        """Invite a client to the address for the next invitation, or to another of their addresses."""
        address = address or client.address
        if not client.emails.get(address):
            raise ModelRefusal("email_consent_required")
        with self._created():
            self._invite(client, address)
        return Outcome("invited")

    def _invite(self, client: Client, address: str) -> None:
        account, own = self.account(client.practice, address), client.own
        if own is account and account.status == "active":
            raise ModelRefusal("already_signed_in")
        if account.owner not in (None, client) and account.may_sign_in:
            raise ModelRefusal("email_in_use")
        if account.stopped:
            raise ModelRefusal("address_suppressed")
        self._grant(client, account)
        self._request_mail("invitation", account)
        if own and own is not account:
            own.end(self.now)
            own.owner = None
            self._notify(own, "address_changed")

    def change_address(self, client: Client, address: str, *, consent: bool, agreed: bool) -> Outcome:
        """Save and confirm a client's address. With `agreed`, access moves there."""
        with self._created() if agreed else nullcontext() as created:
            invited = self._change_address(client, address, consent=consent, agreed=agreed)
            if created and not invited:
                created()
        return Outcome("saved")

    def _change_address(self, client: Client, address: str, *, consent: bool, agreed: bool) -> bool:
        account, own = self.account(client.practice, address), client.own
        same = own is account
        if own and not same and own.may_sign_in and not agreed:
            raise ModelRefusal("confirm_disable_and_resend")
        if account.owner not in (None, client) and account.may_sign_in:
            raise ModelRefusal("email_in_use")
        invites = agreed and not (same and account.status == "active")
        if invites and not consent:
            raise ModelRefusal("email_consent_required")
        if not same and address not in client.emails:
            client.emails.pop(client.address, None)
        client.emails[address] = consent
        client.address = address
        account.stopped = False
        if same:
            account.consent = consent
        if invites:
            self._invite(client, address)
        return invites

    def disable(self, client: Client) -> Outcome:
        """Disable a client's access."""
        if client.own and client.own.may_sign_in:
            client.own.end(self.now)
        return Outcome("done")

    def sign_out_everywhere(self, client: Client) -> Outcome:
        """End a client's sessions."""
        if client.own:
            client.own.sign_out_everywhere()
        return Outcome("done")

    def unbind(self, client: Client) -> Outcome:
        """Unlink a client's identity."""
        if client.own:
            client.own.google = None
        return Outcome("done")

    def seen_by_clinician(self, client: Client) -> tuple[str, str, bool]:
        """Return what a clinician sees: address, access and whether a PIN is live."""
        own = client.own
        status = own.status if own else "disabled"
        return client.address, status, own is not None and own.has_live_pin(self.now)

    @contextmanager
    def _created(self) -> Iterator[Callable[[], None]]:
        """Count a PIN or an invitation of the clinician, not if it is refused. Yield a function that takes it back."""
        who = ("clinician",)
        self._count(who, (CREATED,))

        def uncount() -> None:
            self.limit_counters.uncount(who, CREATED)

        try:
            yield uncount
        except ModelRefusal:
            uncount()
            raise

    def _notify(self, account: Account, kind: str) -> None:
        if account.consent and not account.stopped:
            self._request_mail(kind, account)
