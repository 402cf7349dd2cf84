"""The clinicians' API: practices, members, clients, access, PINs and audit events."""

from latchkey.api import app

handle = app.entry()
