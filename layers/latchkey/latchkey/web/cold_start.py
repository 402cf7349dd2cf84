"""The end of a function's start: Lambda lends it a whole processor, and nobody waits for an answer yet."""

import gc
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from latchkey import aws, keys, settings
from latchkey.rules.refusals import Unavailable
from latchkey.store import practices
from latchkey.store.dynamodb import OUTAGES

MAX_START_SECONDS = 6
"""Of the 10 that Lambda gives a start. Since a call may take 5, none begins after the first second, and no outage
keeps a function from starting."""


@dataclass(frozen=True, slots=True)
class _StartDeadline:
    ends: float

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.ends - time.monotonic()))


def prepare() -> None:
    """Do what the first request would have to wait for: read the keys, make the clients, open the way to the tables.

    What cannot be had now is asked for again when a request needs it.
    """
    if settings.in_lambda():
        with suppress(Unavailable, *OUTAGES):
            _preload({}, _StartDeadline(time.monotonic() + MAX_START_SECONDS))
    resume_gc()


def resume_gc() -> None:
    """Look for garbage from here on, but not in what has been loaded (see `latchkey`)."""
    if settings.in_lambda():
        gc.freeze()
        gc.enable()


@aws.within_deadline
def _preload(_event: Mapping[str, Any], _context: aws.InvocationContext) -> None:
    told = settings.load()
    keys.preload()
    if told.configuration_set:
        aws.service_client("sesv2")
    elif told.mail_queue_url:
        aws.service_client("sqs")
    practices.warm_connection()
