"""Tests of servers that do not respond properly, on real sockets. Each causes an error in time, never a wrong
result.
"""

import json
import socket
import sys
import threading
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from latchkey import aws
from latchkey.store.dynamodb import OUTAGES
from tests.kit import transports

ITEM = json.dumps({"Item": {"key": {"S": "ana"}}}).encode()
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
READ_SECONDS = 0.3
MAX_SECONDS = 3 * READ_SECONDS + 1
"""Seconds of three tries and the pauses between them."""

type Turn = Callable[[socket.socket], bool]
"""Answers one request. Returns False if the server closes the connection after it."""


def answer(body: bytes = ITEM, status: str = "200 OK", headers: str = "", length: int | None = None) -> bytes:
    """Return a response."""
    size = len(body) if length is None else length
    return f"HTTP/1.1 {status}\r\n{headers}content-length: {size}\r\n\r\n".encode() + body


@contextmanager
def serving(*turns: Turn) -> Iterator[tuple[str, list[int]]]:
    """Answer the requests in turn, the last turn for all further ones. Yield the URL and each request's connection."""
    seen: list[int] = []
    connections: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                connections.append(connection)
                threading.Thread(target=converse, args=(connection, len(connections)), daemon=True).start()

        def converse(connection: socket.socket, number: int) -> None:
            with closing(connection), suppress(OSError):
                while received(connection):
                    seen.append(number)
                    if not turns[min(len(seen), len(turns)) - 1](connection):
                        return

        threading.Thread(target=accept, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", seen
        finally:
            for connection in connections:
                with suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)
            server.shutdown(socket.SHUT_RDWR)


