"""The card with a PIN to read out, and whether it worked."""

from latchkey import languages
from latchkey.console import render
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.dispatch import SHOWN_ONCE
from latchkey.console.history import event_sentence
from latchkey.console.routes import ConsoleRoutes
from latchkey.console.spelling import spelled
from latchkey.http.responses import Response
from latchkey.rules.events import Event, EventKind
from latchkey.usecases import access, clients, contacts, events
from latchkey.usecases.events import is_refusal

routes = ConsoleRoutes()

EVENTS_READ = 20
MINUTE = 60


@routes.get("/clients/{client}/pin", access.read_access)
def pin_page(current: Current) -> Response:
    """Say that a PIN was shown already, or why none was made."""
    found = access.read_access(current.context, current.client_id)
    return render.signed_in_page(
        current, "pin_shown.html", **client_facts(current, found.client, found.own_account), person=None
    )


@routes.form("/clients/{client}/pin", access.generate_pin, clients.read_client, access.read_access, page=pin_page)
def generate_pin(current: Current) -> Response:
    """Show a new PIN for the client, once."""
    name = clients.read_client(current.context, current.client_id).client.name
    return _card(current, access.generate_pin(current.context, current.client_id), name, "sign-in")


@routes.get("/clients/{client}/people/{person}/pin", access.read_access, contacts.read_contact)
def person_pin_page(current: Current) -> Response:
    """Say that a PIN for a contact was shown already, or why none was made."""
    found = access.read_access(current.context, current.client_id)
    person = contacts.read_contact(current.context, current.client_id, current.ulid("person"))
    return render.signed_in_page(
        current, "pin_shown.html", **client_facts(current, found.client, found.own_account), person=person.contact
    )


@routes.form("/clients/{client}/people/{person}/pin", access.generate_pin, contacts.read_contact, page=person_pin_page)
def generate_person_pin(current: Current) -> Response:
    """Show a new PIN for a contact of the client, once."""
    person_id = current.ulid("person")
    name = contacts.read_contact(current.context, current.client_id, person_id).contact.name
    return _card(current, access.generate_pin(current.context, current.client_id, person_id), name, person_id)


@routes.get("/clients/{client}/signed-in", events.list_events)
def signed_in_since(current: Current) -> Response:
    """Say if the client has signed in since the PIN was made, or what was refused."""
    since = current.query("since")
    since_ms = int(since) if since.isdecimal() and len(since) < 16 else current.request.now_ms  # noqa: PLR2004 - milliseconds
    part = current.query("part")
    named = events.list_events(current.context, current.client_id, None, EVENTS_READ, part)
    newest = next((event for _, event in named.page.entries if event.at_ms >= since_ms and _answers(event)), None)
    language = current.request.language
    return render.signed_in_page(
        current,
        "signed_in.html",
        client_path=current.client_path,
        since=since_ms,
        part=named.part,
        is_in=newest is not None and newest.kind is EventKind.SESSION_STARTED,
        seconds=max(0, (current.request.now_ms - newest.at_ms) // 1000) if newest else 0,
        method=newest.method if newest else None,
        refused=event_sentence(newest, named.names, language) if newest else None,
    )


def _answers(event: Event) -> bool:
    return event.kind is EventKind.SESSION_STARTED or is_refusal(event)


def _card(current: Current, made: access.GeneratedPin, person: str, part: str) -> Response:
    """Return the card. A reload does not show the digits: the stored answer is another page."""
    _ = languages.translator(current.request.language)
    card = render.signed_in_page(
        current,
        "pin.html",
        pin=made.pin,
        address=made.address,
        spelled=spelled(made.address, _),
        expires_at=made.expires_at,
        client_path=current.client_path,
        person=person,
        since=current.request.now_ms,
        part=part,
        portal=f"{current.request.origin.partition('://')[2]}/{current.context.slug}",
    )
    return card.with_headers({SHOWN_ONCE: current.request.path})
