"""Why a client cannot sign in: what is known, and what to say on the phone."""

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
"""How many of the newest events are looked through."""
MAX_LISTED = 5
MAILS = {"link_sent", "link_failed", "link_suppressed", "notice_sent"}
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
"""What was refused. Whether a link or a Pin Code would work instead is not said here: it depends on the locks."""
KNOWN = "a browser that has signed in before"


type Browsers = Literal["all", "known"]


@dataclass(frozen=True, slots=True)
class RateLimitState:
    """A sign-in method that has to be waited for."""

    on: LockedMethod
    until: int
    """Unix seconds, for a browser that has never signed in with this address."""
    known_browsers_until: int | None
    """Unix seconds, for a known browser. None if it need not wait."""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """Why a client cannot sign in, as far as anyone can know."""

    access: AccessStatus
    address: str | None = field(repr=False)
    consent: bool | None
    """None if there is no address."""
    email_status: EmailStatus
    last_mails: list[tuple[str, Event]]
    """With their ids, newest first."""
    locks: list[RateLimitState]
    last_refusals: list[tuple[str, Event]]
    advice: list[str] = field(repr=False)
    """Sentences to read out on the phone."""


@dataclass(frozen=True, slots=True)
class _Facts:
    """What is known of one client's sign-in."""

    client: Client
    own: Account | None
    address: str | None = field(repr=False)
    others: bool
    """Whether another client signs in with that address."""
    status: AccessStatus
    email_status: EmailStatus
    consent: bool | None
    locks: list[RateLimitState]
    refusals: list[tuple[str, Event]]

    def lock(self, on: LockedMethod) -> RateLimitState | None:
        """The lock on a sign-in method, if there is one."""
        return next((lock for lock in self.locks if lock.on == on), None)

    def can_use(self, on: LockedMethod) -> bool:
        """Whether the client's account allows a sign-in method at all, apart from locks."""
        if self.own is None or not self.own.may_sign_in:
            return False
        return on == "pins" or self.own.can_receive_mail

    def works_in(self, on: LockedMethod) -> Browsers | None:
        """The browsers in which a sign-in method works at this moment; None if in no browser."""
        lock = self.lock(on)
        if not self.can_use(on):
            return None
        if lock is None:
            return "all"
        return None if lock.known_browsers_until else "known"


@use_case(Role.CLINICIAN)
def diagnose(act: RequestContext, client_id: str) -> Diagnosis:
    """Return the diagnosis of a client's sign-in at this moment."""
    client = clients.find(act.slug, client_id)
    own = access.own_account(client, accounts.find_all(access.account_keys(client)))
    address = client.access_address or next((email.address for email in client.emails), None)
    key = accounts.key_of(act.slug, addresses.canonical(address)) if address else None
    holder = accounts.find(key) if key else None
    others = holder is not None and holder.owner not in (None, client.id)
    rows = {client.audit_key} | ({own.key} if own else set()) | ({key} if key and not others else set())
    happened = events.newest(act.slug, rows, EVENTS_READ)
    filed = client.email(address) if address else None
    case = _Facts(
        client=client,
        own=own,
        address=address,
        others=others,
        status=access_status(client, own),
        email_status=email_status(own),
        consent=filed.email_ok if filed else None,
        locks=_locks(key, act) if key else [],
        refusals=[row for row in happened if is_refusal(row[1]) and row[1].kind not in MAILS][:MAX_LISTED],
    )
    return Diagnosis(
        access=case.status,
        address=address,
        consent=case.consent,
        email_status=case.email_status,
        last_mails=[row for row in happened if row[1].kind in MAILS][:MAX_LISTED],
        locks=case.locks,
        last_refusals=case.refusals,
        advice=[*_about_access(case, act), *_about_mail(case), *_limit_advice(case, act), _sign_in_advice(case, act)],
    )


def _locks(key: bytes, act: RequestContext) -> list[RateLimitState]:
    """Return the locks on this address, from the table of rate limits. Nothing is counted."""
    subjects: dict[Scope, str | bytes] = {Scope.ADDRESS: key, Scope.PRACTICE: act.slug}
    return [
        lock
        for method in METHODS
        if (lock := _lock(method, [policy for policy in POLICIES if policy.locks == method], subjects, act.now))
    ]


