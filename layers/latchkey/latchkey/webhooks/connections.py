"""One POST to the address of a webhook.

The name is resolved once, and the connection goes to an address that was checked. So a name that changes its address
after the check (DNS rebinding) opens nothing. Redirects are not followed. The whole exchange has one time limit, so a
receiver that sends a byte a second does not hold the function. Only the first line of the answer is used.
"""

import re
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from functools import cache
from urllib.parse import urlsplit

from latchkey.rules.webhooks import is_allowed_target

TOTAL_SECONDS = 5.0
"""Time for everything after the name is resolved: connecting, TLS, sending and the answer's first line."""
MAX_LINE = 1024
"""Bytes of an answer's first line."""
STATUS_LINE = re.compile(rb"HTTP/1\.[01] (\d{3})(?: [^\r\n]*)?\r?\n")


class NotDelivered(Exception):
    """There is no answer. The message is a reason for the log of deliveries, in one word."""


type Resolver = Callable[[str, int], list[str]]
"""Returns the IP addresses of a host name."""


def resolve(host: str, port: int) -> list[str]:
    """Return the IP addresses of a host name, each once.

    :raises NotDelivered: it has none.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise NotDelivered("name_unknown") from None
    return list(dict.fromkeys(str(address[0]).partition("%")[0] for *_, address in found))


def send(
    url: str, headers: Mapping[str, str], body: bytes, *, allows_loopback: bool, resolver: Resolver = resolve
) -> int:
    """Return the status of the answer to a POST.

    :raises NotDelivered: the target is forbidden or does not answer in time, or the answer is not HTTP.
    """
    parts = urlsplit(url)
    host, is_tls = parts.hostname or "", parts.scheme == "https"
    port = parts.port or (443 if is_tls else 80)
    addresses = resolver(host, port)
    # One forbidden address among several is a sign of DNS rebinding, so none of them is tried.
    if not addresses or not all(is_allowed_target(address, allows_loopback=allows_loopback) for address in addresses):
        raise NotDelivered("target_forbidden")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    lines = [f"POST {path} HTTP/1.1", f"host: {parts.netloc}", "connection: close", f"content-length: {len(body)}"]
    head = "\r\n".join([*lines, *(f"{name}: {value}" for name, value in headers.items()), "", ""]).encode("ascii")
    deadline = time.monotonic() + TOTAL_SECONDS
    try:
        with _connected(addresses[0], port, deadline) as plain:
            if not is_tls:
                return _exchange(plain, head + body, deadline)
            with _tls_context().wrap_socket(plain, server_hostname=host) as encrypted:
                return _exchange(encrypted, head + body, deadline)
    except TimeoutError:
        raise NotDelivered("timeout") from None
    except ssl.SSLError:
        raise NotDelivered("tls_failed") from None
    except OSError:
        raise NotDelivered("no_connection") from None


def _connected(address: str, port: int, deadline: float) -> socket.socket:
    connection = socket.create_connection((address, port), timeout=_left(deadline))
    connection.settimeout(_left(deadline))
    return connection


def _exchange(connection: socket.socket, request: bytes, deadline: float) -> int:
    """Send the request and return the status in the first line of the answer."""
    connection.settimeout(_left(deadline))
    connection.sendall(request)
    received = b""
    while b"\n" not in received and len(received) < MAX_LINE:
        connection.settimeout(_left(deadline))
        part = connection.recv(MAX_LINE - len(received))
        if not part:
            break
        received += part
    found = STATUS_LINE.match(received)
    if found is None:
        raise NotDelivered("not_http")
    return int(found[1])


def _left(deadline: float) -> float:
    """Return the seconds until the deadline.

    :raises TimeoutError: it has passed.
    """
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


@cache
def _tls_context() -> ssl.SSLContext:
    return ssl.create_default_context()
