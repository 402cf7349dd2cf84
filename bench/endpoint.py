"""AWS as it answered when the flows were recorded, over TLS under a certificate of its own."""

import datetime as dt
import ipaddress
import itertools
import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from bench.flows import Tape, signature


class Endpoint:
    """Answers each call as it was answered in the flow that is being played."""

    def __init__(self, tape: Tape, url: str) -> None:
        self.url = url
        self.flow = ""
        self._answers = {name: itertools.cycle(bodies) for name, bodies in tape.answers.items()}

    def answer(self, operation: str, body: bytes) -> bytes:
        """The answer to a call; raises KeyError for one that was never recorded."""
        name = signature(operation, json.loads(body or b"{}"))
        return next(self._answers.get(f"{self.flow} {name}") or self._answers[name])


@contextmanager
def served(tape: Tape, folder: Path) -> Iterator[tuple[Endpoint, Path]]:
    """The endpoint, and the certificate by which it is known."""
    certificate, key = _certified(folder)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            operation = self.headers.get("x-amz-target", "SendEmail").rpartition(".")[2]
            answer = endpoint.answer(operation, body)
            head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(answer)}\r\n\r\n"
            self.wfile.write(head.encode() + answer)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    endpoint = Endpoint(tape, f"https://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield endpoint, certificate
    finally:
        server.shutdown()
        server.server_close()


def _certified(folder: Path) -> tuple[Path, Path]:
    """A key pair as AWS has them, signed by itself: files of certificate and key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "bench")])
    now = dt.datetime.now(dt.UTC)
    host = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(host, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files
