"""The diagnosis of a client's sign-in, with sentences to read out on the phone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, assert_never, get_args

from latchkey import languages, settings
from latchkey.identity.providers import PROVIDERS
from latchkey.rules import access, addresses
from latchkey.rules.accounts import AccessStatus, Account
from latchkey.rules.clients import Client
from latchkey.rules.events import Event
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.limits import POLICIES, LockedMethod, Policy, Scope
from latchkey.rules.mail import EmailStatus
from latchkey.rules.members import Role
from latchkey.store import accounts, clients, events, limits
from latchkey.usecases.client_access import access_status, email_status
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.events import is_refusal

EVENTS_READ = 100
"""Number of newest events that a diagnosis reads."""
MAX_LISTED = 5
MAIL_EVENTS = {"link_sent", "link_failed", "link_suppressed", "notice_sent"}
METHODS: tuple[LockedMethod, ...] = get_args(LockedMethod.__value__)
ADVICE_BY_LOCK = {policy.locks: policy.advice for policy in POLICIES if policy.locks}

ADVICE_BY_MAIL_STATUS: dict[EmailStatus, str] = {
    "bounced": "The last email to this address came back. Check its spelling together. If it is right, save the same"
    " address again, so that emails go there once more.",
    "complained": "An email to this address was reported as spam, so none is sent any more. If the client wants them,"
    " save the same address again.",
    "suppressed": "No email is sent to this address at the moment. Check it together, record the client’s consent, and"
    " save the same address again.",
    "rejected": "The last email could not be sent. Send it again, or make a Pin Code.",
    "delayed": "The last email has not been taken by the client’s mail provider yet. It may still come.",
    "queued": "An email is on its way. It can take a few minutes to arrive.",
    "sent": "The last email was sent. If it has not arrived, look in the Spam, Junk, Bulk, and Updates folders.",
    "delivered": "The last email was delivered. Look in the Spam, Junk, Bulk, and Updates folders, and open the newest"
    " one.",
}
NO_CONSENT_ADVICE = (
    "The client has not agreed to be emailed at this address, so no email goes there. Record their consent, or make a"
    " Pin Code."
)
ADVICE_BY_REFUSAL = {
    "link_expired": "The last link that was opened had expired.",
    "link_used": "The last link that was opened had been used already. Each works once.",
    "link_replaced": "The last link that was opened was not the newest one. Only the most recent email works.",
    "email_unknown": "Someone asked for a link with this address while it had no access.",
    "no_mail_possible": "Someone asked for a link with this address while no email could be sent to it.",
    "pin_refused": "The last Pin Code that was typed did not match this address, or no longer worked. Have the address"
    " spelled.",
    "pin_locked": "Pin Codes were typed wrong too often for this address.",
    **{
        f"{provider.name}_refused": f"The last try to continue with {provider.label} was refused. The {provider.label}"
        f" Account has to be the {provider.address_policy.mailbox} address on file, letter by letter."
        for provider in PROVIDERS
    },
}
"""Sentences by the reason or kind of a refused event.

They do not say if a link or a PIN would work instead, because that depends on the locks.
"""
A_KNOWN_BROWSER = "a browser that has signed in before"


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
class Diagnosis:
    """The state of a client's sign-in, and the likely causes of a failure."""

    access: AccessStatus
    address: str | None = field(repr=False)
    consent: bool | None
    """The recorded consent. None if there is no address."""
    email_status: EmailStatus
    last_mails: list[tuple[str, Event]]
    """Audit events with their ids, newest first."""
    locks: list[RateLimitState]
    last_refusals: list[tuple[str, Event]]
    advice: list[str] = field(repr=False)
    """Sentences to read out on the phone."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """The facts that the advice depends on."""

    client: Client
    own_account: Account | None
    address: str | None = field(repr=False)
    is_other_clients: bool
    """True if another client signs in with the address."""
    status: AccessStatus
    email_status: EmailStatus
    consent: bool | None
    locks: list[RateLimitState]
    refusals: list[tuple[str, Event]]

    def lock(self, method: LockedMethod) -> RateLimitState | None:
        """Return the lock on a sign-in method. None if there is no lock."""
        return next((lock for lock in self.locks if lock.method == method), None)

    def can_use(self, method: LockedMethod) -> bool:
        """Return True if the client's account allows a sign-in method, apart from locks."""
        if self.own_account is None or not self.own_account.may_sign_in:
            return False
        return method == "pins" or self.own_account.can_receive_mail

    def works_in(self, method: LockedMethod) -> Browsers | None:
        """Return the browsers in which a sign-in method works at this moment. None if it works in no browser."""
        lock = self.lock(method)
        if not self.can_use(method):
            return None
        if lock is None:
            return "all"
        return None if lock.known_browsers_until else "known"


