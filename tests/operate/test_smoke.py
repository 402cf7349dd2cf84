"""The requests between a release to one stage and the next. Rule B209."""

import http.server
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from operate import aws
from tests.operate.conftest import Operate

POLICY = "default-src 'none'; style-src 'sha256-x'"


@dataclass
class Portal:
    """A server with the answers of a portal, which a test can change."""

    origin: str = ""
    answers: dict[str, tuple[int, str]] = field(
        default_factory=lambda: {
            "/healthz": (200, json.dumps({"status": "ok", "version": "0.1.0"})),
            "/": (200, "<html>"),
            "/no-such-practice-here": (404, "<html>"),
            "/admin/v1/practices/no-such-practice-here": (401, "{}"),
        }
    )
    policy: str = POLICY


@pytest.fixture
def portal() -> Iterator[Portal]:
    one = Portal()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = one.answers[self.path]
            self.send_response(status)
            self.send_header("Content-Security-Policy", one.policy)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        one.origin = f"http://127.0.0.1:{server.server_address[1]}"
        yield one
        server.shutdown()


def test_a_portal_that_answers_as_it_should_passes(portal: Portal, operate: Operate) -> None:
    """B209"""
    assert operate("smoke", "--origin", portal.origin, "--patience", "0")[0] == 0


@pytest.mark.parametrize(
    ("path", "answer", "sentence"),
    [
        ("/healthz", (503, "{}"), "/healthz answers 503"),
        ("/", (500, ""), "/ answers 500"),
        ("/no-such-practice-here", (200, ""), "an unknown practice answers 200"),
        ("/admin/v1/practices/no-such-practice-here", (200, "{}"), "without a token answers 200"),
    ],
)
def test_a_wrong_answer_ends_the_release(
    portal: Portal, operate: Operate, path: str, answer: tuple[int, str], sentence: str
) -> None:
    """B209"""
    portal.answers[path] = answer

    code, _, error = operate("smoke", "--origin", portal.origin, "--patience", "0")

    assert code == 2
    assert sentence in error


def test_a_proxy_in_the_portals_place_ends_the_release(
    portal: Portal, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its page for `/healthz` is no JSON."""
    monkeypatch.setattr(aws, "stack", lambda name: aws.Stack(name, {"Version": "0.1.0"}))
    portal.answers["/healthz"] = (200, "<html>")

    error = operate("smoke", "--stack", "latchkey", "--origin", portal.origin, "--patience", "0")[2]

    assert "/healthz has the version None, and 0.1.0 was deployed" in error


def test_a_page_without_its_policy_ends_the_release(portal: Portal, operate: Operate) -> None:
    portal.policy = "none"

    assert "no content security policy" in operate("smoke", "--origin", portal.origin, "--patience", "0")[2]


def test_a_portal_that_does_not_answer_ends_the_release(operate: Operate) -> None:
    """B209"""
    assert "no answer" in operate("smoke", "--origin", "http://127.0.0.1:9", "--patience", "0")[2]
    assert "is no origin" in operate("smoke", "--origin", "file:///etc", "--patience", "0")[2]
