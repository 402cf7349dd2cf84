"""The audit as sentences, with names and times."""

from collections.abc import Mapping

from latchkey import languages
from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response
from latchkey.identity.providers import PROVIDERS
from latchkey.languages import Translator
from latchkey.rules.clients import Client
from latchkey.rules.events import UNNAMED_ACTORS, Event, EventKind
from latchkey.rules.languages import Language
from latchkey.usecases import events
from latchkey.usecases.events import NamedEvents

routes = ConsoleRoutes()

EVENTS_A_PAGE = 30
ENDINGS = (EventKind.SESSION_ENDED, EventKind.DEVICE_ENDED)
"""Kinds of events whose method is that of the sign-in before. *Signed out by link* would say something else."""
UNDIVIDED: Mapping[str, str] = {}
"""The parts of a history that is not divided."""


@routes.get("/clients/{client}/history", events.list_events)
def client_history(current: Current) -> Response:
    """Show one part of what happened to a client's sign-in, newest first, with links to the other parts."""
    before_id, part = current.query("before") or None, current.query("part")
    named = events.list_events(current.context, current.client_id, before_id, EVENTS_A_PAGE, part)
    parts = part_names(named.client, current.request.language) if named.client else UNDIVIDED
    return _page(current, named, named.client.name if named.client else None, current.client_path, parts=parts)


def part_names(client: Client, language: Language) -> dict[str, str]:
    """Return how a page names the parts of a client's history."""
    _ = languages.translator(language)
    contacts = {contact.id: contact.name for contact in client.contacts}
    former = _("An earlier address")
    own = {"sign-in": _("Sign-in of {name}", name=client.name), "record": _("Changes of the record")} | contacts
    return {part: own.get(part, former) for part in events.history_keys(client)}


@routes.get("/history", events.list_practice_events)
def practice_history(current: Current) -> Response:
    """Show what happened to the practice itself, newest first."""
    named = events.list_practice_events(current.context, current.query("before") or None, EVENTS_A_PAGE)
    return _page(current, named, None, current.home)


def _page(
    current: Current,
    named: NamedEvents,
    name: str | None,
    back: str,
    *,
    parts: Mapping[str, str] = UNDIVIDED,
) -> Response:
    language = current.request.language
    return render.signed_in_page(
        current,
        "history.html",
        name=name,
        code=None,
        back=back,
        rows=[(event, event_sentence(event, named.names, language)) for _, event in named.page.entries],
        next_id=named.page.next_id,
        parts=parts,
        part=named.part,
    )


def event_sentence(event: Event, names: Mapping[str, str], language: Language) -> str:
    """Return an event as a sentence with the person who acted, without the time."""
    _ = languages.translator(language)
    sentence = _sentence(event, _)
    if event.actor in UNNAMED_ACTORS:
        return sentence
    return _("{sentence} By {name}", sentence=sentence, name=names.get(event.actor) or event.actor)


