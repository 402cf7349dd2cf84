"""Calls to AWS of this process: by which transport, and where to."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.config import Config

from latchkey import aws, settings
from latchkey.settings import Transport
from latchkey.transport import botocore_client, endpoints
from latchkey.transport.client import JsonClient
from latchkey.transport.connections import Endpoint
from latchkey.transport.signature import Credentials
from local.aws import ROOT

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
    opened: list[Endpoint] = []

    def endpoint_that_waits(*args: Any, **kwargs: Any) -> Endpoint:
        opened.append(Endpoint(*args, **kwargs | {"read_seconds": seconds}))
        return opened[-1]

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
            for endpoint in opened:
                endpoint.close()


def client_at(url: str, service: str) -> JsonClient:
    """Return a client of a service on this machine, as root. Its calls take an eighth of the CPU of boto3's."""
    return JsonClient(
        endpoints.SERVICES[service],
        Endpoint(url, connect_seconds=1, read_seconds=READ_SECONDS, ca_bundle=None),
        region=ROOT["AWS_DEFAULT_REGION"],
        user_agent=aws.USER_AGENT,
        credentials=lambda: Credentials(ROOT["AWS_ACCESS_KEY_ID"], ROOT["AWS_SECRET_ACCESS_KEY"], None),
        before_try=lambda _: None,
        max_tries=lambda: 1,
        resends_stale=True,
    )


def _forget() -> None:
    """Let the next call read the environment."""
    if hasattr(settings.load, "cache_clear"):  # a test may have put another function in its place
        settings.load.cache_clear()
    aws.client.cache_clear()
