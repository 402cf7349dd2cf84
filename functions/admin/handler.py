"""What clinicians do: practices, members, clients, access, PINs, and what happened."""

from latchkey.admin import api

handle = api.entry()
