"""Responses of AWS: read within a time limit, complete or not at all.

One regular expression recognizes a response of the usual form. Any other response goes to http.client, whose parser
takes as long as the rest of the call.
"""

import http.client
import io
import re
import socket
import time
from collections.abc import Iterable
from contextlib import closing
from typing import NamedTuple, Protocol, cast

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Longest response body. DynamoDB's largest is 16 MB."""

USUAL_HEAD = re.compile(rb"HTTP/1\.1 ([245][0-9]{2}) [ -~]*\r\n((?:[!-9;-~]+:[ -~]*\r\n)+)\r\n")
"""Matches a usual head: ASCII only, without folded lines, and not of an interim response (1xx)."""
BODILESS = {204}
"""Statuses of responses without a body, whatever their length says."""


class Headers(Protocol):
    """The headers of a response."""

    def get(self, name: str, /) -> str | None:
        """Return a header by its name in lower case."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers."""


class AwsResponse(NamedTuple):
    """A complete response."""

    status: int
    headers: Headers
    body: bytes


class ResponseReader(io.BufferedReader):
    """The bytes of one response on a socket, until a time of the monotonic clock."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._timed_socket = _TimedSocket(sock, ends_at)
        super().__init__(self._timed_socket)
        self.has_more = False

    @property
    def has_answered(self) -> bool:
        """True if a byte of the response has arrived."""
        return self._timed_socket.has_received

    def read_response(self) -> tuple[AwsResponse, bool]:
        """Return the response, and True if the connection stays open after it. Close the reader.

        :raises TimeoutError: the response did not arrive in time.
        :raises OSError, HTTPException, ValueError: the response is not complete HTTP.
        """
        with self:
            response = self._read_usual()
            if response is None:
                return self._read_any()
        return response, True

    def makefile(self, _mode: str) -> "ResponseReader":
        """Return the reader. http.client calls this on what it takes for a socket."""
        return self

    def close(self) -> None:
        """Look whether bytes are left, and close. http.client calls this where the response ends."""
        if not self.closed:
            self._timed_socket.is_over = True
            self.has_more = bool(self.peek(1))
        super().close()

    def _read_usual(self) -> AwsResponse | None:
        """Return a response whose head arrived at once, in the usual form.

        None for any other response. Nothing of it is consumed, so that `_read_any` can read it whole.
        """
        head = USUAL_HEAD.match(self.peek(1))
        if head is None:
            return None
        status, lines = int(head[1]), head[2].decode().split("\r\n")[:-1]
        headers = {}
        for line in lines:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = headers.get("content-length", "")
        if (
            len(headers) != len(lines)
            or "transfer-encoding" in headers
            or headers.get("connection", "keep-alive").lower() != "keep-alive"
            or not length.isdecimal()
            or int(length) > MAX_BODY_BYTES
            or status in BODILESS
        ):
            return None
        self.read(head.end())
        body = self.read(int(length))
        if len(body) < int(length):
            raise http.client.IncompleteRead(body)
        return AwsResponse(status, headers, body)

    def _read_any(self) -> tuple[AwsResponse, bool]:
        with closing(http.client.HTTPResponse(cast("socket.socket", self), method="POST")) as response:
            response.begin()
            body = _body(response)
        return AwsResponse(response.status, response.headers, body), not response.will_close


class _TimedSocket(io.RawIOBase):
    """The bytes of a socket until a time, after which reading raises TimeoutError."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at
        self.has_received = self.is_over = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what has arrived, or wait for it."""
        if self.is_over:
            return 0
        self._sock.settimeout(seconds_until(self._ends_at))
        count = self._sock.recv_into(buffer)
        self.has_received |= count > 0
        return count


def seconds_until(ends_at: float) -> float:
    """Return the seconds until a time of the monotonic clock.

    :raises TimeoutError: there are none.
    """
    seconds = ends_at - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def _body(response: http.client.HTTPResponse) -> bytes:
    """Return the whole body.

    :raises HTTPException: it has no length, is too long, or ended too early.
    """
    if response.chunked:
        body = response.read(MAX_BODY_BYTES + 1)
        if not response.isclosed():
            raise http.client.HTTPException("too long a response")
        return body
    if response.length is None or response.length > MAX_BODY_BYTES:
        raise http.client.HTTPException("a response without a length, or too long a one")
    # only read() without an argument tells that the body ended too early
    return response.read()