def _lock(
    method: LockedMethod, policies: list[Policy], subjects: Mapping[Scope, str | bytes], now: int
) -> RateLimitState | None:
    """Return the lock that these policies make, each of which must have room; None if they all have."""
    ends = [limits.blocked_until(policy, subjects[policy.scope], now) for policy in policies]
    shared = [until for until, _ in ends if until]
    if not shared:
        return None
    known = [until for _, until in ends if until]
    return RateLimitState(on=method, until=max(shared), known_browsers_until=max(known) if known else None)


def _about_access(case: _Facts, act: RequestContext) -> list[str]:
    name = case.client.name
    told = []
    if case.address is None:
        told.append(f"There is no email address on file for {name}. Save one, with their consent to be emailed.")
    else:
        told.append(f"The address on file is {case.address}. Have the client spell the one they type.")
    if case.others:
        told.append("Another client signs in with this address. Save an address of the client’s own.")
    match case.status:
        case "none":
            told.append(f"{name} has not been given Client Portal access yet. Send an invitation.")
        case "disabled":
            told.append("Client Portal access is disabled. Send an invitation to give it again.")
        case "invited":
            if case.client.invited_at:
                at = languages.format_date_time(case.client.invited_at, act.practice.time_zone, DEFAULT_LANGUAGE)
                hours = settings.load().link_seconds // 3600
                told.append(f"{name} was invited on {at} and hasn’t signed in yet.")
                told.append(f"The link of an invitation works for {hours} hours, and once. Resend it if it is older.")
        case "active":
            if case.own and case.own.last_sign_in_at:
                at = languages.format_date_time(case.own.last_sign_in_at, act.practice.time_zone, DEFAULT_LANGUAGE)
                told.append(f"{name} last signed in on {at}.")
        case _:
            assert_never(case.status)
    return told


def _about_mail(case: _Facts) -> list[str]:
    if case.consent is False:
        return [NO_CONSENT_ADVICE]
    if case.status in ("none", "disabled") and case.email_status not in ("bounced", "complained", "suppressed"):
        return []
    return [ADVICE_BY_MAIL_STATUS[case.email_status]] if case.email_status in ADVICE_BY_MAIL_STATUS else []


def _limit_advice(case: _Facts, act: RequestContext) -> list[str]:
    told = [_about_lock(lock, case, act) for lock in case.locks]
    _, newest = next(iter(case.refusals), ("", None))
    if newest:
        told += [ADVICE_BY_REFUSAL[name] for name in (newest.reason, newest.kind) if name in ADVICE_BY_REFUSAL][:1]
    return told


def _about_lock(lock: RateLimitState, case: _Facts, act: RequestContext) -> str:
    """Until when a lock holds, for which browsers, and whether the other sign-in method works meanwhile."""
    said = [f"{ADVICE_BY_LOCK[lock.on]} This ends at {_clock(lock.until, act)}."]
    if case.works_in(lock.on) == "known":
        said.append(f"It does not stop {KNOWN}.")
    elif lock.known_browsers_until == lock.until:
        said.append(f"It stops {KNOWN} too.")
    elif lock.known_browsers_until:
        said.append(f"In {KNOWN}, it ends at {_clock(lock.known_browsers_until, act)}.")
    other: LockedMethod = "pins" if lock.on == "links" else "links"
    if case.works_in(other) == "all":
        said.append("A Pin Code works now." if other == "pins" else "A link by email works now.")
    return " ".join(said)


def _sign_in_advice(case: _Facts, act: RequestContext) -> str:
    """What the client can do now: only what the account and the locks allow."""
    portal = f"{act.origin}/{act.slug}"
    if case.status in ("none", "disabled"):
        return f"Once there is access, the client signs in at {portal}."
    where = {"all": "", "known": f" in {KNOWN}"}
    links, pins = case.works_in("links"), case.works_in("pins")
    ways = []
    if links:
        ways.append(f"ask for a new link{where[links]}")
    if pins:
        ways.append(f"sign in with a Pin Code that you read out{where[pins]}")
    if ways:
        return f"At {portal}, the client can {', or '.join(ways)}."
    ends = [lock.until for lock in case.locks if case.can_use(lock.on)]
    return f"The client can try again at {portal} from {_clock(min(ends), act)} on."


def _clock(until: int, act: RequestContext) -> str:
    return languages.format_time(until, act.practice.time_zone, DEFAULT_LANGUAGE)
