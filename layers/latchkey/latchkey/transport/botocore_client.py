"""Calls to a service of AWS by botocore's own client, for stacks that choose it and for rarely called services.

Only `aws.py` imports this module, and only when it is needed. The import of botocore's client takes as long as all
other imports of a function.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import botocore.session
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.config import Config
from botocore.exceptions import ConnectionClosedError


@cache
def botocore_session() -> botocore.session.Session:
    """Return the only botocore session of this process. Each session parses the service models again."""
    return botocore.session.get_session()


class BotocoreClient:
    """A client of botocore, whose tries are limited as those of `JsonClient`."""

    def __init__(  # noqa: PLR0913 - what a client consists of
        self,
        service: str,
        *,
        region: str,
        connect_seconds: float,
        read_seconds: float,
        user_agent: str,
        before_try: Callable[[int], None],
        max_tries: int,
        is_tried_once: Callable[[], bool],
    ) -> None:
        """`before_try` gets the number of a try, from 1. It raises to refuse the try.

        While `is_tried_once` returns True, calls have one try instead of `max_tries`.
        """
        self._before_try, self._is_tried_once = before_try, is_tried_once
        self.client: Any = botocore_session().create_client(
            service,
            region_name=region,
            config=Config(
                connect_timeout=connect_seconds,
                read_timeout=read_seconds,
                parameter_validation=False,
                retries={"mode": "standard", "total_max_attempts": max_tries},
                # botocore builds its default user agent at each call, which takes a tenth of the call's CPU time
                user_agent=user_agent,
            ),
        )
        events = self.client.meta.events
        events.register("request-created", self._refuse_late_request)
        # a more specific event name than that of botocore's own retry handler, so ours runs first
        events.register("needs-retry.*.*", self._retry_decision)

    def call(self, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """Return the response of an operation."""
        response: dict[str, Any] = self.client._make_api_call(operation, arguments)  # noqa: SLF001 - as PynamoDB does
        return response

    def _refuse_late_request(self, **event: Any) -> None:
        """Refuse a late try of botocore, which calls this before each."""
        request: AWSRequest = event["request"]
        self._before_try(request.context["retries"]["attempt"])

    def _retry_decision(self, **event: Any) -> Any:
        """Return False to forbid another try, or None to let botocore decide. botocore calls this after each try.

        :raises ConnectionClosedError: the response body is shorter than its Content-Length. botocore would take it for
            an empty response, so an item that could not be read would look like a missing item.
        """
        response: tuple[AWSResponse, Any] | None = event["response"]
        if response and _is_truncated(response[0]):
            raise ConnectionClosedError(endpoint_url=response[0].url)
        return False if self._is_tried_once() else None


def _is_truncated(response: AWSResponse) -> bool:
    length = response.headers.get("content-length", "")
    return length.isdecimal() and len(response.content) < int(length)
