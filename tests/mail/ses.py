"""A fake SES with a send rate and planned outages. It records every try."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import cycle
from random import Random
from typing import Any, Literal
from unittest.mock import patch
from uuid import uuid4

from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from latchkey import aws, tokens
from latchkey.transport.responses import AwsResponse
from tests.mail.simulated_clock import SimulatedClock

URL = "https://ses.example"
RATE = 14
"""Mails a second of an account outside the sandbox."""

type Error = tuple[int, str]
"""HTTP status and code."""

DOWN: tuple[Error | Literal["hangs", "unreachable"], ...] = (
    (500, "InternalFailure"),
    "hangs",
    (503, ""),
    "unreachable",
)
PAUSED: tuple[Error, ...] = ((400, "SendingPausedException"), (400, "AccountSuspendedException"))
QUOTA: tuple[Error, ...] = ((400, "LimitExceededException"),)
BUSY: Error = (429, "TooManyRequestsException")
REJECTED: tuple[Error, ...] = ((400, "MessageRejected"), (400, "BadRequestException"))


@dataclass(frozen=True, slots=True)
class Try:
    """A try to send a mail."""

    at: float
    to: str
    path: str
    """The path of its link."""
    answer: str
    """"taken", "lost" if it was accepted without a response, or the error."""

    @property
    def request(self) -> bytes:
        """The job id in its link."""
        raw = tokens.base64url_decode(self.path.partition("?")[0].rpartition("/")[2])
        assert raw
        return raw[17:33]


@dataclass(slots=True)
class FakeSes:
    """A fake of the network below botocore's client, so that the client's own retries count."""

    time: SimulatedClock
    latency: tuple[float, float] = (0.06, 0.2)
    rejected: set[str] = field(default_factory=set)
    """Addresses whose mail it rejects."""
    losing: set[str] = field(default_factory=set)
    """Addresses whose next mail it accepts without a response."""
    tries: list[Try] = field(default_factory=list)
    _spells: list[tuple[float, float, Iterator[Any]]] = field(default_factory=list)
    _seconds: Counter[int] = field(default_factory=Counter)
    _chance: Random = field(default_factory=lambda: Random(14))  # noqa: S311 - the same in every run

    def fails(self, since: float, until: float, ways: tuple[Any, ...]) -> None:
        """Respond only with these errors between two moments, in turn."""
        self._spells.append((since, until, cycle(ways)))

    @property
    def accepted(self) -> list[Try]:
        """The tries that SES accepted."""
        return [one for one in self.tries if one.answer in {"taken", "lost"}]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Respond to SendEmail in place of SES until the context ends."""
        with patch.object(aws.client("sesv2"), "send", self._answer):
            yield

    def _answer(self, _operation: str, body: bytes) -> AwsResponse:
        requested = json.loads(body)
        (to,) = requested["Destination"]["ToAddresses"]
        (path,) = set(re.findall(r"/[a-z-]+/link/\S+", requested["Content"]["Simple"]["Body"]["Text"]["Data"]))
        fault = next((next(ways) for since, until, ways in self._spells if since <= self.time.now < until), None)
        match fault:
            case "unreachable":
                self._tried(to, path, fault, aws.CONNECT_TIMEOUT_SECONDS)
                raise ConnectTimeoutError(endpoint_url=URL)
            case "hangs":
                self._tried(to, path, fault, aws.READ_TIMEOUT_SECONDS)
                raise ReadTimeoutError(endpoint_url=URL)
            case (status, code):
                return self._refused(to, path, (status, code))
        if to in self.rejected:
            return self._refused(to, path, REJECTED[len(to) % len(REJECTED)])
        if self._seconds[int(self.time.now)] >= RATE:
            return self._refused(to, path, BUSY)
        self._seconds[int(self.time.now)] += 1
        if to in self.losing:
            self.losing.remove(to)
            self._tried(to, path, "lost", aws.READ_TIMEOUT_SECONDS)
            raise ReadTimeoutError(endpoint_url=URL)
        self._tried(to, path, "taken", self._chance.uniform(*self.latency))
        return _response(200, "", {"MessageId": str(uuid4())})

    def _refused(self, to: str, path: str, error: Error) -> AwsResponse:
        status, code = error
        self._tried(to, path, code or str(status), 0.02)
        return _response(status, code, {"message": f"not for {to}"})

    def _tried(self, to: str, path: str, answer: str, seconds: float) -> None:
        self.tries.append(Try(self.time.now, to, path, answer))
        self.time.pass_by(seconds)


def _response(status: int, code: str, body: dict[str, str]) -> AwsResponse:
    headers = {"x-amzn-errortype": code} if code else {}
    return AwsResponse(status, headers, json.dumps(body).encode() if status != 503 else b"<html>")
