"""A clinician's program, which calls the clinicians' API of one practice."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from tests.kit.browser import JSON, Transport
from tests.kit.http_response import HttpResponse

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Willow"
OAUTH_CLIENT = "desk"
SOURCE = "198.51.100.7"


@dataclass
class ClinicianApi:
    """The clinicians' API, called with one access token. `transport` is a portal in process or over HTTP."""

    transport: Transport
    authorization: str
    """The value of the header."""
    practice: str = "willow"
    base: str = "/admin/v1"
    """`/admin/m1` for a practice system."""

    def request(  # noqa: PLR0913 - all that a request can differ in
        self,
        method: str,
        route: str,
        body: Any = None,
        *,
        raw: bytes | None = None,
        key: str = "",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        parts: Mapping[str, str] | None = None,
        **more_parts: str,
    ) -> HttpResponse:
        """Send a request. `route` is the path below the practice, with path parameters in braces, and `key` is the
        idempotency key."""
        below = route.format(**(parts or {}), **more_parts)
        target = below if below.startswith("/admin/") else f"{self.base}/practices/{self.practice}{below}"
        lines = {"authorization": self.authorization, "idempotency-key": key}
        lines = {name: value for name, value in lines.items() if value}
        lines |= {"content-type": JSON, "accept": JSON, **(headers or {})}
        content = raw if raw is not None else b"" if body is None else json.dumps(body).encode()
        return self.transport.send(method, target + (f"?{urlencode(query)}" if query else ""), lines, content, SOURCE)

    def get(self, route: str, **parts: str) -> HttpResponse:
        """Send GET."""
        return self.request("GET", route, parts=parts)

    def post(self, route: str, body: Any = None, **parts: str) -> HttpResponse:
        """Send POST."""
        return self.request("POST", route, {} if body is None else body, parts=parts)

    def add_client(self, name: str = "Kim Lee", *addresses: str, **facts: Any) -> str:
        """Create a client whose addresses may all be written to, and return the id."""
        emails = [{"address": address, "email_ok": True} for address in addresses]
        response = self.request("POST", "/clients", {"name": name, "emails": emails, **facts})
        assert response.status == 201, response.body
        return str(response.document["id"])

    def client_with(self, address: str) -> str:
        """Return the id of the client with this address."""
        clients = self.get("/clients?limit=100").document["clients"]
        (found,) = (it["id"] for it in clients if address in [email["address"] for email in it["emails"]])
        return str(found)

    def access(self, client: str) -> Any:
        """Return the client's access document."""
        response = self.get("/clients/{client}/portal-access", client=client)
        assert response.status == 200, response.body
        return response.document

    def events(self, client: str) -> list[Any]:
        """Return the client's audit events, newest first."""
        response = self.request("GET", "/clients/{client}/events", client=client, query={"limit": "100"})
        assert response.status == 200, response.body
        events: list[Any] = response.document["events"]
        return events

    def create_pin(self, client: str, **body: Any) -> HttpResponse:
        """Create a PIN."""
        return self.request("POST", "/clients/{client}/pin-codes", body or None, client=client)

    def pin(self, client: str) -> str:
        """Return the digits of a new PIN."""
        response = self.create_pin(client)
        assert response.status == 201, response.body
        return str(response.document["pin"])


def authorized_as(subject: str, claims: Mapping[str, Any] | None = None, without: Iterable[str] = ()) -> str:
    """Return an `Authorization` header that `gateway_events` accepts as the verified token of a clinician."""
    usual = {
        "iss": ISSUER,
        "token_use": "access",
        "client_id": OAUTH_CLIENT,
        "scope": "openid latchkey/admin",
        "sub": subject,
    }
    verified = {name: value for name, value in (usual | dict(claims or {})).items() if name not in without}
    return as_authorizer({"jwt": {"claims": verified, "scopes": None}})


def as_authorizer(context: Any) -> str:
    """Return an `Authorization` header for which `gateway_events` passes on this authorizer context."""
    return f"Bearer {json.dumps(context)}"