def _sentence(event: Event, _: Translator) -> str:
    kinds = {
        EventKind.LINK_REQUESTED: _("Asked for a sign-in link."),
        EventKind.LINK_SUPPRESSED: _("No email was sent, because none may go to the address."),
        EventKind.LINK_SENT: _("An email with a link was sent."),
        EventKind.LINK_FAILED: _("An email could not be delivered."),
        EventKind.LINK_REFUSED: _("A link was refused."),
        EventKind.INVITATION_REQUESTED: _("An invitation was sent."),
        EventKind.PIN_CREATED: _("A Pin Code was generated."),
        EventKind.PIN_REFUSED: _("A Pin Code was refused."),
        EventKind.PIN_LOCKED: _("Pin Codes are locked for a while."),
        EventKind.NOTICE_SENT: _("A notice was sent by email."),
        EventKind.SESSION_STARTED: _("Signed in."),
        EventKind.SESSION_ENDED: _("Signed out."),
        EventKind.DEVICE_ADDED: _("Signed in to the app on a phone or tablet."),
        EventKind.DEVICE_ENDED: _("The app was signed out on a phone or tablet."),
        EventKind.ACCESS_ENABLED: _("Client Portal access was given."),
        EventKind.ACCESS_DISABLED: _("Client Portal access was disabled."),
        EventKind.ADDRESS_CHANGED: _("The email address was changed."),
        EventKind.CONSENT_CHANGED: _("The consent to email was recorded."),
        EventKind.PROFILE_GRANTED: _("Someone was given access to the profile."),
        EventKind.PROFILE_REVOKED: _("Someone’s access to the profile was ended."),
        EventKind.ITEMS_SHARED: _("Items were shared."),
        EventKind.ITEMS_CHANGED: _("A shared item was marked."),
        EventKind.CLIENT_ADDED: _("The client was put on file."),
        EventKind.CLIENT_CHANGED: _("The client’s details were changed."),
        EventKind.CLIENT_ERASED: _("A client was erased."),
        EventKind.PRACTICE_CHANGED: _("The practice’s settings were changed."),
        EventKind.MEMBER_CHANGED: _("A member was changed."),
        EventKind.SAMPLE_REQUESTED: _("Asked for a sample of a letter."),
        EventKind.WEBHOOK_CHANGED: _("A webhook was changed."),
        EventKind.MACHINE_CHANGED: _("The credentials of a practice system were changed."),
        EventKind.ADMIN_DENIED: _("A request was refused."),
        EventKind.LIMIT_HIT: _("A rate limit was reached."),
        EventKind.STAFF_SIGNED_IN: _("Signed in to the console."),
        EventKind.STAFF_SIGNED_OUT: _("Signed out of the console."),
    }
    sentence = _integration(event, _) or kinds.get(event.kind) or _other(event, _)
    reason = _reasons(_).get((event.reason or "").partition(":")[0])
    method = None if event.kind in ENDINGS else _methods(_).get(event.method or "")
    return " ".join(part for part in (sentence, reason, method) if part)


def _integration(event: Event, _: Translator) -> str | None:
    """Return what was done to a practice system or a webhook. None for another event."""
    sentences = {
        (EventKind.MACHINE_CHANGED, "added"): _("A practice system was connected."),
        (EventKind.MACHINE_CHANGED, "revoked"): _("A practice system was revoked."),
        (EventKind.WEBHOOK_CHANGED, "added"): _("A webhook was added."),
        (EventKind.WEBHOOK_CHANGED, "rotated"): _("A webhook got a new secret."),
        (EventKind.WEBHOOK_CHANGED, "removed"): _("A webhook was removed."),
    }
    return sentences.get((event.kind, (event.reason or "").partition(":")[0]))


def _other(event: Event, _: Translator) -> str:
    if event.kind.value.endswith("_refused"):
        return _("A sign-in with another provider was refused.")
    if event.kind.value.endswith("_unbound"):
        return _("The linked account at another provider was unlinked.")
    return _("Something happened that this version doesn’t know.")


def _reasons(_: Translator) -> dict[str, str]:
    """Return the reasons of events that clinicians read."""
    return {
        "link_expired": _("It had expired."),
        "link_used": _("It had been used."),
        "link_replaced": _("A newer link was sent."),
        "email_unknown": _("The address has no access."),
        "app": _("In the app."),
        "import": _("By an import."),
        "refresh_token_reused": _("A key of the app was used twice, so someone else may have had it."),
        "given": _("They agreed."),
        "withdrawn": _("They did not agree."),
    }


def _methods(_: Translator) -> dict[str, str]:
    """Return the sign-in methods and letters of events."""
    providers: dict[str, str] = {provider.name: _("By {provider}.", provider=provider.label) for provider in PROVIDERS}
    return {"link": _("By link."), "pin": _("By Pin Code."), "invitation": _("Invitation."), **providers}
