"""Sign-in without passwords for the Client Portal of a health practice."""

import gc

from latchkey import settings

__version__ = "0.1.0"

if settings.in_lambda():
    # What modules make when they are loaded stays. Looking through it for garbage meanwhile is a tenth of a cold start;
    # `web.start` takes it up again.
    gc.disable()
