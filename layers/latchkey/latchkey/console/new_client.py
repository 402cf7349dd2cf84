"""A new client: name, address and consent, then the invitation."""

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules.accounts import PROFILE_KINDS, ProfileKind
from latchkey.rules.languages import LANGUAGES, language_of
from latchkey.rules.refusals import BodyInvalid
from latchkey.usecases import clients
from latchkey.usecases.clients import AddressEntry, ClientDetails

routes = ConsoleRoutes()


@routes.get("/clients/new", clients.add_client)
def new_client_page(current: Current) -> Response:
    """Show the form of a new client."""
    practice = current.context.practice
    return render.signed_in_page(
        current,
        "new_client.html",
        typed=current.values(name="", kind=PROFILE_KINDS[0], client_language=practice.language, email=""),
        email_ok=current.form.is_checked("email_ok"),
        kinds=PROFILE_KINDS,
        languages=LANGUAGES,
    )


@routes.form("/clients/new", clients.add_client, page=new_client_page)
def add_client(current: Current) -> Response:
    """Put the client on file, and go on to the invitation if one can be sent."""
    form = current.form
    language, address = language_of(form.text("client_language")), form.text("email")
    details = ClientDetails(
        name=form.checked_text("name", "name"),
        kind=_kind(form.text("kind")),
        language=language,
        emails=(AddressEntry(address, form.is_checked("email_ok")),) if address else (),
    )
    client = clients.add_client(current.context, details).client
    path = f"{current.home}/clients/{client.id}"
    return see_other(f"{path}/email" if address and form.is_checked("email_ok") else f"{path}?done=added")


def _kind(name: str) -> ProfileKind:
    kind = next((kind for kind in PROFILE_KINDS if kind == name), None)
    if kind is None:
        raise BodyInvalid
    return kind
