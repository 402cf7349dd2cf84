"""The diagnosis of a sign-in: of a client with everyone who opens their profile, or of one contact (B155, B156)."""

from dataclasses import dataclass, field
from typing import Literal, get_args

from latchkey.identity import providers
from latchkey.rules import access, addresses
from latchkey.rules.accounts import AccessStatus, Account, AccountKey
from latchkey.rules.clients import Client, Contact
from latchkey.rules.events import Event
from latchkey.rules.limits import MAIL_PER_PRACTICE, POLICIES, LockedMethod, Policy, Scope, mail_per_practice
from latchkey.rules.mail import EmailStatus
from latchkey.rules.members import Role
from latchkey.rules.providers import ProviderName
from latchkey.rules.refusals import RecordNotFound
from latchkey.store import accounts, events, limits, mail_status, pins
from latchkey.store.batches import read_batch
from latchkey.usecases import client_access
from latchkey.usecases.client_access import Bounce, access_status, bounce, email_status
from latchkey.usecases.contacts import contact_status
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.diagnosis_sentences import Advice, advise
from latchkey.usecases.events import is_refusal

EVENTS_READ = 100
"""Number of newest events of a person that a diagnosis reads."""
MAX_LISTED = 5
MAIL_EVENTS = {"link_sent", "link_failed", "link_suppressed", "notice_sent"}
METHODS: tuple[LockedMethod, ...] = get_args(LockedMethod.__value__)

type Browsers = Literal["all", "known"]


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """A lock on a sign-in method, with its end."""

    method: LockedMethod
    until: int
    """Unix seconds, for a browser that is not a known browser of this account."""
    known_browsers_until: int | None
    """Unix seconds, for a known browser. None if the lock does not apply to it."""


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """The facts about one person's sign-in, as they are at this moment."""

    name: str = field(repr=False)
    contact: Contact | None
    """None for the client."""
    account: Account | None
    """The account by which the person signs in. None if there is none, or if it is another client's."""
    address: str | None = field(repr=False)
    is_other_clients: bool
    """True if another client signs in with the address."""
    is_suppressed: bool
    """True if no mail goes to the address, for any account."""
    access: AccessStatus
    """The access to this profile."""
    consent: bool | None
    """The recorded consent. None if there is no address."""
    email_status: EmailStatus
    bounce: Bounce | None
    invited_at: int | None
    """Unix seconds of the last invitation of the client. None for contacts."""
    events: list[tuple[str, Event]]
    """Audit events with their ids, newest first."""
    locks: list[RateLimitState]
    needs_other_method: bool
    """True if so many wrong PINs were typed in a row that no PIN works until another sign-in succeeds."""
    providers: tuple[ProviderName, ...]
    """The providers that the person can sign in with."""

    def lock(self, method: LockedMethod) -> RateLimitState | None:
        """Return the lock on a sign-in method. None if there is no lock."""
        return next((lock for lock in self.locks if lock.method == method), None)

    def can_use(self, method: LockedMethod) -> bool:
        """Return True if the person's account allows a sign-in method, apart from locks."""
        if self.account is None or self.access not in ("invited", "active"):
            return False
        if method == "pins":
            return not self.needs_other_method
        return method == "links" and self.account.can_receive_mail

    def works_in(self, method: LockedMethod) -> Browsers | None:
        """Return the browsers in which a sign-in method works at this moment. None if it works in no browser."""
        lock = self.lock(method)
        if not self.can_use(method):
            return None
        if lock is None:
            return "all"
        return None if lock.known_browsers_until else "known"

    @property
    def mails(self) -> list[tuple[str, Event]]:
        """The newest events about mail."""
        return [row for row in self.events if row[1].kind in MAIL_EVENTS][:MAX_LISTED]

    @property
    def refusals(self) -> list[tuple[str, Event]]:
        """The newest refusals."""
        return [row for row in self.events if is_refusal(row[1]) and row[1].kind not in MAIL_EVENTS][:MAX_LISTED]


