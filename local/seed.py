"""Creates the practices and people of a local run, with the package's own rules and store.

Run it as `python -m local.seed` in a function's environment. It prints the practices and people as JSON.
"""

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from latchkey import tokens
from latchkey.rules import access, address_changes, addresses, contacts, revocations
from latchkey.rules.access import AccessChange, AccountsByKey
from latchkey.rules.accounts import AccountKey, AccountStatus, ProfileKind
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event
from latchkey.rules.items import SharedItem
from latchkey.rules.languages import Language
from latchkey.rules.practices import Practice, UnknownAddressPolicy
from latchkey.rules.times import millis
from latchkey.store import accounts, clients, mail_status, practices

DAY = 24 * 60 * 60

RECORDER = "local"
"""Actor of the audit events."""

WILLOW = Practice(
    slug="willow",
    name="Willow Creek Therapy",
    phone="(415) 555-0134",
    time_zone="America/Los_Angeles",
    links={
        "appointments": "https://willow.example/appointments",
        "messages": "https://willow.example/messages",
        "documents": "https://willow.example/documents",
        "payments": "https://willow.example/payments",
    },
    welcome="Welcome! Everything you find here, you can also ask me in our next session.",
)

HARBOR = Practice(
    slug="harbor",
    name="Harbor Family Counseling",
    phone="(206) 555-0187",
    time_zone="America/Los_Angeles",
    website=True,
    welcome="We are glad that you are here. Your documents and appointments are on the next page.",
    new_client_url="https://harbor.example/appointments",
    unknown_address=UnknownAddressPolicy.SAME_ANSWER,
)


@dataclass(frozen=True, slots=True)
class Other:
    """Another client whose profile a person may open."""

    name: str
    kind: ProfileKind
    relation: str
    """Relation of the person to that client, such as `guardian`."""


@dataclass(frozen=True, slots=True)
class Person:
    """A client of a practice, with an invitation."""

    practice: Practice
    address: str
    name: str
    about: str
    """Explanation for the reader of the page `/local`."""
    language: Language = "en"
    status: AccountStatus = AccountStatus.ACTIVE
    others: tuple[Other, ...] = ()
    email_ok: bool = True
    items: tuple[str, ...] = ()
    """Titles of shared items."""


PEOPLE = (
    Person(WILLOW, "ana@example.com", "Ana Reyes", "has signed in before"),
    Person(
        WILLOW,
        "luis@example.com",
        "Luis Ortega",
        "reads Spanish, has signed in before, has an item waiting",
        language="es",
        items=("Consentimiento para citas por video",),
    ),
    Person(
        WILLOW,
        "maria.gomez@gmail.com",
        "Maria Gomez",
        "opens her own profile, a couple's, and those of two minors as their guardian",
        others=(
            Other("Maria & Daniel Gomez", "couple", "partner"),
            Other("Leo Gomez", "minor", "guardian"),
            Other("Emma Gomez", "minor", "guardian"),
        ),
    ),
    Person(
        WILLOW,
        "sam@example.com",
        "Sam Carter",
        "invited with two items, has never signed in",
        status=AccountStatus.INVITED,
        items=("Intake questionnaire", "Consent to video appointments"),
    ),
    Person(WILLOW, "kim+kids@gmail.com", "Kim Lee", "a Gmail address with a modifier"),
    Person(WILLOW, "robin@example.com", "Robin Hayes", "access has ended", status=AccountStatus.DISABLED),
    Person(WILLOW, "jo@example.com", "Jo Winters", "has not consented to email", email_ok=False),
    Person(HARBOR, "ana@example.com", "Ana Reyes", "the same person at another practice"),
    Person(HARBOR, "lee@example.com", "Lee Park", "has signed in before"),
    Person(
        HARBOR,
        "sofia@example.com",
        "Sofía Marín",
        "reads Spanish, has never signed in",
        "es",
        AccountStatus.INVITED,
    ),
)


def main() -> None:
    """Create all practices and people, and print them."""
    now = int(time.time())
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
    created = [(person, _create(person, now)) for person in PEOPLE]
    document = [
        {
            "slug": practice.slug,
            "name": practice.name,
            "people": [
                {"address": person.address, "name": person.name, "about": person.about, "client": client}
                for person, client in created
                if person.practice is practice
            ],
        }
        for practice in (WILLOW, HARBOR)
    ]
    json.dump(document, sys.stdout)


def _create(person: Person, now: int) -> str:
    """Create a client with the history that the person has so far. Return the client's id."""
    # a minute apart, because lists sort clients by id and so by time
    begun = now - (1 if person.status is AccountStatus.INVITED else 91) * DAY + 60 * PEOPLE.index(person)
    key = accounts.key_of(person.practice.slug, addresses.canonical(person.address))
    email = AddressOnFile(person.address, True, RECORDER, begun)
    items = tuple(SharedItem(title, shared_at=begun) for title in person.items)
    client = replace(_client(person, person.name, begun), emails=(email,), items=items)
    _apply(client, key, begun, lambda it, known: access.invite(it, email.address, key, known, _id(begun), begun))
    mail_status.write(key, "delivered", begun)
    if person.status is AccountStatus.INVITED:
        return client.id
    _sign_in(key, now)
    for at, other in enumerate(person.others, begun + 1):
        contact = Contact(_id(at), person.name, email, other.relation, key)
        _add_contact(replace(_client(person, other.name, at), kind=other.kind), contact, at)
    client = clients.find(client.practice, client.id)
    if not person.email_ok:
        without_consent = replace(email, email_ok=False, recorded_at=now - DAY)
        _apply(
            client, key, now - DAY, lambda it, known: address_changes.confirm_address(it, without_consent, key, known)
        )
    if person.status is AccountStatus.DISABLED:
        _apply(client, key, now - DAY, lambda it, known: revocations.disable(it, known, now - DAY))
    return client.id


def _client(person: Person, name: str, at: int) -> Client:
    return Client(_id(at), person.practice.slug, name, language=person.language, created_at=at)


def _add_contact(client: Client, contact: Contact, at: int) -> None:
    _apply(client, contact.account_key, at, lambda it, known: contacts.add_contact(it, contact, known, _id(at)))


def _sign_in(key: AccountKey, now: int) -> None:
    account = accounts.find(key)
    if account:
        before = replace(account, first_sign_in_at=now - 90 * DAY, last_sign_in_at=now - 3 * DAY)
        accounts.save(replace(before, status=AccountStatus.ACTIVE))


def _apply(client: Client, key: AccountKey, at: int, decide: Callable[[Client, AccountsByKey], AccessChange]) -> None:
    """Write a clinician's decision about a client, with audit events of the time `at` (Unix seconds)."""
    clients.apply(
        client, decide, {key}, lambda row, kind: Event(client.practice, row, kind, millis(at), actor=RECORDER)
    )


def _id(at: int) -> str:
    return tokens.new_ulid(at * 1000)


if __name__ == "__main__":
    main()
