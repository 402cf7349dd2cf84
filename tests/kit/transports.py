"""Calls to AWS of this process: by which transport, and where to."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from latchkey import aws, settings
from latchkey.settings import Transport

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
            patch.setattr(aws, "READ_TIMEOUT_SECONDS", read_seconds or READ_SECONDS)
        _forget()
        try:
            yield
        finally:
            patch.undo()
            _forget()


def _forget() -> None:
    """Let the next call read the environment."""
    if hasattr(settings.load, "cache_clear"):  # a test may have put another function in its place
        settings.load.cache_clear()
    aws.client.cache_clear()