def received(connection: socket.socket) -> bool:
    """Read one request. Return False if the client has closed the connection."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return False
        data += more
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return True


def says(data: bytes, *, stays: bool = True) -> Turn:
    """Return a turn that sends these bytes."""

    def turn(connection: socket.socket) -> bool:
        connection.sendall(data)
        return stays

    return turn


def drips(data: bytes) -> Turn:
    """Return a turn that sends one byte at a time, each well before a timeout."""

    def turn(connection: socket.socket) -> bool:
        for byte in data:
            connection.sendall(bytes((byte,)))
            time.sleep(READ_SECONDS / 4)
        return True

    return turn


def hangs(connection: socket.socket) -> bool:
    """Send nothing until the client gives up."""
    connection.settimeout(10)
    connection.recv(1)
    return False


MISBEHAVIOURS: dict[str, Turn] = {
    "hangs": hangs,
    "drips its head": drips(b"HTTP/1.1 200 OK\r\nx-filler: " + b"x" * 500),
    "drips its body": drips(answer(b"x" * 500)),
    "hangs in its body": says(answer(ITEM, length=len(ITEM) + 1)),
    "closes at once": says(b"", stays=False),
    "closes in its head": says(b"HTTP/1.1 200 OK\r\ncontent-le", stays=False),
    "closes before its body": says(answer(b"", length=40), stays=False),
    "closes in its body": says(answer(ITEM[:10], length=len(ITEM)), stays=False),
    "closes in its body, which is JSON as it is": says(answer(b"{}", length=40), stays=False),
    "closes in a chunk": says(CHUNKED + b"2\r\n{}\r\n9\r\n", stays=False),
    "closes before the last chunk": says(
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\n{}\r\n", stays=False
    ),
    "has an error": says(answer(b'{"__type":"InternalServerError"}', "500 Internal Server Error")),
    "has an error in HTML": says(answer(b"<html>", "503 Service Unavailable")),
    "speaks no HTTP": says(b"\x15\x03\x01\x00\x02\x02\x16 no\r\n\r\n", stays=False),
    "speaks no JSON": says(answer(b"<html>hello</html>")),
    "sends bytes that are no text": says(answer(b"\xff\xfe" + ITEM)),
    "sends a list": says(answer(b"[]")),
    "sends nothing with status 200": says(answer(b"")),
    "sends binary that is no base64": says(answer(b'{"Item":{"key":{"B":"!"}}}')),
    "has a wrong checksum": says(answer(ITEM, headers=f"x-amz-crc32: {zlib.crc32(ITEM) ^ 1}\r\n")),
    "redirects": says(answer(b"", "307 Temporary Redirect", "location: http://127.0.0.1:1/\r\n")),
    "redirects with an item": says(answer(ITEM, "302 Found", "location: /elsewhere\r\n")),
    "has a header of 64 KB": says(answer(ITEM, headers=f"x-filler: {'x' * 65536}\r\n")),
    "has 200 headers": says(answer(ITEM, headers="x-filler: x\r\n" * 200)),
    "has endless headers": says(b"HTTP/1.1 200 OK\r\n" + b"x-filler: x\r\n" * 50000, stays=False),
    "has no length": says(b"HTTP/1.1 200 OK\r\n\r\n" + ITEM, stays=False),
    "has a length that is none": says(b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n" + ITEM, stays=False),
    "has two lengths": says(answer(ITEM, headers="content-length: 2\r\n")),
    "has a length and chunks": says(answer(ITEM, headers="transfer-encoding: chunked\r\n"), stays=False),
    "has a negative length": says(b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n" + ITEM, stays=False),
    "has a length of 8 TB": says(answer(ITEM, length=2**43)),
    "only promises": says(b"HTTP/1.1 100 Continue\r\n\r\n" * 3),
}


REDIRECTS = [MISBEHAVIOURS["redirects"], MISBEHAVIOURS["redirects with an item"]]
"""Redirects are not retried."""


@pytest.fixture
def lean(monkeypatch: pytest.MonkeyPatch) -> None:
    # the tests do not need the pauses between tries
    monkeypatch.setattr("latchkey.transport.client.BACKOFF_SECONDS", 0.001)


def get_item() -> dict[str, Any]:
    return aws.call("dynamodb", "GetItem", TableName="Accounts", Key={"key": {"S": "ana"}})


@pytest.mark.usefixtures("lean")
@pytest.mark.parametrize("turn", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_an_endpoint_that_misbehaves_is_an_outage_in_time(turn: Turn) -> None:
    with serving(turn) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        began = time.monotonic()
        with pytest.raises(OUTAGES) as raised:
            get_item()
        assert time.monotonic() - began < MAX_SECONDS
        assert isinstance(raised.value, BotoCoreError | ClientError)
        assert 1 <= len(seen) <= aws.MAX_TRIES
        assert len(set(seen)) == len(seen) or isinstance(raised.value, ClientError), "no connection after a fault"


@pytest.mark.usefixtures("lean")
@pytest.mark.parametrize("turn", MISBEHAVIOURS.values(), ids=MISBEHAVIOURS)
def test_the_next_try_has_the_right_answer(turn: Turn) -> None:
    with serving(turn, says(answer())) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        if turn in REDIRECTS:
            with pytest.raises(ClientError, match=r"30[27]"):
                get_item()
        assert get_item() == {"Item": {"key": {"S": "ana"}}}
        assert len(seen) == 2


@pytest.mark.usefixtures("lean")
def test_a_header_with_a_line_break_is_never_sent() -> None:
    with serving(says(answer())) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        for operation in ("GetItem\r\nx-amz-target: any", "GetItem\nany"):
            with pytest.raises(OUTAGES):
                aws.call("dynamodb", operation)
        assert seen == []


@pytest.mark.usefixtures("lean")
def test_a_port_without_a_listener_is_an_outage() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with transports.calling(f"http://127.0.0.1:{port}", read_seconds=READ_SECONDS), pytest.raises(OUTAGES):
        get_item()


@pytest.mark.usefixtures("lean")
def test_a_server_that_never_accepts_is_an_outage_in_time() -> None:
    """The server's backlog is full, so no connection is made."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        with (
            closing(socket.create_connection(server.getsockname())),
            transports.calling(f"http://127.0.0.1:{server.getsockname()[1]}", read_seconds=READ_SECONDS),
        ):
            began = time.monotonic()
            with pytest.raises(OUTAGES):
                get_item()
            assert time.monotonic() - began < 3 * (aws.CONNECT_TIMEOUT_SECONDS + READ_SECONDS) + 1


@pytest.mark.usefixtures("lean")
def test_calls_share_one_connection() -> None:
    with serving(says(answer())) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        for _ in range(5):
            get_item()
        assert seen == [1] * 5