@dataclass(frozen=True, slots=True)
class PersonDiagnosis:
    """The state of one person's sign-in, and the likely causes of a failure."""

    facts: PersonFacts
    advice: Advice


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The diagnosis of a client, with that of each contact on file."""

    client: Client
    own: PersonDiagnosis
    people: tuple[PersonDiagnosis, ...]
    advice: Advice
    """The sentences about the client, and those about each contact with their name."""


@use_case(Role.CLINICIAN)
def diagnose(context: RequestContext, client_id: str) -> Diagnosis:
    """Return the diagnosis of a client and of everyone who opens their profile, at this moment."""
    client = client_access.find(context, client_id)
    read = _Reader(context, client)
    own = _diagnosis(context, client, read.client())
    people = tuple(_diagnosis(context, client, read.contact(contact)) for contact in client.contacts)
    openers = [person for person in people if person.facts.access in ("invited", "active")]
    # A child has no sign-in of their own: then only the sentences about those who open the profile help.
    own_advice = Advice() if openers and own.facts.account is None else own.advice
    merged = [own_advice, *(person.advice.about(person.facts.name) for person in openers)]
    return Diagnosis(client, own, people, Advice.joined(merged))


@use_case(Role.CLINICIAN)
def diagnose_contact(context: RequestContext, client_id: str, contact_id: str) -> PersonDiagnosis:
    """Return the diagnosis of one contact of a client, at this moment.

    :raises RecordNotFound: the client has no such contact.
    """
    client = client_access.find(context, client_id)
    contact = client.contact(contact_id)
    if contact is None:
        raise RecordNotFound
    return _diagnosis(context, client, _Reader(context, client).contact(contact))


def _diagnosis(context: RequestContext, client: Client, facts: PersonFacts) -> PersonDiagnosis:
    return PersonDiagnosis(facts, advise(facts, client, context))


class _Reader:
    """Reads the facts about people: accounts, PINs and rate limits of all of them in one call, and then the events.

    Events of the client's record are left out, because they concern its details and not sign-ins or mail.
    """

    def __init__(self, context: RequestContext, client: Client) -> None:
        self.context = context
        self._client = client
        self._address = client.access_address or next((email.address for email in client.emails), None)
        self._key = accounts.key_of(context.slug, addresses.canonical(self._address)) if self._address else None
        keys = access.account_keys(client) | ({self._key} if self._key else set())
        limited = (
            item
            for key in keys
            for policies in map(self._policies, METHODS)
            for policy in policies
            for item in limits.item_keys(policy, self._subject(policy, key))
        )
        self._batch = read_batch([*accounts.item_keys(keys), *map(pins.item_key, keys), *limited])
        self._accounts = mail_status.with_newest_of_each(accounts.found_in(self._batch, keys))

    def client(self) -> PersonFacts:
        """Return the facts about a client's own sign-in."""
        client, address, account_key = self._client, self._address, self._key
        own = access.own_account(client, self._accounts)
        holder = self._accounts.get(account_key) if account_key else None
        is_other_clients = holder is not None and holder.owner not in (None, client.id)
        rows = ({own.key} if own else set()) | ({account_key} if account_key and not is_other_clients else set())
        on_file = client.email(address) if address else None
        return self._facts(
            name=client.name,
            contact=None,
            account=own,
            address=address,
            is_other_clients=is_other_clients,
            is_suppressed=holder is not None and holder.suppressed,
            access=access_status(client, own),
            consent=on_file.email_ok if on_file else None,
            invited_at=client.invited_at,
            rows=rows,
            account_key=account_key,
        )

    def contact(self, contact: Contact) -> PersonFacts:
        """Return the facts about a contact's sign-in to the client's profile."""
        account = self._accounts.get(contact.account_key)
        return self._facts(
            name=contact.name,
            contact=contact,
            account=account,
            address=account.address if account and account.address else contact.email.address,
            is_other_clients=False,
            is_suppressed=account is not None and account.suppressed,
            access=contact_status(account, self._client.id),
            consent=account.email_ok if account else contact.email.email_ok,
            invited_at=None,
            rows={contact.account_key},
            account_key=contact.account_key,
        )

    def _facts(
        self, *, account: Account | None, rows: set[AccountKey], account_key: AccountKey | None, **known: object
    ) -> PersonFacts:
        address = known["address"]
        return PersonFacts(
            account=account,
            email_status=email_status(account),
            bounce=bounce(account),
            events=events.newest(self.context.slug, rows, EVENTS_READ),
            locks=self._locks(account_key) if account_key else [],
            needs_other_method=account is not None and pins.needs_other_method(self._batch, account),
            providers=self._providers(str(address)) if address else (),
            **known,  # type: ignore[arg-type]
        )

    def _providers(self, address: str) -> tuple[ProviderName, ...]:
        local, _, domain = addresses.canonical(address).rpartition("@")
        return tuple(
            row.name
            for row in providers.offered(self.context.practice)
            if row.address_policy.domain == domain and "+" not in local
        )

    def _locks(self, account_key: AccountKey) -> list[RateLimitState]:
        """Return the locks on this address, from the rate limits. This counts no request."""
        return [lock for method in METHODS if (lock := self._lock(method, account_key))]

    def _subject(self, policy: Policy, account_key: AccountKey) -> str | bytes:
        return account_key if policy.scope is Scope.ADDRESS else self.context.slug

    def _policies(self, method: LockedMethod) -> list[Policy]:
        mail = mail_per_practice(self.context.practice.mails_per_hour)
        return [mail if policy is MAIL_PER_PRACTICE else policy for policy in POLICIES if policy.locks == method]

    def _lock(self, method: LockedMethod, account_key: AccountKey) -> RateLimitState | None:
        """Return the lock that the policies of a method cause together. None if no policy is at its limit."""
        ends = [
            limits.blocked_until(self._batch, policy, self._subject(policy, account_key), self.context.now)
            for policy in self._policies(method)
        ]
        ends_for_all = [until for until, _ in ends if until]
        if not ends_for_all:
            return None
        known_browser_ends = [until for _, until in ends if until]
        return RateLimitState(
            method=method,
            until=max(ends_for_all),
            known_browsers_until=max(known_browser_ends) if known_browser_ends else None,
        )
