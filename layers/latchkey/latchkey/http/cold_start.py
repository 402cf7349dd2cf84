"""Work at the end of a function's initialization. Lambda then gives it a full processor, and no request waits yet."""

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
"""Part of the 10 seconds that Lambda allows for initialization. A call may take 5 seconds, so no call begins after the
first second. An outage then cannot keep a function from starting."""


@dataclass(frozen=True, slots=True)
class _StartDeadline:
    ends_at: float

    def get_remaining_time_in_millis(self) -> int:
        return int(1000 * (self.ends_at - time.monotonic()))


def prepare() -> None:
    """Read the keys, create the AWS clients and connect to DynamoDB, so that the first request need not wait.

    Outages are ignored: a request that needs one of these tries again.
    """
    if settings.in_lambda():
        with suppress(Unavailable, *OUTAGES):
            _preload({}, _StartDeadline(time.monotonic() + MAX_START_SECONDS))
    resume_gc()


def resume_gc() -> None:
    """Turn the garbage collector on, except for the objects that exist already (see `latchkey`)."""
    if settings.in_lambda():
        gc.freeze()
        gc.enable()


@aws.within_deadline
def _preload(_event: Mapping[str, Any], _context: aws.InvocationContext) -> None:
    config = settings.load()
    keys.preload()
    if config.configuration_set:
        aws.client("sesv2")
    elif config.mail_queue_url:
        aws.client("sqs")
    practices.warm_connection()
