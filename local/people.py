"""The practices and people of a local run, put in through the package's own store, in a function's environment.

Run as `python -m local.people`; prints who is there, as JSON.
"""

import json
import sys
import time
from dataclasses import dataclass

from latchkey import tokens
from latchkey.rules import addresses
from latchkey.rules.accounts import Account, Kind, Profile, Status
from latchkey.rules.practices import Language, Practice, UnknownAddress
from latchkey.store import accounts, practices

DAY = 24 * 60 * 60

WILLOW = Practice(
    slug="willow",
    name="Willow Creek Therapy",
    phone="(415) 555-0134",
    time_zone="America/Los_Angeles",
    welcome="Welcome! Everything you find here, you can also ask me in our next session.",
)

HARBOR = Practice(
    slug="harbor",
    name="Harbor Family Counseling",
    phone="(206) 555-0187",
    time_zone="America/Los_Angeles",
    website=True,
    new_client_url="https://harbor.example/appointments",
    unknown_address=UnknownAddress.SAME_ANSWER,
)


@dataclass(frozen=True, slots=True)
class Person:
    """Someone on file at a practice."""

    practice: Practice
    address: str
    name: str
    about: str
    """Told on the local page."""
    language: Language = "en"
    status: Status = Status.ACTIVE
    others: tuple[Profile, ...] = ()
    """Profiles besides the person's own."""
    email_ok: bool = True


def _profile(name: str, kind: Kind = "individual") -> Profile:
    return Profile(tokens.ulid(int(time.time() * 1000)), name, kind)


PEOPLE = (
    Person(WILLOW, "ana@example.com", "Ana Reyes", "has signed in before"),
    Person(WILLOW, "luis@example.com", "Luis Ortega", "Spanish; has signed in before", language="es"),
    Person(
        WILLOW,
        "maria.gomez@gmail.com",
        "Maria Gomez",
        "guardian: her own profile, a couple's, and two minors'",
        others=(
            _profile("Maria & Daniel Gomez", "couple"),
            _profile("Leo Gomez", "minor"),
            _profile("Emma Gomez", "minor"),
        ),
    ),
    Person(WILLOW, "sam@example.com", "Sam Carter", "invited, never signed in", status=Status.INVITED),
    Person(WILLOW, "kim+kids@gmail.com", "Kim Lee", "a Gmail address with a modifier"),
    Person(WILLOW, "robin@example.com", "Robin Hayes", "access has ended", status=Status.DISABLED),
    Person(WILLOW, "jo@example.com", "Jo Winters", "has not agreed to be sent email", email_ok=False),
    Person(HARBOR, "ana@example.com", "Ana Reyes", "the same person at another practice"),
    Person(HARBOR, "lee@example.com", "Lee Park", "has signed in before"),
    Person(HARBOR, "sofia@example.com", "Sofía Marín", "Spanish; invited, never signed in", "es", Status.INVITED),
)


def main() -> None:
    """Put everyone in, and print who is there."""
    now = int(time.time())
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
    for person in PEOPLE:
        accounts.save(_account(person, now))
    json.dump([_told(practice) for practice in (WILLOW, HARBOR)], sys.stdout)


def _account(person: Person, now: int) -> Account:
    signed_in = person.status is not Status.INVITED
    return Account(
        key=accounts.key_of(person.practice.slug, addresses.canonical(person.address)),
        id=tokens.ulid(now * 1000),
        practice=person.practice.slug,
        address=person.address,
        name=person.name,
        language=person.language,
        status=person.status,
        email_ok=person.email_ok,
        profiles=(_profile(person.name), *person.others),
        first_sign_in_at=now - 90 * DAY if signed_in else None,
        last_sign_in_at=now - 3 * DAY if signed_in else None,
    )


def _told(practice: Practice) -> dict[str, object]:
    people = [{"address": person.address, "about": person.about} for person in PEOPLE if person.practice is practice]
    return {"slug": practice.slug, "name": practice.name, "people": people}


if __name__ == "__main__":
    main()
