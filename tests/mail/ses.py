"""An SES that takes so many mails a second, fails at the hours it is told to, and keeps what it took."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from itertools import cycle
from random import Random
from typing import Any, Literal
from uuid import uuid4

from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError

from latchkey import aws, tokens
from tests.mail.time import SimulatedClock

RATE = 14
"""Mails a second: what AWS gives an account that has left the sandbox."""

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
    """One attempt to hand over a mail."""

    at: float
    to: str
    path: str
    """Of its link."""
    answer: str
    """"taken", "lost" if it was taken and the answer to it never came, or the name of the refusal."""

    @property
    def request(self) -> bytes:
        """The request that its link answers."""
        raw = tokens.base64url_decode(self.path.rpartition("/")[2])
        assert raw
        return raw[17:33]


@dataclass(slots=True)
class FakeSes:
    """In place of the network behind botocore's client, so that the client's own tries count too."""

    time: SimulatedClock
    latency: tuple[float, float] = (0.06, 0.2)
    rejected: set[str] = field(default_factory=set)
    """Addresses that it will never take."""
    losing: set[str] = field(default_factory=set)
    """Addresses whose next mail it takes without an answer."""
    tries: list[Try] = field(default_factory=list)
    _spells: list[tuple[float, float, Iterator[Any]]] = field(default_factory=list)
    _seconds: Counter[int] = field(default_factory=Counter)
    _chance: Random = field(default_factory=lambda: Random(14))  # noqa: S311 - to be the same every night

    def fails(self, since: float, until: float, ways: tuple[Any, ...]) -> None:
        """From one moment to another, answer nothing but these, in turn."""
        self._spells.append((since, until, cycle(ways)))

    @property
    def accepted(self) -> list[Try]:
        """The mails that went out."""
        return [one for one in self.tries if one.answer in {"taken", "lost"}]

    @contextmanager
    def answering(self) -> Iterator[None]:
        """In the place of SES."""
        events = aws.service_client("sesv2").meta.events
        events.register_first("before-send.sesv2.SendEmail", self._answer, unique_id="ses")
        try:
            yield
        finally:
            events.unregister("before-send.sesv2.SendEmail", unique_id="ses")

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        requested = json.loads(request.body)
        (to,) = requested["Destination"]["ToAddresses"]
        (path,) = set(re.findall(r"/[a-z-]+/link/\S+", requested["Content"]["Simple"]["Body"]["Text"]["Data"]))
        fault = next((next(ways) for since, until, ways in self._spells if since <= self.time.now < until), None)
        match fault:
            case "unreachable":
                self._tried(to, path, fault, aws.CONNECT_TIMEOUT_SECONDS)
                raise ConnectTimeoutError(endpoint_url=request.url)
            case "hangs":
                self._tried(to, path, fault, aws.READ_TIMEOUT_SECONDS)
                raise ReadTimeoutError(endpoint_url=request.url)
            case (status, code):
                return self._refused(request, to, path, (status, code))
        if to in self.rejected:
            return self._refused(request, to, path, REJECTED[len(to) % len(REJECTED)])
        if self._seconds[int(self.time.now)] >= RATE:
            return self._refused(request, to, path, BUSY)
        self._seconds[int(self.time.now)] += 1
        if to in self.losing:
            self.losing.remove(to)
            self._tried(to, path, "lost", aws.READ_TIMEOUT_SECONDS)
            raise ReadTimeoutError(endpoint_url=request.url)
        self._tried(to, path, "taken", self._chance.uniform(*self.latency))
        return _response(request, 200, "", {"MessageId": str(uuid4())})

    def _refused(self, request: Any, to: str, path: str, error: Error) -> AWSResponse:
        status, code = error
        self._tried(to, path, code or str(status), 0.02)
        return _response(request, status, code, {"message": f"not for {to}"})

    def _tried(self, to: str, path: str, answer: str, seconds: float) -> None:
        self.tries.append(Try(self.time.now, to, path, answer))
        self.time.pass_by(seconds)


def _response(request: Any, status: int, code: str, body: dict[str, str]) -> AWSResponse:
    headers: Any = {"x-amzn-errortype": code} if code else {}
    return AWSResponse(request.url, status, headers, _Raw(json.dumps(body).encode() if status != 503 else b"<html>"))


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self.read()