@pytest.mark.usefixtures("lean")
def test_a_connection_that_was_closed_meanwhile_costs_one_reconnect() -> None:
    with serving(says(answer(), stays=False)) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        for _ in range(3):
            get_item()
            time.sleep(0.05)
        assert seen == [1, 2, 3]


@pytest.mark.usefixtures("lean")
def test_a_connection_that_closes_as_it_is_reused_costs_one_reconnect_and_no_try() -> None:
    """The server closes the connection while the request is on its way."""
    turns = (says(answer()), says(b"", stays=False), says(answer()))
    with serving(*turns) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS), aws.one_try():
        assert get_item() == get_item()
        assert seen == [1, 1, 2]


@pytest.mark.usefixtures("lean")
def test_a_mail_is_never_sent_twice_within_one_try() -> None:
    turns = (says(answer(b'{"MessageId":"1"}')), says(b"", stays=False), says(answer(b'{"MessageId":"2"}')))
    with serving(*turns) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        aws.call("sesv2", "SendEmail", ConfigurationSetName="any")
        with pytest.raises(OUTAGES):
            aws.call("sesv2", "SendEmail", ConfigurationSetName="any")
        assert seen == [1, 1]


@pytest.mark.usefixtures("lean")
@pytest.mark.parametrize("extra", [b"x", answer(b'{"Item":{"key":{"S":"someone else"}}}')], ids=["a byte", "an answer"])
@pytest.mark.parametrize("later", [False, True], ids=["at once", "later"])
def test_bytes_after_a_response_are_nobodys_answer(extra: bytes, later: bool) -> None:
    def turn(connection: socket.socket) -> bool:
        connection.sendall(answer() + (b"" if later else extra))
        if later:
            time.sleep(0.02)
            connection.sendall(extra)
        return True

    with serving(turn) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        for _ in range(3):
            assert get_item() == {"Item": {"key": {"S": "ana"}}}
            time.sleep(0.1)
        assert seen == [1, 2, 3]


@pytest.mark.usefixtures("lean")
def test_after_a_timeout_the_late_answer_is_nobodys() -> None:
    def late(connection: socket.socket) -> bool:
        time.sleep(1.5 * READ_SECONDS)
        connection.sendall(answer(b'{"Item":{"key":{"S":"someone else"}}}'))
        return True

    with serving(late, says(answer())) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        assert get_item() == {"Item": {"key": {"S": "ana"}}}
        assert seen == [1, 2]


@pytest.mark.usefixtures("lean")
def test_a_response_in_chunks_is_read_to_its_end() -> None:
    body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (ITEM[:7], ITEM[7:])) + b"0\r\n\r\n"
    turn = says(CHUNKED + body)
    with serving(turn) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        assert get_item() == get_item() == {"Item": {"key": {"S": "ana"}}}
        assert seen == [1, 1]


@pytest.mark.usefixtures("lean")
def test_a_last_response_on_a_connection_is_read_to_its_end() -> None:
    turn = says(answer(headers="connection: close\r\n"), stays=False)
    with serving(turn) as (url, seen), transports.calling(url, read_seconds=READ_SECONDS):
        assert get_item() == get_item() == {"Item": {"key": {"S": "ana"}}}
        assert seen == [1, 2]


@pytest.mark.usefixtures("lean")
def test_threads_that_close_and_take_connections_at_once_get_answers_and_outages_only() -> None:
    """A response with a wrong checksum closes all connections while other threads use them (B77)."""
    right, wrong = answer(), answer(ITEM, headers=f"x-amz-crc32: {zlib.crc32(ITEM) ^ 1}\r\n")
    turns = [says(wrong if number % 2 else right) for number in range(600)]
    errors: list[Exception] = []

    def call_often() -> None:
        for _ in range(40):
            try:
                get_item()
            except OUTAGES:
                pass
            except Exception as error:  # noqa: BLE001 - any other error is what the test looks for
                errors.append(error)

    switch_interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with serving(*turns) as (url, seen), transports.calling(url, read_seconds=10):
            threads = [threading.Thread(target=call_often) for _ in range(6)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
    finally:
        sys.setswitchinterval(switch_interval)
    assert not errors
    assert len(set(seen)) < len(seen), "connections were reused"
