"""Replacement for SES. Records every SendEmail request and passes it on to ministack."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from itertools import takewhile
from typing import Any
from urllib.parse import unquote

import aiohttp
from aiohttp import web

from local import loopback
from local.clock import Clock, rfc3339

SEND_EMAIL = "/v2/email/outbound-emails"

SIGN_IN_LINK = re.compile(r"https?://\S+/link/[\w~.=-]+(?:\?lang=\w+(?:&to=[\w.~%-]+)?)?")


class Mailbox:
    """A proxy for SES. It records what ministack does not show: headers, configuration set, tracking, tags."""

    def __init__(self, endpoint: str, clock: Clock) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._mails: list[dict[str, Any]] = []
        self._http: aiohttp.ClientSession | None = None
        self._server: web.ServerRunner | None = None
        self._on_mail: Callable[[str], Awaitable[None]] | None = None
        self._tasks: set[asyncio.Future[None]] = set()

    def on_mail(self, tell: Callable[[str], Awaitable[None]]) -> None:
        """Call a function with the recipient of each mail from now on, after SendEmail has been answered."""
        self._on_mail = tell

    async def open(self) -> str:
        """Start listening on a free port. Return the URL to send mail to."""
        self._http = aiohttp.ClientSession(auto_decompress=False)
        self._server = web.ServerRunner(web.Server(self._pass_on), shutdown_timeout=1)
        return f"http://{await loopback.listen(self._server)}"

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            await self._server.cleanup()
        if self._http:
            await self._http.close()

    def mails(self, to: str | None = None, after: str | None = None) -> list[dict[str, Any]]:
        """Return the recorded mails, newest first.

        With `to`, only those to this address. With `after`, only those that came after the mail with this id.
        """
        newer = takewhile(lambda mail: mail["id"] != after, reversed(self._mails))
        return [mail for mail in newer if to is None or mail["to"].lower() == to.lower()]

    async def _pass_on(self, request: web.BaseRequest) -> web.StreamResponse:
        if self._http is None:
            return web.Response(status=503)
        body = await request.read()
        async with self._http.request(
            request.method, self._endpoint + request.raw_path, headers=request.headers, data=body
        ) as response:
            response_body = await response.read()
        if response.ok and request.method == "POST" and unquote(request.path) == SEND_EMAIL:
            mail = _mail(json.loads(body), json.loads(response_body)["MessageId"], self._clock.now())
            self._mails.append(mail)
            if self._on_mail:
                task = asyncio.ensure_future(self._on_mail(mail["to"]))
                self._tasks.add(task)
                task.add_done_callback(self._tasks.discard)
        return web.Response(status=response.status, body=response_body, headers={"Content-Type": "application/json"})


def _mail(request: dict[str, Any], id_: str, sent_at: datetime) -> dict[str, Any]:
    simple = request["Content"]["Simple"]
    text = _data(simple["Body"].get("Text"))
    html = _data(simple["Body"].get("Html"))
    link = SIGN_IN_LINK.search(text)
    headers = {
        "From": request["FromEmailAddress"],
        "To": ", ".join(request["Destination"]["ToAddresses"]),
        "Subject": _data(simple["Subject"]),
    }
    if request.get("ReplyToAddresses"):
        headers["Reply-To"] = ", ".join(request["ReplyToAddresses"])
    headers |= {header["Name"]: header["Value"] for header in simple.get("Headers") or ()}
    return {
        "id": id_,
        "to": ", ".join(_recipients(request["Destination"])),
        "from": request["FromEmailAddress"],
        "subject": headers["Subject"],
        "text": text,
        "html": html,
        "headers": headers,
        "sent_at": rfc3339(sent_at),
        "url": link.group() if link else None,
        "configuration_set": request.get("ConfigurationSetName"),
        "configuration_overrides": request.get("ConfigurationOverrides"),
        "tags": {tag["Name"]: tag["Value"] for tag in request.get("EmailTags") or ()},
    }


def _data(part: dict[str, str] | None) -> str:
    return part["Data"] if part else ""


def _recipients(destination: dict[str, list[str]]) -> Iterable[str]:
    for addresses in destination.values():
        yield from addresses or ()
