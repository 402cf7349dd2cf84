"""Connections to one endpoint: opened with a time limit, kept for the next call, never used after an error."""

import http.client
import select
import socket
import ssl
import time
from collections.abc import Mapping
from functools import cache
from urllib.parse import urlsplit

from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
)

from latchkey.transport.responses import AwsResponse, ResponseReader, seconds_until

MAX_IDLE = 10
"""Connections that are kept open. A function usually has one call at a time."""


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
        reader = connection.send_request(path, headers, body, self._read_seconds)
        response, stays_open = reader.read_response()
        if stays_open and not reader.has_more and len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()
        return response

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
            sock.settimeout(seconds_until(ends_at))
            try:
                sock = _tls(self._ca_bundle).wrap_socket(sock, server_hostname=self._host)
            except (OSError, ValueError):
                sock.close()
                raise
        return _Connection(sock)

    def _as_botocore(self, error: Exception, *, connected: bool) -> Exception:
        """Return the error that botocore has for this one, so that callers handle one family."""
        in_time, late = (
            (ConnectionClosedError, ReadTimeoutError) if connected else (EndpointConnectionError, ConnectTimeoutError)
        )
        return (late if isinstance(error, TimeoutError) else in_time)(endpoint_url=self.url, error=type(error).__name__)


class _Connection:
    """An open connection."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._reader: ResponseReader | None = None

    def send_request(self, path: str, headers: Mapping[str, str], body: bytes, seconds: float) -> ResponseReader:
        """Send a request in one write. Return what reads the response. Both have `seconds` together.

        :raises ValueError: the path or a header would be more than one line.
        """
        lines = [f"POST {path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        lines += ["accept-encoding: identity", f"content-length: {len(body)}", "", ""]
        head = "\r\n".join(lines)
        if head.count("\n") != len(lines) - 1 or head.count("\r") != len(lines) - 1:
            raise ValueError("a line break in the head of a request")
        self._reader = None
        ends_at = time.monotonic() + seconds
        self._sock.settimeout(seconds)
        self._sock.sendall(head.encode("latin-1") + body)
        self._reader = ResponseReader(self._sock, ends_at)
        return self._reader

    @property
    def has_answered(self) -> bool:
        """True if a byte of the response has arrived."""
        return self._reader is not None and self._reader.has_answered

    def is_usable(self) -> bool:
        """Return False if the other side has closed the connection, or has sent bytes after a response."""
        if isinstance(self._sock, ssl.SSLSocket) and self._sock.pending():
            return False
        poll = select.poll()
        poll.register(self._sock, select.POLLIN | select.POLLERR | select.POLLHUP)
        return not poll.poll(0)

    def close(self) -> None:
        """Close the connection."""
        self._sock.close()


def _connect(host: str, port: int, ends_at: float) -> socket.socket:
    """Return a socket that is connected to the first address that answers before `ends_at`."""
    failure: OSError = OSError("no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.settimeout(seconds_until(ends_at))
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except OSError as error:
            sock.close()
            failure = error
        else:
            return sock
    raise failure


@cache
def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    """Return the TLS settings of all connections. Reading the CA certificates takes as long as many calls."""
    context = ssl.create_default_context(cafile=ca_bundle)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _is_closed(error: BaseException) -> bool:
    return isinstance(error, (http.client.RemoteDisconnected, ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError))
