"""Calls to AWS of this process: by which transport, and where to."""

from collections.abc import Callable, Iterator
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
    """Send calls to this URL by this transport until the context ends. `service` is the end of `AWS_ENDPOINT_URL`."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRANSPORT", transport)
        if url:
            patch.setenv(f"AWS_ENDPOINT_URL{service}", url)
            # only the wait for responses is longer: when a call is too late for the function stays as it is
            patch.setattr(aws, "Endpoint", _with(Endpoint, read_seconds=read_seconds or READ_SECONDS))
            patch.setattr(botocore_client, "Config", _with(Config, read_timeout=read_seconds or READ_SECONDS))
        _forget()
        try:
            yield
        finally:
            patch.undo()
            _forget()


def _with(made: Callable[..., Any], **changed: Any) -> Callable[..., Any]:
    """Return the factory `made`, called with changed arguments."""
    return lambda *args, **kwargs: made(*args, **kwargs | changed)


def _forget() -> None:
    """Let the next call read the environment."""
    if hasattr(settings.load, "cache_clear"):  # a test may have put another function in its place
        settings.load.cache_clear()
    aws.client.cache_clear()
