"""The sentences of a diagnosis: what may be read out on the phone, and what only the clinician may read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, assert_never

from latchkey import languages, settings
from latchkey.identity.providers import PROVIDERS, provider
from latchkey.rules.clients import Client
from latchkey.rules.events import Event, EventKind
from latchkey.rules.languages import DEFAULT_LANGUAGE
from latchkey.rules.limits import POLICIES, LockedMethod
from latchkey.rules.mail import MAX_AGE_SECONDS, BounceReason, EmailStatus
from latchkey.usecases.context import RequestContext

if TYPE_CHECKING:
    from latchkey.usecases.diagnosis import PersonFacts, RateLimitState

ADVICE_BY_LOCK = {policy.locks: policy.advice for policy in POLICIES if policy.locks}
KNOWN_BROWSER = "a browser that has signed in before"

BOUNCE_SENTENCES: dict[BounceReason, str] = {
    "unknown_mailbox": "Your mail provider said that there is no such mailbox.",
    "mailbox_full": "Your mailbox was full.",
    "refused": "Your mail provider did not take it.",
    "reported_as_spam": "",
    "unknown": "",
}
WAITING_SENTENCES: dict[EmailStatus, str] = {
    "delayed": "Your mail provider has not taken the last email yet. It may still come.",
    "queued": "An email is on its way. It can take a few minutes to arrive.",
    "sent": "We sent you an email. If you can’t see it, look in the Spam, Junk, Bulk, and Updates folders.",
    "delivered": "An email was delivered to you. Look in the Spam, Junk, Bulk, and Updates folders, and open the newest"
    " one.",
}
"""Sentences about a mail that the person can still find and use."""
REFUSAL_SENTENCES = {
    "link_expired": "The last link that you opened had expired.",
    "link_used": "The last link that you opened had been used already. Each works once.",
    "link_replaced": "The last link that you opened was not the newest one. Only the most recent email works.",
    "pin_refused": "The last Pin Code that was typed did not match the address, or no longer worked.",
    "pin_locked": "Pin Codes were typed wrong too often for this address.",
    **{
        f"{row.name}_refused": f"The last try to continue with {row.label} was refused. The {row.label} Account has to"
        f" be the {row.address_policy.mailbox} address on file, letter by letter."
        for row in PROVIDERS
    },
}
"""Sentences to read out by the reason or kind of a refused event."""
REFUSAL_NOTES = {
    "email_unknown": "Someone asked for a link with this address while it had no access.",
    "no_mail_possible": "Someone asked for a link with this address while no email could be sent to it.",
}
"""Sentences for the clinician by the reason of a refused event."""


SUPPRESSION_NOTE = (
    "No email goes to this address. Check its spelling together. If it is right and they want email, save the same"
    " address again, with their consent."
)


@dataclass(frozen=True, slots=True)
class Advice:
    """Sentences about a person's sign-in."""

    say: tuple[str, ...] = field(default=(), repr=False)
    """Sentences that the clinician may read out. They tell a caller nothing that the sign-in pages would not."""
    note: tuple[str, ...] = field(default=(), repr=False)
    """Sentences that only the clinician may read."""

    def about(self, name: str) -> "Advice":
        """Return the same sentences, each with the person's name before it."""
        return Advice(tuple(f"{name}: {line}" for line in self.say), tuple(f"{name}: {line}" for line in self.note))

    @staticmethod
    def joined(parts: Iterable["Advice"]) -> "Advice":
        """Return the sentences of all parts."""
        listed = list(parts)
        return Advice(
            tuple(line for part in listed for line in part.say), tuple(line for part in listed for line in part.note)
        )


def advise(facts: "PersonFacts", client: Client, context: RequestContext) -> Advice:
    """Return the sentences about a person's sign-in to the client's profile. The newest outcome comes first."""
    return Advice.joined(
        [
            _about_outcome(facts),
            _about_locks(facts, context),
            _about_mail(facts, context),
            _about_access(facts, client, context),
            _about_methods(facts, context),
        ]
    )