@use_case(Role.CLINICIAN)
def diagnose(context: RequestContext, client_id: str) -> Diagnosis:
    """Return the diagnosis of a client's sign-in at this moment."""
    client = clients.find(context.slug, client_id)
    own_account = access.own_account(client, accounts.find_all(access.account_keys(client)))
    address = client.access_address or next((email.address for email in client.emails), None)
    account_key = accounts.key_of(context.slug, addresses.canonical(address)) if address else None
    holder = accounts.find(account_key) if account_key else None
    is_other_clients = holder is not None and holder.owner not in (None, client.id)
    rows = (
        {client.audit_key}
        | ({own_account.key} if own_account else set())
        | ({account_key} if account_key and not is_other_clients else set())
    )
    event_rows = events.newest(context.slug, rows, EVENTS_READ)
    address_on_file = client.email(address) if address else None
    facts = _Facts(
        client=client,
        own_account=own_account,
        address=address,
        is_other_clients=is_other_clients,
        status=access_status(client, own_account),
        email_status=email_status(own_account),
        consent=address_on_file.email_ok if address_on_file else None,
        locks=_locks(account_key, context) if account_key else [],
        refusals=[row for row in event_rows if is_refusal(row[1]) and row[1].kind not in MAIL_EVENTS][:MAX_LISTED],
    )
    return Diagnosis(
        access=facts.status,
        address=address,
        consent=facts.consent,
        email_status=facts.email_status,
        last_mails=[row for row in event_rows if row[1].kind in MAIL_EVENTS][:MAX_LISTED],
        locks=facts.locks,
        last_refusals=facts.refusals,
        advice=[
            *_access_advice(facts, context),
            *_mail_advice(facts),
            *_limit_advice(facts, context),
            _sign_in_advice(facts, context),
        ],
    )


def _locks(account_key: bytes, context: RequestContext) -> list[RateLimitState]:
    """Return the locks on this address, from the rate limits. This counts no request."""
    subjects: dict[Scope, str | bytes] = {Scope.ADDRESS: account_key, Scope.PRACTICE: context.slug}
    return [
        lock
        for method in METHODS
        if (lock := _lock(method, [policy for policy in POLICIES if policy.locks == method], subjects, context.now))
    ]


def _lock(
    method: LockedMethod, policies: list[Policy], subjects: Mapping[Scope, str | bytes], now: int
) -> RateLimitState | None:
    """Return the lock that these policies cause together. None if no policy is at its limit."""
    ends = [limits.blocked_until(policy, subjects[policy.scope], now) for policy in policies]
    ends_for_all = [until for until, _ in ends if until]
    if not ends_for_all:
        return None
    known_browser_ends = [until for _, until in ends if until]
    return RateLimitState(
        method=method,
        until=max(ends_for_all),
        known_browsers_until=max(known_browser_ends) if known_browser_ends else None,
    )


