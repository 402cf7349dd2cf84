"""ministack's application for uvicorn. It runs in ministack's environment, and imports nothing of this project.

ministack parses the policies of a caller's role twice for each request. While someone waits at an empty queue, it looks
ten times a second whether a message has come. Here, a policy is parsed once, and a message ends the pause.
"""

import asyncio
from contextlib import suppress
from functools import cache
from types import SimpleNamespace
from typing import Any

from ministack.app import app  # type: ignore[import-not-found] # mypy does not see ministack's environment
from ministack.core import iam_evaluator  # type: ignore[import-not-found]
from ministack.services import sqs  # type: ignore[import-not-found]

__all__ = ["app"]

_usual_parse = iam_evaluator.parse_policy_document
_parse_text = cache(_usual_parse)


def _parse(document: Any) -> Any:
    """Return the statements of a policy document."""
    return _parse_text(document) if isinstance(document, str) else _usual_parse(document)


iam_evaluator.parse_policy_document = _parse

USUAL_PAUSE_SECONDS, PAUSE_SECONDS = 0.1, 0.5
"""ministack's pause between two looks at a queue, and the one in its place. Nothing ends the pause when a delay or a
visibility timeout is over."""


class _Wake:
    """The event that ministack's SQS sets for each message. It also ends the pauses of those who wait for messages."""

    def __init__(self) -> None:
        self._usual = sqs.esm_wake
        self._arrived = asyncio.Event()

    def set(self) -> None:
        self._usual.set()
        self._arrived.set()
        self._arrived.clear()

    async def pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds if seconds < USUAL_PAUSE_SECONDS else PAUSE_SECONDS):
                await self._arrived.wait()


_wake = _Wake()
sqs.esm_wake = _wake
sqs.asyncio = SimpleNamespace(iscoroutine=asyncio.iscoroutine, sleep=_wake.pause)
