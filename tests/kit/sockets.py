"""Servers that accept a connection and do not respond properly, on a local socket."""

import socket
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from threading import Event, Thread

type Behaviour = Callable[[socket.socket, Event], None]
"""Handles a connection until the event is set."""

DRIP_SECONDS = 0.05


def silent(_connection: socket.socket, over: Event) -> None:
    """Never respond."""
    over.wait()


def dripping(connection: socket.socket, over: Event) -> None:
    """Respond one byte at a time, each before a read timeout."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n")
    while not over.wait(DRIP_SECONDS):
        connection.sendall(b" ")


def closing_early(connection: socket.socket, _over: Event) -> None:
    """Close the connection in the middle of the response."""
    connection.sendall(b'HTTP/1.1 200 OK\r\nContent-Length: 65536\r\n\r\n{"SecretString": "')


BEHAVIOURS: tuple[Behaviour, ...] = (silent, dripping, closing_early)


@contextmanager
def listening(behaviour: Behaviour) -> Iterator[str]:
    """Start a server with this behaviour, and yield its URL."""
    over = Event()
    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = Thread(target=_accept, args=(server, behaviour, over), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}/"
        finally:
            over.set()
            # this connection ends the server's wait in accept()
            with suppress(OSError), closing(socket.create_connection(server.getsockname(), timeout=1)):
                pass
            thread.join()


def _accept(server: socket.socket, behaviour: Behaviour, over: Event) -> None:
    while not over.is_set():
        connection, _ = server.accept()
        Thread(target=_behave, args=(connection, behaviour, over), daemon=True).start()


def _behave(connection: socket.socket, behaviour: Behaviour, over: Event) -> None:
    with closing(connection), suppress(OSError):
        connection.recv(65536)
        behaviour(connection, over)
