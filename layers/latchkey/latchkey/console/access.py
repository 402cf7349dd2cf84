"""Pages that end something: access of a client and others, sessions, a linked identity, or the whole record."""

from latchkey.console import render
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes, ConsoleView
from latchkey.http.responses import Response, see_other
from latchkey.identity.providers import PROVIDERS
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import BodyInvalid
from latchkey.usecases import access, clients, contacts

routes = ConsoleRoutes()


def _end_page(current: Current, template: str) -> Response:
    found = access.read_access(current.context, current.client_id)
    openers = [
        person
        for person in contacts.list_contacts(current.context, current.client_id)
        if person.status in ("invited", "active")
    ]
    return render.signed_in_page(
        current,
        template,
        **client_facts(current, found.client, found.own_account),
        openers=openers,
        ticked=current.form.every("person"),
        typed_name=current.value("name"),
    )


@routes.get("/clients/{client}/end", access.read_access, contacts.list_contacts)
def end_page(current: Current) -> Response:
    """Say whose sign-ins end, and who would still open the profile."""
    return _end_page(current, "end.html")


@routes.form("/clients/{client}/end", access.disable_access, access.read_access, contacts.list_contacts, page=end_page)
def disable_access(current: Current) -> Response:
    """End the client's access, and that of the people who are ticked."""
    access.disable_access(current.context, current.client_id, frozenset(current.form.every("person")))
    return see_other(f"{current.client_path}?done=ended")


@routes.get("/clients/{client}/sign-out", access.read_access, contacts.list_contacts)
def sign_out_page(current: Current) -> Response:
    """Say who is signed out."""
    return _end_page(current, "sign_out.html")


@routes.form(
    "/clients/{client}/sign-out", access.end_sessions, access.read_access, contacts.list_contacts, page=sign_out_page
)
def end_sessions(current: Current) -> Response:
    """Sign the client out everywhere, and the people who are ticked."""
    access.end_sessions(current.context, current.client_id, frozenset(current.form.every("person")))
    return see_other(f"{current.client_path}?done=signed_out")


@routes.get("/clients/{client}/forget", access.read_access, contacts.list_contacts)
def forget_page(current: Current) -> Response:
    """Ask for the client's name before the record is erased."""
    return _end_page(current, "forget.html")


@routes.form(
    "/clients/{client}/forget",
    clients.erase_client,
    clients.read_client,
    access.read_access,
    contacts.list_contacts,
    page=forget_page,
)
def forget_client(current: Current) -> Response:
    """Erase the client, if their name was typed."""
    found = clients.read_client(current.context, current.client_id)
    if current.form.text("name").casefold() != found.client.name.strip().casefold():
        raise BodyInvalid((("name", "confirm"),))
    clients.erase_client(current.context, current.client_id)
    return see_other(f"{current.home}/clients?done=erased")


def _add_unlink_page(provider: Provider) -> None:
    """Add the page that unlinks the identity at a provider."""
    path = f"/clients/{{client}}/{provider.name}"

    def unlink_page(current: Current) -> Response:
        found = access.read_access(current.context, current.client_id)
        facts = client_facts(current, found.client, found.own_account)
        return render.signed_in_page(current, "unlink.html", **facts, provider=provider)

    def unlink(current: Current) -> Response:
        access.unlink_identity(current.context, current.client_id, provider.name)
        return see_other(f"{current.client_path}?done=unlinked")

    page: ConsoleView = routes.get(path, access.read_access)(unlink_page)
    routes.form(path, access.unlink_identity, access.read_access, page=page)(unlink)


for row in PROVIDERS:
    _add_unlink_page(row)
