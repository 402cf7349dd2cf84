"""The client's page: one screen for a call."""

from urllib.parse import quote

from latchkey import languages
from latchkey.console import render, staff_cookies
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.console.sentences import mail_line
from latchkey.http.responses import Response, see_other
from latchkey.identity.providers import PROVIDERS
from latchkey.rules.languages import LANGUAGES, language_of
from latchkey.rules.practices import FEATURES
from latchkey.rules.refusals import BodyInvalid
from latchkey.usecases import access, clients, diagnosis
from latchkey.usecases.clients import ClientUpdate
from latchkey.usecases.diagnosis import PersonDiagnosis

routes = ConsoleRoutes()

LINES_SHOWN = 4
"""Sentences of the diagnosis, of each kind at most."""
FRAME_UPDATES = 12
"""Times that the line about the last email is read again by itself."""


@routes.get("/clients/{client}", diagnosis.diagnose)
def client_page(current: Current) -> Response:
    """Show why a client can't get in, and what helps."""
    found = diagnosis.diagnose(current.context, current.client_id)
    own = found.own.facts
    openers = [person for person in found.people if person.facts.access in ("invited", "active")]
    page = render.signed_in_page(
        current,
        "client.html",
        **client_facts(current, found.client, own.account),
        say=found.advice.say[:LINES_SHOWN],
        notes=found.advice.note[:LINES_SHOWN],
        bounce=own.bounce,
        people=[_person(current, person) for person in found.people],
        opened_only_by_others=bool(openers) and own.account is None,
        linked=[row for row in PROVIDERS if own.account is not None and row.name in own.account.identities],
        mailto=_mailto(current, found.client.access_address or own.address) if own.address else None,
        is_watching=current.query("done") in ("invited", "moved"),
    )
    opened = staff_cookies.add_opened(current.request, current.client_id)
    return page.with_cookies(opened) if opened else page


@routes.get("/clients/{client}/mail-line", access.read_access)
def mail_line_page(current: Current) -> Response:
    """Show the line about the last email, which reads itself again until the email has arrived or come back."""
    found = access.read_access(current.context, current.client_id)
    number = current.query("n")
    shown = int(number) if number.isdecimal() and len(number) <= len(str(FRAME_UPDATES)) else FRAME_UPDATES
    line = mail_line(found.own_account, current.context.practice.time_zone, current.request.language)
    updates = None if line.is_final or shown >= FRAME_UPDATES else f"{current.request.path}?n={shown + 1}"
    stop = f"{current.request.path}?n={FRAME_UPDATES}" if updates else None
    return render.embedded_page(current, "mail_line.html", mail=line, updates=updates, stop=stop)


@routes.get("/clients/{client}/details", clients.read_client)
def details_page(current: Current) -> Response:
    """Show the form with a client's name, language and features."""
    found = clients.read_client(current.context, current.client_id)
    facts = client_facts(current, found.client, found.own_account)
    return render.signed_in_page(current, "details.html", **facts, features=FEATURES, languages=LANGUAGES)


@routes.form("/clients/{client}/details", clients.update_client, page=details_page)
def save_details(current: Current) -> Response:
    """Save a client's name, language and features."""
    language = language_of(current.form.text("language"))
    if language is None:
        raise BodyInvalid
    switches: dict[str, bool] = {feature: feature in current.form.every("feature") for feature in FEATURES}
    update = ClientUpdate(name=current.form.checked_text("name", "name"), language=language, features=switches)
    clients.update_client(current.context, current.client_id, update)
    return see_other(f"{current.client_path}?done=saved")


def _mailto(current: Current, address: str) -> str:
    """Return the link that starts an email with the Client Portal link in the clinician's own mail program."""
    _ = languages.translator(current.request.language)
    portal = f"{current.request.origin}/{current.context.slug}"
    subject, body = _("Your Client Portal"), _("You can sign in to your Client Portal here: {portal}", portal=portal)
    return f"mailto:{quote(address, safe='@')}?subject={quote(subject)}&body={quote(body)}"


def _person(current: Current, person: PersonDiagnosis) -> dict[str, object]:
    facts, zone = person.facts, current.context.practice.time_zone
    return {
        "contact": facts.contact,
        "name": facts.name,
        "address": facts.address,
        "access": facts.access,
        "last_sign_in_at": facts.account.last_sign_in_at if facts.account else None,
        "mail": mail_line(facts.account, zone, current.request.language),
    }
