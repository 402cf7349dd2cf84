"""Connections to one endpoint: opened with a time limit, kept for the next call, never used after an error.

http.client writes requests and parses responses. This module adds what it lacks: a time limit for the whole response,
and the check that a kept connection is still usable.
"""

import http.client
import io
import select
import socket
import ssl
import time
from collections.abc import Iterable, Mapping
from contextlib import closing
from functools import cache
from typing import Any, NamedTuple, Protocol, cast
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

MAX_BODY_BYTES = 32 * 1024 * 1024
"""Longest response body. DynamoDB's largest is 16 MB."""
MAX_IDLE = 10
"""Connections that are kept open. A function usually has one call at a time."""


class Headers(Protocol):
    """The headers of a response."""

    def get(self, name: str, /) -> str | None:
        """Return a header by its name."""

    def items(self) -> Iterable[tuple[str, str]]:
        """Return all headers."""


class AwsResponse(NamedTuple):
    """A complete response."""

    status: int
    headers: Headers
    """By name, in any case of letters."""
    body: bytes


class StaleConnection(Exception):
    """The other side closed a kept connection before it sent a byte of the response."""


class Endpoint:
    """One host of AWS, and the connections to it."""

    def __init__(self, url: str, *, connect_seconds: float, read_seconds: float, ca_bundle: str | None) -> None:
        parts = urlsplit(url)
        self.url = url
        self._is_tls = parts.scheme == "https"
        self._host, self._port = parts.hostname or "", parts.port or (443 if self._is_tls else 80)
        self.host_header = parts.netloc.rpartition("@")[2].lower()
        self.path = parts.path.rstrip("/")
        self._connect_seconds, self._read_seconds, self._ca_bundle = connect_seconds, read_seconds, ca_bundle
        self._idle: list[_Connection] = []

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the kept connections. The next request opens another one."""
        while connection := self._pop_idle():
            connection.close()

    def send_request(self, path: str, headers: Mapping[str, str], body: bytes, *, reuse: bool = True) -> AwsResponse:
        """Send a request and return the whole response, which may have any status.

        :raises StaleConnection: a kept connection turned out to be closed, and no byte of a response arrived.
        :raises HTTPClientError: a timeout, or a response that is not complete HTTP.
        :raises botocore.exceptions.ConnectionError: no connection.
        """
        connection, is_reused = self._take() if reuse else (None, False)
        try:
            if connection is None:
                connection = self._open()
            return self._exchange(connection, path, headers, body)
        except (OSError, http.client.HTTPException, ValueError) as error:
            if connection:
                connection.close()
            if is_reused and connection and not connection.has_answered and _is_closed(error):
                raise StaleConnection from error
            raise self._as_botocore(error, connected=connection is not None) from error

    def _exchange(self, connection: "_Connection", path: str, headers: Mapping[str, str], body: bytes) -> AwsResponse:
        connection.limit(self._read_seconds)
        connection.send_request(path, headers, body)
        with closing(connection.getresponse()) as response:
            received = _body(response)
        can_be_reused = not response.will_close and not connection.has_more
        if can_be_reused and len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return AwsResponse(response.status, response.headers, received)

    def _take(self) -> "tuple[_Connection | None, bool]":
        while connection := self._pop_idle():
            if connection.is_usable():
                return connection, True
            connection.close()
        return None, False

    def _pop_idle(self) -> "_Connection | None":
        try:
            return self._idle.pop()
        except IndexError:  # none is left (checking first would race with other threads)
            return None

    def _open(self) -> "_Connection":
        ends_at = time.monotonic() + self._connect_seconds
        sock = _connect(self._host, self._port, ends_at)
        if self._is_tls:
            sock.settimeout(_left(ends_at))
            try:
                sock = _tls(self._ca_bundle).wrap_socket(sock, server_hostname=self._host)
            except (OSError, ValueError):
                sock.close()
                raise
        return _Connection(self._host, self._port, sock)

    def _as_botocore(self, error: Exception, *, connected: bool) -> Exception:
        """Return the error that botocore has for this one, so that callers handle one family."""
        in_time, late = (
            (ConnectionClosedError, ReadTimeoutError) if connected else (EndpointConnectionError, ConnectTimeoutError)
        )
        return (late if isinstance(error, TimeoutError) else in_time)(endpoint_url=self.url, error=type(error).__name__)


class _Connection(http.client.HTTPConnection):
    """An open connection whose responses have a time limit."""

    def __init__(self, host: str, port: int, sock: socket.socket) -> None:
        super().__init__(host, port)
        self.sock: socket.socket = sock
        self.auto_open = 0
        self._ends_at = 0.0
        self._reader: _Reader | None = None
        self._parts: list[bytes] | None = None

    def send_request(self, path: str, headers: Mapping[str, str], body: bytes) -> None:
        """Send a request in one write. http.client writes its head and its body apart, as two records of TLS."""
        self._parts = []
        self.request("POST", path, body, cast("dict[str, str]", headers))
        request, self._parts = b"".join(self._parts), None
        self.send(request)

    def send(self, data: Any) -> None:
        """Send bytes, or keep them while a request is put together."""
        if self._parts is None:
            super().send(data)
        else:
            self._parts.append(data)

    def limit(self, seconds: float) -> None:
        """Let the next exchange take `seconds` at most."""
        self._ends_at = time.monotonic() + seconds
        self._reader = None
        self.sock.settimeout(seconds)

    def response_class(self, sock: socket.socket, method: str | None = None) -> http.client.HTTPResponse:  # type: ignore[override]
        """Return the response, to be read within the limit."""
        self._reader = _Reader(_TimedSocket(sock, self._ends_at))
        return http.client.HTTPResponse(cast("socket.socket", self._reader), method=method)

    @property
    def has_answered(self) -> bool:
        """True if a byte of the response has arrived."""
        return self._reader is not None and self._reader.timed_socket.has_received

    @property
    def has_more(self) -> bool:
        """True if bytes arrived that are no part of the response."""
        return self._reader is not None and self._reader.has_more

    def is_usable(self) -> bool:
        """Return False if the other side has closed the connection, or has sent bytes after a response."""
        if isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN | select.POLLERR | select.POLLHUP)
        return not poll.poll(0)


class _TimedSocket(io.RawIOBase):
    """The bytes of a socket until a time, after which reading raises TimeoutError."""

    def __init__(self, sock: socket.socket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at
        # http.client closes the connection before the body is read, so this file keeps the socket open
        self._file = sock.makefile("rb", buffering=0)
        self.has_received = self.is_over = False

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Read what has arrived, or wait for it."""
        if self.is_over:
            return 0
        self._sock.settimeout(_left(self._ends_at))
        count = self._file.readinto(buffer) or 0
        self.has_received |= count > 0
        return count

    def close(self) -> None:
        """Give the socket back."""
        self._file.close()
        super().close()


class _Reader(io.BufferedReader):
    """The buffered bytes of a response. http.client closes it where the response ends."""

    def __init__(self, timed_socket: _TimedSocket) -> None:
        super().__init__(timed_socket)
        self.timed_socket = timed_socket
        self.has_more = False

    def makefile(self, _mode: str) -> "_Reader":
        """Return the reader. http.client calls this on what it takes for a socket."""
        return self

    def close(self) -> None:
        """Look whether bytes are left, and close."""
        if not self.closed:
            self.timed_socket.is_over = True
            self.has_more = bool(self.peek(1))
        super().close()


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


def _connect(host: str, port: int, ends_at: float) -> socket.socket:
    """Return a socket that is connected to the first address that answers before `ends_at`."""
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(_left(ends_at))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


def _left(ends_at: float) -> float:
    """Return the seconds until a time of the monotonic clock.

    :raises TimeoutError: there are none.
    """
    seconds = ends_at - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


@cache
def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS settings of all connections. Reading the CA certificates takes as long as many calls."""
    context = ssl.create_default_context(cafile=ca_bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError))
