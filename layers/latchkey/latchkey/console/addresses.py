"""The addresses of a client: the one they sign in with, and further ones on file."""

from latchkey.console import render
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules import addresses
from latchkey.rules.clients import Client
from latchkey.rules.refusals import AddressChangeUnconfirmed
from latchkey.usecases import access, client_emails

routes = ConsoleRoutes()


@routes.get("/clients/{client}/address", access.read_access)
def address_page(current: Current) -> Response:
    """Show the form with the address and the consent, and the other addresses on file."""
    found = access.read_access(current.context, current.client_id)
    facts = client_facts(current, found.client, found.own_account)
    consent = current.form.is_checked("email_ok") if current.problem else bool(facts["consent"])
    return render.signed_in_page(
        current,
        "address.html",
        **facts,
        typed=current.value("email", str(facts["address"] or "")),
        email_ok=consent,
        others=_others(found.client),
    )


@routes.form("/clients/{client}/address", access.change_address, access.read_access, page=address_page)
def save_address(current: Current) -> Response:
    """Save the address. A new one for the sign-in needs a second press, which says what ends."""
    address, email_ok = current.form.text("email"), current.form.is_checked("email_ok")
    agreed = current.form.is_checked("agreed")
    try:
        access.change_address(current.context, current.client_id, address, email_ok=email_ok, disable_and_resend=agreed)
    except AddressChangeUnconfirmed:
        found = access.read_access(current.context, current.client_id)
        facts = client_facts(current, found.client, found.own_account)
        return render.signed_in_page(current, "address_change.html", **facts, typed=address, email_ok=email_ok)
    return see_other(f"{current.client_path}?done={'moved' if agreed else 'saved'}")


@routes.get("/clients/{client}/addresses", access.read_access)
def other_addresses_page(current: Current) -> Response:
    """Show the form with the address and the other addresses on file."""
    return address_page(current)


@routes.form(
    "/clients/{client}/addresses",
    client_emails.add_email,
    client_emails.remove_email,
    access.read_access,
    page=other_addresses_page,
)
def change_addresses(current: Current) -> Response:
    """Put another address on file, or take one off."""
    removed = current.form.text("remove")
    if removed:
        client_emails.remove_email(current.context, current.client_id, removed)
        return see_other(f"{current.client_path}?done=address_removed")
    address = current.form.text("other")
    client_emails.add_email(current.context, current.client_id, address, email_ok=current.form.is_checked("other_ok"))
    return see_other(f"{current.client_path}?done=address_added")


def _others(client: Client) -> list[str]:
    used = addresses.canonical(client.access_address) if client.access_address else None
    first = None if used else next((email.address for email in client.emails), None)
    return [
        email.address
        for email in client.emails
        if addresses.canonical(email.address) != used and email.address != first
    ]
