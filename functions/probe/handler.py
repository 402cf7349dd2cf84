"""The probe: visits the portal from outside, on a schedule and before a canary."""

from latchkey.probe import app

handle = app.handle
