"""The sentences of a diagnosis: what may be read out on the phone, and what only the clinician may read."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, assert_never

from latchkey import languages, settings
from latchkey.identity.providers import PROVIDERS, provider
from latchkey.languages import Translator
from latchkey.rules.clients import Client
from latchkey.rules.events import Event, EventKind
from latchkey.rules.mail import MAX_AGE_SECONDS, BounceReason, EmailStatus
from latchkey.usecases.context import RequestContext

if TYPE_CHECKING:
    from latchkey.usecases.diagnosis import PersonFacts, RateLimitState


def _bounce_reason(reason: BounceReason, _: Translator) -> str:
    match reason:
        case "unknown_mailbox":
            return _("Your mail provider said that there is no such mailbox.")
        case "mailbox_full":
            return _("Your mailbox was full.")
        case "refused":
            return _("Your mail provider did not take it.")
        case _:
            return ""


def _waiting(status: EmailStatus, _: Translator) -> str:
    """Return the sentence about a mail that the person can still find and use."""
    match status:
        case "delayed":
            return _("Your mail provider has not taken the last email yet. It may still come.")
        case "queued":
            return _("An email is on its way. It can take a few minutes to arrive.")
        case "sent":
            return _("We sent you an email. If you can’t see it, look in the Spam, Junk, Bulk, and Updates folders.")
        case _:
            return _(
                "An email was delivered to you. Look in the Spam, Junk, Bulk, and Updates folders, and open the newest"
                " one."
            )


def _refusals(_: Translator) -> dict[str, str]:
    """Return the sentences to read out, by the reason or kind of a refused event."""
    return {
        "link_expired": _("The last link that you opened had expired."),
        "link_used": _("The last link that you opened had been used already. Each works once."),
        "link_replaced": _("The last link that you opened was not the newest one. Only the most recent email works."),
        "pin_refused": _("The last Pin Code that was typed did not match the address, or no longer worked."),
        "pin_locked": _("Pin Codes were typed wrong too often for this address."),
        **{
            f"{row.name}_refused": _(
                "The last try to continue with {provider} was refused. The {provider} Account has to be the {mailbox}"
                " address on file, letter by letter.",
                provider=row.label,
                mailbox=row.address_policy.mailbox,
            )
            for row in PROVIDERS
        },
    }


def _refusal_notes(_: Translator) -> dict[str, str]:
    """Return the sentences for the clinician, by the reason of a refused event."""
    return {
        "email_unknown": _("Someone asked for a link with this address while it had no access."),
        "no_mail_possible": _("Someone asked for a link with this address while no email could be sent to it."),
    }


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
            _about_outcome(facts, context),
            _about_locks(facts, context),
            _about_mail(facts, context),
            _about_access(facts, client, context),
            _about_methods(facts, context),
        ]
    )


def _about_outcome(facts: "PersonFacts", context: RequestContext) -> Advice:
    """Return the sentence about the newest refusal, if nothing that happened since has settled it."""
    translate = languages.translator(context.language)
    sentences, notes = _refusals(translate), _refusal_notes(translate)
    for _, event in facts.events:
        name = event.reason if event.reason in (*sentences, *notes) else event.kind.value
        if name in sentences:
            return Advice(say=(sentences[name],))
        if name in notes:
            return Advice() if _is_settled(name, facts) else Advice(note=(notes[name],))
        if event.kind in (EventKind.SESSION_STARTED, EventKind.LINK_SENT, EventKind.PIN_CREATED):
            return Advice()
    return Advice()


def _is_settled(reason: str, facts: "PersonFacts") -> bool:
    if reason == "email_unknown":
        return facts.access in ("invited", "active")
    return facts.can_use("links")


def _about_locks(facts: "PersonFacts", context: RequestContext) -> Advice:
    _ = languages.translator(context.language)
    note: tuple[str, ...] = ()
    if facts.needs_other_method and facts.access in ("invited", "active"):
        note = (
            _("Too many wrong Pin Codes were typed in a row. Pin Codes work again after a sign-in in another way."),
        )
    return Advice(say=tuple(_lock_sentence(lock, facts, context) for lock in facts.locks), note=note)


def _lock_sentence(lock: "RateLimitState", facts: "PersonFacts", context: RequestContext) -> str:
    """Return the sentences about a lock: its end, its browsers, and the other sign-in method if that works."""
    _ = languages.translator(context.language)
    is_link = lock.method == "links"
    cause = _("Links were asked for too often.") if is_link else _("Pin Codes were typed wrong too often.")
    sentences = [cause, _("This ends at {at}.", at=_time(lock.until, context))]
    if facts.works_in(lock.method) == "known":
        sentences.append(_("It does not stop a browser that has signed in before."))
    elif lock.known_browsers_until == lock.until:
        sentences.append(_("It stops a browser that has signed in before too."))
    elif lock.known_browsers_until:
        at = _time(lock.known_browsers_until, context)
        sentences.append(_("In a browser that has signed in before, it ends at {at}.", at=at))
    if facts.works_in("pins" if is_link else "links") == "all":
        sentences.append(_("A Pin Code works now.") if is_link else _("A link by email works now."))
    return " ".join(sentences)


def _about_mail(facts: "PersonFacts", context: RequestContext) -> Advice:
    """Return the sentences about the newest mail, and about what keeps mail from the address."""
    _ = languages.translator(context.language)
    has_access = facts.access in ("invited", "active")
    if facts.consent is False:
        say = _("You have not agreed to get email from us at this address, so none goes there.")
        return Advice((say,), (_("Record their consent, if they give it. Until then no email goes to the address."),))
    if facts.is_suppressed:
        return _about_suppression(facts, context)
    account = facts.account
    if not has_access or account is None:
        return Advice()
    match facts.email_status:
        case "bounced" | "complained":
            return Advice((_bounce_sentence(facts, context),), (_("Emails still go to this address."),))
        case "rejected":
            return Advice((_("The last email could not be sent."),))
        case "queued" | "sent" | "delayed" | "delivered" if _is_usable_mail(facts, context):
            return Advice((_waiting(facts.email_status, _),))
        case _:
            return Advice()


def _about_suppression(facts: "PersonFacts", context: RequestContext) -> Advice:
    _ = languages.translator(context.language)
    note = _(
        "No email goes to this address. Check its spelling together. If it is right and they want email, save the same"
        " address again, with their consent."
    )
    if facts.email_status == "complained":
        return Advice((_("An email from us was reported as spam, so none is sent to you any more."),), (note,))
    return Advice((_bounce_sentence(facts, context),), (note,))


def _bounce_sentence(facts: "PersonFacts", context: RequestContext) -> str:
    _ = languages.translator(context.language)
    if facts.bounce is None:
        return _("The last email to your address came back.")
    at = languages.format_date(facts.bounce.at, context.practice.time_zone, context.language)
    returned = _("An email to your address came back on {at}.", at=at)
    return f"{returned} {_bounce_reason(facts.bounce.reason, _)}".strip()


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
    _ = languages.translator(context.language)
    if facts.address is None:
        note = _(
            "There is no email address on file for {name}. Save one, with their consent to be emailed.",
            name=facts.name,
        )
        return Advice(note=(note, *_status_notes(facts, client, context)))
    note = _("The address on file is {address}. Compare it with the one they spell.", address=facts.address)
    others = (_("Another client signs in with this address. Save an address of the client’s own."),)
    return Advice(
        say=(_("Please spell the email address that you type."),),
        note=(note, *(others if facts.is_other_clients else ()), *_status_notes(facts, client, context)),
    )


def _status_notes(facts: "PersonFacts", client: Client, context: RequestContext) -> tuple[str, ...]:
    """Return the sentences about the status of access, and about an invitation if one would be accepted."""
    _, name = languages.translator(context.language), facts.name
    can_invite = facts.consent and not facts.is_suppressed and not facts.is_other_clients and facts.contact is None
    match facts.access:
        case "none":
            note = _("{name} has not been given Client Portal access yet.", name=name)
            return (f"{note} {_('Send an invitation.')}",) if can_invite else (note,)
        case "disabled" if facts.contact:
            return (_("This profile is closed to {name}. To open it, add them as a contact again.", name=name),)
        case "disabled":
            note = _("Client Portal access is disabled.")
            return (f"{note} {_('Send an invitation to give it again.')}",) if can_invite else (note,)
        case "invited" if facts.contact:
            opens = _(
                "{name} can open the profile of {client}, and hasn’t signed in yet.", name=name, client=client.name
            )
            return (opens,)
        case "invited":
            waits = _("{name} was invited and hasn’t signed in yet.", name=name)
            if facts.invited_at:
                at = _date_time(facts.invited_at, context)
                waits = _("{name} was invited on {at} and hasn’t signed in yet.", name=name, at=at)
            repeat = _(
                "The link of an invitation works for {hours} hours, and once. Resend it if it is older.",
                hours=settings.load().link_seconds // 3600,
            )
            return (waits, *([repeat] if can_invite else []))
        case "active":
            last = facts.account.last_sign_in_at if facts.account else None
            return (_("{name} last signed in on {at}.", name=name, at=_date_time(last, context)),) if last else ()
        case status:
            assert_never(status)


def _about_methods(facts: "PersonFacts", context: RequestContext) -> Advice:
    """Return the sentence about the sign-in methods that the account and the locks allow."""
    _, portal = languages.translator(context.language), f"{context.origin}/{context.slug}"
    if facts.access in ("none", "disabled"):
        return Advice(note=(_("Once there is access, {name} signs in at {portal}.", name=facts.name, portal=portal),))
    links, pins = facts.works_in("links"), facts.works_in("pins")
    ways = []
    if links == "all":
        ways.append(_("ask for a new link"))
    elif links:
        ways.append(_("ask for a new link in a browser that has signed in before"))
    if pins == "all":
        ways.append(_("sign in with a Pin Code that I read out"))
    elif pins:
        ways.append(_("sign in with a Pin Code that I read out in a browser that has signed in before"))
    ways += [_("continue with {provider}", provider=provider(name).label) for name in facts.providers]
    if ways:
        every = reduce(lambda known, way: _("{ways}, or {way}", ways=known, way=way), ways)
        return Advice((_("At {portal}, you can {ways}.", portal=portal, ways=every),))
    ends = [lock.until for lock in facts.locks if facts.can_use(lock.method)]
    if ends:
        at = _time(min(ends), context)
        return Advice((_("You can try again at {portal} from {at} on.", portal=portal, at=at),))
    note = _("{name} cannot sign in at the moment. Record their consent, or confirm the address.", name=facts.name)
    return Advice(note=(note,))


def _time(at: int, context: RequestContext) -> str:
    return languages.format_time(at, context.practice.time_zone, context.language)


def _date_time(at: int, context: RequestContext) -> str:
    return languages.format_date_time(at, context.practice.time_zone, context.language)
