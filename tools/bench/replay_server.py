"""A TLS server that replays the responses of AWS from a recording."""

import itertools
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from local.tls import create_certificate
from tools.bench.recordings import Recording, signature


class ReplayServer:
    """Responses to calls, as AWS responded in the current flow."""

    def __init__(self, recording: Recording, url: str) -> None:
        self.url = url
        self.flow = ""
        """Name of the current flow."""
        self._responses = {name: itertools.cycle(bodies) for name, bodies in recording.responses.items()}

    def response_to(self, operation: str, body: bytes) -> bytes:
        """Return the response to a call.

        :raises KeyError: the call was never recorded.
        """
        name = signature(operation, json.loads(body or b"{}"))
        return next(self._responses.get(f"{self.flow} {name}") or self._responses[name])


@contextmanager
def serve(recording: Recording, folder: Path) -> Iterator[tuple[ReplayServer, Path]]:
    """Start the server. Yield it with its certificate."""
    certificate, key = create_certificate(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            operation = self.headers.get("x-amz-target", "SendEmail").rpartition(".")[2]
            response = replay.response_to(operation, body)
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(response)}\r\n\r\n"
            self.wfile.write(head.encode() + response)

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    replay = ReplayServer(recording, f"https://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield replay, certificate
    finally:
        server.shutdown()
        server.server_close()
