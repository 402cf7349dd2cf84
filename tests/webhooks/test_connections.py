"""One POST to receivers that hang, drip, redirect, refuse and lie, and to names that lead elsewhere later (B196)."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from latchkey.webhooks import connections
from latchkey.webhooks.connections import NotDelivered

LOOPBACK = "127.0.0.1"


@contextmanager
def receiver(answer: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """Run a server that reads one request of each connection and calls `answer`. Yield its URL and the requests."""
    requests: list[bytes] = []
    listener = socket.create_server((LOOPBACK, 0))

    def serve() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                requests.append(connection.recv(65536))
                try:
                    answer(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://{LOOPBACK}:{listener.getsockname()[1]}/hook?a=b", requests
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(10)


def send(url: str, **options: object) -> int:
    """Send one event, as a local run does."""
    return connections.send(url, {"webhook-id": "x"}, b"{}", **{"allows_loopback": True, **options})  # type: ignore[arg-type]


def outcome(url: str, **options: object) -> str:
    """The reason why there is no answer."""
    with pytest.raises(NotDelivered) as refused:
        send(url, **options)
    return str(refused.value)


def line(text: bytes) -> Callable[[socket.socket], None]:
    return lambda connection: connection.sendall(text)


def test_the_status_of_an_answer_is_all_that_is_read() -> None:
    with receiver(line(b"HTTP/1.1 204 No Content\r\n\r\n")) as (url, requests):
        assert send(url) == 204
    (request,) = requests
    head, _, body = request.partition(b"\r\n\r\n")
    assert head.startswith(b"POST /hook?a=b HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"\r\nwebhook-id: x" in head
    assert b"\r\ncontent-length: 2" in head
    assert body == b"{}"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_an_answer_and_not_followed(status: int) -> None:
    with receiver(line(b"HTTP/1.1 204 Done\r\n\r\n")) as (inner, reached):
        answer = f"HTTP/1.1 {status} Go\r\nlocation: {inner}\r\n\r\n".encode()
        with receiver(line(answer)) as (url, _):
            assert send(url) == status
        assert reached == []


def test_a_body_without_end_is_not_read() -> None:
    def endless(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    with receiver(endless) as (url, _):
        assert send(url) == 200


@pytest.mark.parametrize("name", ["hangs", "drips", "slow 200"])
def test_one_time_limit_holds_for_the_whole_exchange(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Five seconds. Here a fraction of one."""
    assert connections.TOTAL_SECONDS == 5
    monkeypatch.setattr(connections, "TOTAL_SECONDS", 0.4)

    def answer(connection: socket.socket) -> None:
        if name == "hangs":
            time.sleep(1.5)
        for byte in b"HTTP/1.1 200 OK\r\n\r\n" if name == "drips" else b"":
            connection.sendall(bytes([byte]))
            time.sleep(0.1)
        if name == "slow 200":
            time.sleep(1)
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")

    with receiver(answer) as (url, _):
        started = time.monotonic()
        assert outcome(url) == "timeout"
        assert time.monotonic() - started < 1.4


@pytest.mark.parametrize(
    "text", [b"", b"nonsense\r\n", b"HTTP/1.1 OK\r\n", b"HTTP/2 200\r\n", b"x" * 4096, b"HTTP/1.1 2000 x\r\n"]
)
def test_what_is_no_http_is_no_answer(text: bytes) -> None:
    with receiver(line(text)) as (url, _):
        assert outcome(url) in ("not_http", "no_connection")


def test_a_receiver_that_refuses_is_no_connection() -> None:
    with socket.create_server((LOOPBACK, 0)) as listener:
        url = f"http://{LOOPBACK}:{listener.getsockname()[1]}/"
    assert outcome(url) == "no_connection"


def test_a_receiver_without_a_certificate_that_we_trust_gets_nothing() -> None:
    with receiver(line(b"HTTP/1.1 200 OK\r\n\r\n")) as (url, requests):
        assert outcome(url.replace("http:", "https:")) in ("tls_failed", "no_connection")
        assert all(b"webhook-id" not in request for request in requests)


def test_a_deployment_refuses_this_machine() -> None:
    with receiver(line(b"HTTP/1.1 200 OK\r\n\r\n")) as (url, requests):
        assert outcome(url, allows_loopback=False) == "target_forbidden"
        assert outcome(url.replace(LOOPBACK, "localhost"), allows_loopback=False) == "target_forbidden"
        assert requests == []


@pytest.mark.parametrize(
    "addresses", [["169.254.169.254"], ["10.0.0.7"], ["1.1.1.1", "10.0.0.7"], ["::ffff:169.254.169.254"], []]
)
def test_a_name_that_leads_to_a_private_address_is_refused(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_connected", lambda *_: pytest.fail("it connected"))
    assert outcome("https://system.example/", resolver=lambda *_: addresses) == "target_forbidden"


def test_a_name_is_resolved_once_and_the_checked_address_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that is rebound between the check and the connection changes nothing: no name is given to the socket."""
    answers = iter([["1.1.1.1"], ["127.0.0.1"]])
    called = []

    def connect(target: tuple[str, int], **_: object) -> socket.socket:
        called.append(target)
        raise OSError

    monkeypatch.setattr(socket, "create_connection", connect)
    assert outcome("https://system.example/", resolver=lambda *_: next(answers)) == "no_connection"
    assert called == [("1.1.1.1", 443)]
    assert next(answers) == ["127.0.0.1"], "it was asked for once"


def test_a_name_that_nobody_has_is_unknown() -> None:
    assert outcome("https://nobody.invalid/") == "name_unknown"
