"""The people who sign in as themselves and may open a client's profile."""

from latchkey.console import render
from latchkey.console.client_facts import client_facts
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.console.sentences import mail_line
from latchkey.http.responses import Response, see_other
from latchkey.usecases import access, contacts
from latchkey.usecases.contacts import ContactAccount, ContactDetails

routes = ConsoleRoutes()

RELATIONS = ("guardian", "partner", "contact")


@routes.get("/clients/{client}/people", contacts.list_contacts, access.read_access)
def people_page(current: Current) -> Response:
    """Show the people, and the form for another one."""
    found = access.read_access(current.context, current.client_id)
    return render.signed_in_page(
        current,
        "people.html",
        **client_facts(current, found.client, found.own_account),
        people=[_person(current, person) for person in contacts.list_contacts(current.context, current.client_id)],
        relations=RELATIONS,
        typed=current.values(person_name="", person_email="", relation=RELATIONS[0]),
        person_ok=current.form.is_checked("person_ok"),
    )


@routes.form(
    "/clients/{client}/people", contacts.add_contact, contacts.list_contacts, access.read_access, page=people_page
)
def add_person(current: Current) -> Response:
    """Let a person open the profile. A new account is invited if the person agreed to email."""
    form = current.form
    relation = form.text("relation")
    details = ContactDetails(
        name=form.checked_text("person_name", "name"),
        address=form.text("person_email"),
        email_ok=form.is_checked("person_ok"),
        relation=relation if relation in RELATIONS else RELATIONS[-1],
    )
    contacts.add_contact(current.context, current.client_id, details)
    return see_other(f"{current.client_path}?done=person_added")


@routes.get("/clients/{client}/people/{person}", contacts.read_contact, access.read_access)
def person_page(current: Current) -> Response:
    """Ask before a person loses access to the profile."""
    found = access.read_access(current.context, current.client_id)
    person = contacts.read_contact(current.context, current.client_id, current.ulid("person"))
    return render.signed_in_page(
        current,
        "person.html",
        **client_facts(current, found.client, found.own_account),
        person=_person(current, person),
    )


@routes.form(
    "/clients/{client}/people/{person}",
    contacts.remove_contact,
    contacts.read_contact,
    access.read_access,
    page=person_page,
)
def remove_person(current: Current) -> Response:
    """End a person's access to the profile. They keep their other profiles."""
    contacts.remove_contact(current.context, current.client_id, current.ulid("person"))
    return see_other(f"{current.client_path}?done=person_removed")


def _person(current: Current, person: ContactAccount) -> dict[str, object]:
    zone = current.context.practice.time_zone
    return {
        "id": person.contact.id,
        "name": person.contact.name,
        "relation": person.contact.relation,
        "address": person.account.address if person.account else person.contact.email.address,
        "access": person.status,
        "mail": mail_line(person.account, zone, current.request.language),
    }
