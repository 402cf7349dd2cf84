"""Calls to the clinicians' API over HTTP, with an access token."""

import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3

from operate.errors import CommandError

ENVIRONMENT = "LATCHKEY_TOKEN"
"""Environment variable for the token. It keeps the token out of the shell's history and the process list."""
REQUEST_TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Api:
    """The API of one portal. It acts as the person that the token belongs to."""

    origin: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, expect: tuple[int, ...] = (200,)) -> Any:
        """Return the JSON document of the response, or None if it is empty.

        `path` is relative to `/admin/v1/practices`.

        :raises CommandError: the status is not in `expect`, or as for `answer`.
        """
        status, document = self.answer(method, path, body)
        if status not in expect:
            title = document.get("title") or document.get("message") or "no reason given"
            errors = "; ".join(f"{error['location']}: {error['message']}" for error in document.get("errors") or ())
            raise CommandError(f"{method} {path} was answered {status}: {title}{f' ({errors})' if errors else ''}")
        return document or None

    def answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Return the status and the JSON document of the response, whatever the status is.

        :raises CommandError: no response came, or its body is not JSON.
        """
        try:
            response = urllib3.request(
                method,
                f"{self.origin}/admin/v1/practices{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.token}"}
                | ({"Content-Type": "application/json"} if body else {}),
                timeout=REQUEST_TIMEOUT_SECONDS,
                retries=False,
                redirect=False,
            )
            document: dict[str, Any] = json.loads(response.data) if response.data else {}
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise CommandError(
                f"{self.origin} does not answer like the clinicians' API ({type(error).__name__}). Check the address."
            ) from None
        return response.status, document


def at(origin: str, token: str | None) -> Api:
    """Return the API of the portal at this origin. Without `token`, the token comes from the environment.

    :raises CommandError: there is no token, or the origin is neither HTTPS nor on this machine.
    """
    token = token or os.environ.get(ENVIRONMENT)
    if not token:
        raise CommandError(f"No token. Give --token, or set {ENVIRONMENT}=$(python -m operate token --stack ...).")
    parts = urlsplit(origin)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise CommandError(f"{origin} is not https, so no token is sent there. Give an https address.")
    return Api(origin.rstrip("/"), token.removeprefix("Bearer "))