def _about_outcome(facts: "PersonFacts") -> Advice:
    """Return the sentence about the newest refusal, if nothing that happened since has settled it."""
    for _, event in facts.events:
        name = event.reason if event.reason in (*REFUSAL_SENTENCES, *REFUSAL_NOTES) else event.kind.value
        if name in REFUSAL_SENTENCES:
            return Advice(say=(REFUSAL_SENTENCES[name],))
        if name in REFUSAL_NOTES:
            return Advice() if _is_settled(name, facts) else Advice(note=(REFUSAL_NOTES[name],))
        if event.kind in (EventKind.SESSION_STARTED, EventKind.LINK_SENT, EventKind.PIN_CREATED):
            return Advice()
    return Advice()


def _is_settled(reason: str, facts: "PersonFacts") -> bool:
    if reason == "email_unknown":
        return facts.access in ("invited", "active")
    return facts.can_use("links")


def _about_locks(facts: "PersonFacts", context: RequestContext) -> Advice:
    note: tuple[str, ...] = ()
    if facts.needs_other_method and facts.access in ("invited", "active"):
        note = ("Too many wrong Pin Codes were typed in a row. Pin Codes work again after a sign-in in another way.",)
    return Advice(say=tuple(_lock_sentence(lock, facts, context) for lock in facts.locks), note=note)


def _lock_sentence(lock: "RateLimitState", facts: "PersonFacts", context: RequestContext) -> str:
    """Return the sentences about a lock: its end, its browsers, and the other sign-in method if that works."""
    sentences = [f"{ADVICE_BY_LOCK[lock.method]} This ends at {_time(lock.until, context)}."]
    if facts.works_in(lock.method) == "known":
        sentences.append(f"It does not stop {KNOWN_BROWSER}.")
    elif lock.known_browsers_until == lock.until:
        sentences.append(f"It stops {KNOWN_BROWSER} too.")
    elif lock.known_browsers_until:
        sentences.append(f"In {KNOWN_BROWSER}, it ends at {_time(lock.known_browsers_until, context)}.")
    other_method: LockedMethod = "pins" if lock.method == "links" else "links"
    if facts.works_in(other_method) == "all":
        sentences.append("A Pin Code works now." if other_method == "pins" else "A link by email works now.")
    return " ".join(sentences)


def _about_mail(facts: "PersonFacts", context: RequestContext) -> Advice:
    """Return the sentences about the newest mail, and about what keeps mail from the address."""
    has_access = facts.access in ("invited", "active")
    if facts.consent is False:
        say = ("You have not agreed to get email from us at this address, so none goes there.",)
        return Advice(say, ("Record their consent, if they give it. Until then no email goes to the address.",))
    if facts.is_suppressed:
        return _about_suppression(facts, context)
    account = facts.account
    if not has_access or account is None:
        return Advice()
    match facts.email_status:
        case "bounced" | "complained":
            return Advice((_bounce_sentence(facts, context),), ("Emails still go to this address.",))
        case "rejected":
            return Advice(("The last email could not be sent.",))
        case "queued" | "sent" | "delayed" | "delivered" if _is_usable_mail(facts, context):
            return Advice((WAITING_SENTENCES[facts.email_status],))
        case _:
            return Advice()


def _about_suppression(facts: "PersonFacts", context: RequestContext) -> Advice:
    note = (SUPPRESSION_NOTE,)
    if facts.email_status == "complained":
        return Advice(("An email from us was reported as spam, so none is sent to you any more.",), note)
    return Advice((_bounce_sentence(facts, context),), note)


def _bounce_sentence(facts: "PersonFacts", context: RequestContext) -> str:
    if facts.bounce is None:
        return "The last email to your address came back."
    at = languages.format_date(facts.bounce.at, context.practice.time_zone, DEFAULT_LANGUAGE)
    return f"An email to your address came back on {at}. {BOUNCE_SENTENCES[facts.bounce.reason]}".strip()


