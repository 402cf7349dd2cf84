"""What clinicians do: practices, members, clients, access, PINs, and what happened."""

from latchkey.api import app

handle = app.entry()
