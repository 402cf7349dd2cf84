"""The clinicians' console: sign-in, clients, PINs, letters and the practice's settings, as pages."""

from latchkey.console import app

handle = app.entry()
