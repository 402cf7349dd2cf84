"""The `smoke` command: a few requests to a deployed portal, after a release and before the next."""

import argparse
import json
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException
from urllib.parse import urlsplit

from operate import aws
from operate.errors import CommandError

TIMEOUT_SECONDS = 10
PATIENCE_SECONDS = 60
"""Time in which a new version has to answer. A canary has ended by then, so every request reaches it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: dict[str, str]
    """Names are in lower case."""
    body: str


def run(args: argparse.Namespace) -> None:
    """Send the requests, and print one line for each. Retry until all are right or the time is over.

    :raises CommandError: an answer is wrong.
    """
    outputs = aws.stack(args.stack).outputs if args.stack else {}
    origin = args.origin or outputs["PortalUrl"].removesuffix("/{practice}")
    if urlsplit(origin).scheme not in ("http", "https"):
        raise CommandError(f"{origin} is no origin. Give one like https://portal.example.com.")
    deadline = time.monotonic() + args.patience
    while wrong := list(_wrong(origin, outputs.get("Version"))):
        if time.monotonic() > deadline:
            raise CommandError(f"{origin}: {'; '.join(wrong)}")
        time.sleep(1)
    print(f"{origin} answers as it should.")


def _wrong(origin: str, version: str | None) -> Iterator[str]:
    """Yield what is wrong with the answers."""
    try:
        health = _get(f"{origin}/healthz")
        start, unknown = _get(origin + "/"), _get(f"{origin}/no-such-practice-here")
        closed = _get(f"{origin}/admin/v1/practices/no-such-practice-here")
    except (OSError, HTTPException) as error:
        yield f"no answer ({error or type(error).__name__})"
        return
    if health.status != HTTPStatus.OK:
        yield f"/healthz answers {health.status}"
    elif version and (found := _version(health.body)) != version:
        yield f"/healthz has the version {found}, and {version} was deployed"
    for path, answer, expected in (
        ("/", start, HTTPStatus.OK),
        ("an unknown practice", unknown, HTTPStatus.NOT_FOUND),
        ("the clinicians' API without a token", closed, HTTPStatus.UNAUTHORIZED),
    ):
        if answer.status != expected:
            yield f"{path} answers {answer.status}"
    if "default-src 'none'" not in start.headers.get("content-security-policy", ""):
        yield "/ has no content security policy"


def _version(body: str) -> str | None:
    """Return the version in the body of `/healthz`, or None if it has none, for example a page of a proxy."""
    try:
        document = json.loads(body)
    except ValueError:
        return None
    return document.get("version") if isinstance(document, dict) else None


def _get(url: str) -> Answer:
    request = urllib.request.Request(url, headers={"User-Agent": "latchkey-smoke"})  # noqa: S310 - checked by `run`
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310 - checked by `run`
            return _answer(response.status, response.headers.items(), response.read())
    except urllib.error.HTTPError as error:
        return _answer(error.code, error.headers.items(), error.read())


def _answer(status: int, headers: "list[tuple[str, str]]", body: bytes) -> Answer:
    return Answer(status, {name.lower(): value for name, value in headers}, body.decode(errors="replace"))