def _access_advice(facts: _Facts, context: RequestContext) -> list[str]:
    name = facts.client.name
    advice = []
    if facts.address is None:
        advice.append(f"There is no email address on file for {name}. Save one, with their consent to be emailed.")
    else:
        advice.append(f"The address on file is {facts.address}. Have the client spell the one they type.")
    if facts.is_other_clients:
        advice.append("Another client signs in with this address. Save an address of the client’s own.")
    match facts.status:
        case "none":
            advice.append(f"{name} has not been given Client Portal access yet. Send an invitation.")
        case "disabled":
            advice.append("Client Portal access is disabled. Send an invitation to give it again.")
        case "invited":
            if facts.client.invited_at:
                at = languages.format_date_time(facts.client.invited_at, context.practice.time_zone, DEFAULT_LANGUAGE)
                hours = settings.load().link_seconds // 3600
                advice.append(f"{name} was invited on {at} and hasn’t signed in yet.")
                advice.append(f"The link of an invitation works for {hours} hours, and once. Resend it if it is older.")
        case "active":
            if facts.own_account and facts.own_account.last_sign_in_at:
                at = languages.format_date_time(
                    facts.own_account.last_sign_in_at, context.practice.time_zone, DEFAULT_LANGUAGE
                )
                advice.append(f"{name} last signed in on {at}.")
        case _:
            assert_never(facts.status)
    return advice


def _mail_advice(facts: _Facts) -> list[str]:
    if facts.consent is False:
        return [NO_CONSENT_ADVICE]
    if facts.status in ("none", "disabled") and facts.email_status not in ("bounced", "complained", "suppressed"):
        return []
    return [ADVICE_BY_MAIL_STATUS[facts.email_status]] if facts.email_status in ADVICE_BY_MAIL_STATUS else []


def _limit_advice(facts: _Facts, context: RequestContext) -> list[str]:
    advice = [_lock_advice(lock, facts, context) for lock in facts.locks]
    _, newest = next(iter(facts.refusals), ("", None))
    if newest:
        advice += [ADVICE_BY_REFUSAL[name] for name in (newest.reason, newest.kind) if name in ADVICE_BY_REFUSAL][:1]
    return advice


def _lock_advice(lock: RateLimitState, facts: _Facts, context: RequestContext) -> str:
    """Return the sentences about a lock: its end, its browsers, and the other sign-in method if that works."""
    sentences = [f"{ADVICE_BY_LOCK[lock.method]} This ends at {_format_time(lock.until, context)}."]
    if facts.works_in(lock.method) == "known":
        sentences.append(f"It does not stop {A_KNOWN_BROWSER}.")
    elif lock.known_browsers_until == lock.until:
        sentences.append(f"It stops {A_KNOWN_BROWSER} too.")
    elif lock.known_browsers_until:
        sentences.append(f"In {A_KNOWN_BROWSER}, it ends at {_format_time(lock.known_browsers_until, context)}.")
    other_method: LockedMethod = "pins" if lock.method == "links" else "links"
    if facts.works_in(other_method) == "all":
        sentences.append("A Pin Code works now." if other_method == "pins" else "A link by email works now.")
    return " ".join(sentences)


def _sign_in_advice(facts: _Facts, context: RequestContext) -> str:
    """Return the sentence about the sign-in methods that the account and the locks allow."""
    portal = f"{context.origin}/{context.slug}"
    if facts.status in ("none", "disabled"):
        return f"Once there is access, the client signs in at {portal}."
    where = {"all": "", "known": f" in {A_KNOWN_BROWSER}"}
    links, pins = facts.works_in("links"), facts.works_in("pins")
    ways = []
    if links:
        ways.append(f"ask for a new link{where[links]}")
    if pins:
        ways.append(f"sign in with a Pin Code that you read out{where[pins]}")
    if ways:
        return f"At {portal}, the client can {', or '.join(ways)}."
    ends = [lock.until for lock in facts.locks if facts.can_use(lock.method)]
    return f"The client can try again at {portal} from {_format_time(min(ends), context)} on."


def _format_time(at: int, context: RequestContext) -> str:
    return languages.format_time(at, context.practice.time_zone, DEFAULT_LANGUAGE)
