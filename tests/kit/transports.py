"""Calls to AWS of this process: by which transport, and where to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.config import Config

from latchkey import aws, settings
from latchkey.settings import Transport
from latchkey.transport import botocore_client
from latchkey.transport.connections import Endpoint

READ_SECONDS = 20
"""Time for responses of engines on a busy machine."""


@contextmanager
def calling(
    url: str | None = None, *, transport: Transport = "lean", service: str = "", read_seconds: float | None = None
) -> Iterator[None]:
    """Send calls to this URL by this transport until the context ends. `service` is the end of `AWS_ENDPOINT_URL`.

    Connections to the URL are closed then. A caught error can keep a client in a cycle of garbage for longer.
    """
    seconds = read_seconds or READ_SECONDS
    endpoints: list[Endpoint] = []

    def endpoint_that_waits(*args: Any, **kwargs: Any) -> Endpoint:
        endpoints.append(Endpoint(*args, **kwargs | {"read_seconds": seconds}))
        return endpoints[-1]

    def config_that_waits(**kwargs: Any) -> Config:
        return Config(**kwargs | {"read_timeout": seconds})

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSPORT", transport)
        if url:
            patch.setenv(f"AWS_ENDPOINT_URL{service}", url)
            # only the wait for responses is longer: when a call is too late for the function stays as it is
            patch.setattr(aws, "Endpoint", endpoint_that_waits)
            patch.setattr(botocore_client, "Config", config_that_waits)
        _forget()
        try:
            yield
        finally:
            patch.undo()
            _forget()
            for endpoint in endpoints:
                endpoint.close()


def _forget() -> None:
    """Let the next call read the environment."""
    if hasattr(settings.load, "cache_clear"):  # a test may have put another function in its place
        settings.load.cache_clear()
    aws.client.cache_clear()
