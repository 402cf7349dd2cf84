"""The API of practice systems: clients, access, contacts and audit events, and the token endpoint."""

from latchkey.api import machine_app

handle = machine_app.entry()