def _is_usable_mail(facts: "PersonFacts", context: RequestContext) -> bool:
    """Return True if the newest mail may hold a link that still works, or may still bring one."""
    account = facts.account
    at = account.email_status_at if account else None
    if account is None or at is None:
        return account is not None
    if (account.last_sign_in_at or 0) >= at or (facts.invited_at or 0) > at:
        return False
    if any(event.at_ms // 1000 >= at and event.kind is EventKind.LINK_REFUSED for _, event in facts.events):
        return any(event.reason == "link_replaced" for event in _since(facts, at))
    lifetime = MAX_AGE_SECONDS if facts.email_status == "queued" else settings.load().link_seconds
    return at + lifetime > context.now


def _since(facts: "PersonFacts", at: int) -> list[Event]:
    return [event for _, event in facts.events if event.at_ms // 1000 >= at]


def _about_access(facts: "PersonFacts", client: Client, context: RequestContext) -> Advice:
    if facts.address is None:
        note = f"There is no email address on file for {facts.name}. Save one, with their consent to be emailed."
        return Advice(note=(note, *_status_notes(facts, client, context)))
    note = f"The address on file is {facts.address}. Compare it with the one they spell."
    others = ("Another client signs in with this address. Save an address of the client’s own.",)
    return Advice(
        say=("Please spell the email address that you type.",),
        note=(note, *(others if facts.is_other_clients else ()), *_status_notes(facts, client, context)),
    )


def _status_notes(facts: "PersonFacts", client: Client, context: RequestContext) -> tuple[str, ...]:
    """Return the sentences about the status of access, and about an invitation if one would be accepted."""
    name = facts.name
    can_invite = facts.consent and not facts.is_suppressed and not facts.is_other_clients and facts.contact is None
    match facts.access:
        case "none":
            note = f"{name} has not been given Client Portal access yet."
            return (f"{note} Send an invitation.",) if can_invite else (note,)
        case "disabled" if facts.contact:
            return (f"This profile is closed to {name}. To open it, add them as a contact again.",)
        case "disabled":
            note = "Client Portal access is disabled."
            return (f"{note} Send an invitation to give it again.",) if can_invite else (note,)
        case "invited" if facts.contact:
            return (f"{name} can open the profile of {client.name}, and hasn’t signed in yet.",)
        case "invited":
            at = f" on {_date_time(facts.invited_at, context)}" if facts.invited_at else ""
            hours = settings.load().link_seconds // 3600
            repeat = f"The link of an invitation works for {hours} hours, and once. Resend it if it is older."
            return (f"{name} was invited{at} and hasn’t signed in yet.", *([repeat] if can_invite else []))
        case "active":
            last = facts.account.last_sign_in_at if facts.account else None
            return (f"{name} last signed in on {_date_time(last, context)}.",) if last else ()
        case status:
            assert_never(status)


def _about_methods(facts: "PersonFacts", context: RequestContext) -> Advice:
    """Return the sentence about the sign-in methods that the account and the locks allow."""
    portal = f"{context.origin}/{context.slug}"
    if facts.access in ("none", "disabled"):
        return Advice(note=(f"Once there is access, {facts.name} signs in at {portal}.",))
    where = {"all": "", "known": f" in {KNOWN_BROWSER}"}
    links, pins = facts.works_in("links"), facts.works_in("pins")
    ways = []
    if links:
        ways.append(f"ask for a new link{where[links]}")
    if pins:
        ways.append(f"sign in with a Pin Code that I read out{where[pins]}")
    ways += [f"continue with {provider(name).label}" for name in facts.providers]
    if ways:
        return Advice((f"At {portal}, you can {', or '.join(ways)}.",))
    ends = [lock.until for lock in facts.locks if facts.can_use(lock.method)]
    if ends:
        return Advice((f"You can try again at {portal} from {_time(min(ends), context)} on.",))
    return Advice(note=(f"{facts.name} cannot sign in at the moment. Record their consent, or confirm the address.",))


def _time(at: int, context: RequestContext) -> str:
    return languages.format_time(at, context.practice.time_zone, DEFAULT_LANGUAGE)


def _date_time(at: int, context: RequestContext) -> str:
    return languages.format_date_time(at, context.practice.time_zone, DEFAULT_LANGUAGE)
