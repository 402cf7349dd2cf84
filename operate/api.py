"""The clinicians' API, asked over HTTP with someone's access token."""

import json
import os
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import urllib3

from operate.errors import CommandError

ENVIRONMENT = "LATCHKEY_TOKEN"
"""Where a token can wait, out of the shell's history and the list of processes."""
SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Api:
    """One portal's API, in the name of whoever the token is of."""

    origin: str
    token: str = field(repr=False)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None, expect: tuple[int, ...] = (200,)) -> Any:
        """The document that is answered, None for an empty one; `path` is below `/admin/v1/practices`.

        :raises Trouble: the answer's status is none of those expected.
        """
        status, told = self.answer(method, path, body)
        if status not in expect:
            said = told.get("title") or told.get("message") or "no reason given"
            faults = "; ".join(f"{one['location']}: {one['message']}" for one in told.get("errors") or ())
            raise CommandError(f"{method} {path} was answered {status}: {said}{f' ({faults})' if faults else ''}")
        return told or None

    def answer(self, method: str, path: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        """Status and document of an answer, whatever it is.

        :raises Trouble: there is none, or what answers is no API.
        """
        try:
            answer = urllib3.request(
                method,
                f"{self.origin}/admin/v1/practices{path}",
                json=body,
                headers={"Authorization": f"Bearer {self.token}"}
                | ({"Content-Type": "application/json"} if body else {}),
                timeout=SECONDS,
                retries=False,
                redirect=False,
            )
            told: dict[str, Any] = json.loads(answer.data) if answer.data else {}
        except (urllib3.exceptions.HTTPError, ValueError) as error:
            raise CommandError(
                f"{self.origin} does not answer as the clinicians' API: {type(error).__name__}"
            ) from None
        return answer.status, told


def at(origin: str, token: str | None) -> Api:
    """The API of a portal; the token is `token`, or the one in the environment.

    :raises Trouble: there is no token, or it would travel in the clear.
    """
    token = token or os.environ.get(ENVIRONMENT)
    if not token:
        raise CommandError(f"no token: give --token, or {ENVIRONMENT}=$(python -m operate token --stack ...)")
    parts = urlsplit(origin)
    if parts.scheme != "https" and parts.hostname not in ("localhost", "127.0.0.1"):
        raise CommandError(f"{origin} is not https: a token is not sent there")
    return Api(origin.rstrip("/"), token.removeprefix("Bearer "))
