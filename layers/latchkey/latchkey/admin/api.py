"""The whole API: every noun, behind one door."""

from latchkey.admin import access, clients, contacts, door, events, letters, members, practices
from latchkey.admin.routes import Routes

NOUNS: tuple[Routes, ...] = (
    practices.routes,
    members.routes,
    letters.routes,
    clients.routes,
    access.routes,
    contacts.routes,
    events.routes,
)


def entry() -> door.Handler:
    """A Lambda handler for every clinicians' route."""
    return door.entry(NOUNS)
