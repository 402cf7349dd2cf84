"""A page on another site, with links to the portal and forms for it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class Webmail(BaseHTTPRequestHandler):
    """A page on another site, such as a mailbox."""

    def __init__(self, body: str, *args: object) -> None:
        self._body = body
        super().__init__(*args)  # type: ignore[arg-type]

    def do_GET(self) -> None:
        """Respond with the page to every path."""
        page = f"<!doctype html><title>Inbox</title>{self._body}".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def webmail(body: str) -> Iterator[str]:
    """Serve a page on 127.0.0.1, which to a browser is another site than localhost. Yield its URL."""
    with serving(partial(Webmail, body)) as port:
        yield f"http://127.0.0.1:{port}/"


@contextmanager
def serving(handler: Callable[..., BaseHTTPRequestHandler]) -> Iterator[int]:
    """Start a server with this handler. Yield its port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
