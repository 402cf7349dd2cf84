"""One botocore session for everything: each further one would parse the same service models again."""

from functools import cache
from typing import Any

import botocore.session
from botocore.config import Config

from latchkey import settings

CONNECT_SECONDS = 1
READ_SECONDS = 2
TRIES = 3
"""First try included. A person waits 8 seconds at most for an answer, even if it is no."""

ONE_TRY = {"sesv2"}
"""Nobody waits for it but a queue, which tries again by itself: at once would be too soon, and one letter twice."""


@cache
def session() -> botocore.session.Session:
    """The one session of this process."""
    return botocore.session.get_session()


@cache
def client(service: str) -> Any:
    """A client that gives up while the person is still waiting."""
    return session().create_client(
        service,
        region_name=settings.load().region,
        config=Config(
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"mode": "standard", "total_max_attempts": 1 if service in ONE_TRY else TRIES},
        ),
    )
