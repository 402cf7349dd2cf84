"""The pages under `/local`: people on file, the mailbox, the clock, and all stored items."""

import asyncio
import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import jinja2
from aiohttp import web
from aiohttp.typedefs import Handler

from local import gateway, page_templates
from local.aws import Address
from local.clinicians import ROLES, STAFF, Clinicians
from local.clock import Clock, rfc3339
from local.mailbox import Mailbox
from local.provider_choice import ProviderConfig
from local.ses_events import KINDS, SesEvents

TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(page_templates.FOLDERS),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

SLUG = re.compile("[a-z0-9][a-z0-9-]{1,38}[a-z0-9]")


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages under `/local` and their routes."""

    url: str
    clock: Clock
    mailbox: Mailbox
    address: Address
    clinicians: Clinicians
    google: ProviderConfig
    ses_events: SesEvents
    practices: list[dict[str, Any]]
    """The practices and people that `local.seed` created."""

    def add_to(self, app: web.Application) -> None:
        """Add the routes to the application."""
        app.middlewares.append(_only_from_this_machine)
        app.router.add_get("/local", self.index)
        app.router.add_get("/local/mail", self.mail)
        app.router.add_get("/local/mail.json", self.mail_json)
        app.router.add_post("/local/mail-events", self.mail_events)
        app.router.add_get("/local/token", self.token)
        app.router.add_get("/local/staff.json", self.staff)
        app.router.add_get("/local/clock", self.time)
        app.router.add_post("/local/clock", self.advance)
        app.router.add_get("/local/tables.json", self.tables)

    async def index(self, _: web.Request) -> web.Response:
        """Show the people on file, examples for the API, the clock, and links to the other pages."""
        token = await self.clinicians.token(self.practices[0]["slug"], "clinician") if self.practices else ""
        return _page(
            "index.html",
            url=self.url,
            practices=self.practices,
            authorization=f"Bearer {token}",
            roles=ROLES,
            staff=STAFF,
            staff_password=self.clinicians.staff_password,
            google=self.google,
            mails=len(self.mailbox.mails()),
            now=rfc3339(self.clock.now()),
        )

    async def mail(self, request: web.Request) -> web.Response:
        """Show the mailbox, newest mail first."""
        return _page("mail.html", mails=self.mailbox.mails(request.query.get("to")))

    async def mail_json(self, request: web.Request) -> web.Response:
        """Return the mailbox as JSON, newest mail first."""
        return web.json_response(self.mailbox.mails(request.query.get("to"), request.query.get("after")))

    async def mail_events(self, request: web.Request) -> web.Response:
        """Send the SES event that a form or a JSON body names, about the last mail to an address."""
        by_form = request.content_type != "application/json"
        try:
            fields: Any = await request.post() if by_form else await request.json()
            has_mail = await self.ses_events.report(str(fields["to"]), str(fields["event"]))
        except (ValueError, TypeError, LookupError):
            return web.json_response({"message": f'Send {{"to", "event": {"|".join(KINDS)}}}.'}, status=400)
        if not has_mail:
            return web.json_response({"message": "There is no mail to this address."}, status=404)
        if by_form:
            raise web.HTTPSeeOther("/local/mail")
        return web.json_response({"to": fields["to"], "event": fields["event"]})

    async def token(self, request: web.Request) -> web.Response:
        """Return the `Authorization` header with an access token of a clinician."""
        practice, role_name = request.query.get("practice", "willow"), request.query.get("role", "clinician")
        role = next((role for role in ROLES if role == role_name), None)
        if role is None or not SLUG.fullmatch(practice):
            return web.json_response({"message": f"Give practice=willow and role={'|'.join(ROLES)}."}, status=400)
        token = await self.clinicians.token(practice, role)
        return web.json_response({"authorization": f"Bearer {token}"}, headers={"Cache-Control": "no-store"})

    async def staff(self, _: web.Request) -> web.Response:
        """Return the people who can open the console, with their password."""
        document = [
            {
                "email": person.email,
                "password": self.clinicians.staff_password,
                "role": person.role,
                "practices": list(person.practices),
            }
            for person in STAFF
        ]
        return web.json_response(document, headers={"Cache-Control": "no-store"})

    async def time(self, _: web.Request) -> web.Response:
        """Return the time of the portal's clock."""
        return web.json_response({"now": rfc3339(self.clock.now())})

    async def advance(self, request: web.Request) -> web.Response:
        """Move the clock forward by the seconds in a form or a JSON body."""
        by_form = request.content_type != "application/json"
        try:
            fields: Any = await request.post() if by_form else await request.json()
            seconds = float(fields["advance"])
        except (ValueError, TypeError, LookupError):
            return web.json_response({"message": 'Send {"advance": seconds}.'}, status=400)
        if not 0 <= seconds <= 10**9:
            return web.json_response({"message": "The clock only moves forward."}, status=400)
        self.clock.advance(seconds)
        if by_form:
            raise web.HTTPSeeOther("/local")
        return await self.time(request)

    async def tables(self, _: web.Request) -> web.Response:
        """Return every item of every table and every message of every queue, also messages in flight."""
        tables = await asyncio.to_thread(lambda: dict(self._items()))
        return web.json_response({"tables": tables, "queues": await self._messages()})

    def _items(self) -> Iterator[tuple[str, list[Any]]]:
        dynamodb = self.address.client("dynamodb")
        for name in dynamodb.list_tables()["TableNames"]:
            scanned = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
            yield name, [_plain({"M": item}) for page in scanned for item in page["Items"]]

    async def _messages(self) -> dict[str, list[Any]]:
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{self.address.endpoint}/_ministack/sqs/messages") as response,
        ):
            accounts = json.loads(await response.read())["messages"]
        return {
            url.rpartition("/")[2]: messages
            for regions in accounts.values()
            for queues in regions.values()
            for url, messages in queues.items()
        }


@web.middleware
async def _only_from_this_machine(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 404 under `/local` unless the host name means this machine.

    This prevents DNS rebinding: a foreign page could point its own host name to this machine and read these pages.
    """
    is_local_page = request.path == "/local" or request.path.startswith("/local/")
    if is_local_page and not gateway.is_loopback(request.url.host or ""):
        return gateway.refusal(404, "Not Found")
    return await handler(request)


def _page(template: str, **values: Any) -> web.Response:
    return web.Response(text=TEMPLATES.get_template(template).render(values), content_type="text/html")


def _plain(value: Mapping[str, Any]) -> Any:
    """Return a DynamoDB value without its type. Bytes become base64."""
    ((kind, inner),) = value.items()
    match kind:
        case "M":
            return {key: _plain(part) for key, part in inner.items()}
        case "L":
            return [_plain(part) for part in inner]
        case "N":
            return json.loads(inner)
        case "B":
            return base64.b64encode(inner).decode()
        case "NULL":
            return None
        case "NS":
            return [json.loads(part) for part in inner]
        case "BS":
            return [base64.b64encode(part).decode() for part in inner]
        case _:
            return inner
