"""Passwordless sign-in for the Client Portal of a health practice."""

import gc

from latchkey import compiled_dataclasses

# This must come before the first dataclass is made.
compiled_dataclasses.use()

from latchkey import settings  # noqa: E402

__version__ = "0.1.0"

if settings.in_lambda():
    # Objects that modules create at import live as long as the function. Collecting garbage among them takes a tenth of
    # a cold start. `http.cold_start` turns the collector on again.
    gc.disable()
