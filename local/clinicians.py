"""Clinicians for trying out the clinicians' API: users of the local user pool, with an entry in the members table."""

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal, get_args
from urllib.parse import parse_qs, urlsplit

import aiohttp

from local.aws import Address
from local.sam_template import Template

type Role = Literal["clinician", "admin", "operator"]
ROLES: tuple[Role, ...] = get_args(Role.__value__)

CALLBACK = "/local/token"
"""Path of the OAuth redirect URI. No code is read there, because `token` reads it from the redirect itself."""

SCOPES = "openid latchkey/admin"

OPERATOR_PARTITION = "*"
"""Partition of the operators' memberships in the members table."""


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A person who can open the console."""

    email: str
    name: str
    role: Role
    practices: tuple[str, ...]


STAFF = (
    StaffMember("dr.lee@willow.example", "Dr. Lee", "clinician", ("willow",)),
    StaffMember("front.desk@willow.example", "Front desk", "admin", ("willow", "harbor")),
    StaffMember("ops@operators.example", "Operations", "operator", (OPERATOR_PARTITION,)),
)


class Clinicians:
    """The user pool, its OAuth client, and the members table."""

    def __init__(self, template: Template, address: Address, callback: str) -> None:
        self._pool, self._client, self._members = (
            template.names.resolve({"Ref": part}) for part in ("ClinicianPool", "ClinicianClient", "Members")
        )
        self._endpoint = address.endpoint
        self._cognito = address.client("cognito-idp")
        self._dynamodb = address.client("dynamodb")
        self._callback = callback
        self._password = secrets.token_urlsafe(24)
        self.staff_password = secrets.token_urlsafe(12)
        """The password of everyone in `STAFF`."""
        self._subjects: dict[str, str] = {}
        """The subjects of users who got tokens, by user name."""

    async def token(self, practice: str, role: Role) -> str:
        """Return an access token of a member with this role at this practice. Create user and membership if missing."""
        partition = OPERATOR_PARTITION if role == "operator" else practice
        name = f"{role}@{practice if partition == practice else 'operators'}.example"
        await asyncio.to_thread(self._ensure_member, name, partition, role)
        return await self._sign_in(name)

    async def create_staff(self) -> None:
        """Create the people who can open the console."""
        await asyncio.to_thread(self._create_staff)

    def _create_staff(self) -> None:
        for person in STAFF:
            subject = self._ensure_user(person.email, self.staff_password)
            for practice in person.practices:
                self._put_member(practice, subject, person.role, person.name)

    def _ensure_member(self, name: str, partition: str, role: Role) -> None:
        if name not in self._subjects:
            self._subjects[name] = self._ensure_user(name, self._password)
        self._put_member(partition, self._subjects[name], role)

    def _ensure_user(self, name: str, password: str) -> str:
        """Create the user if it is missing. Return the subject."""
        user = {"UserPoolId": self._pool, "Username": name}
        attributes = [{"Name": "email", "Value": name}, {"Name": "email_verified", "Value": "true"}]
        with contextlib.suppress(self._cognito.exceptions.UsernameExistsException):
            self._cognito.admin_create_user(
                **user, TemporaryPassword=password, MessageAction="SUPPRESS", UserAttributes=attributes
            )
        self._cognito.admin_set_user_password(**user, Password=password, Permanent=True)
        attributes = self._cognito.admin_get_user(**user)["UserAttributes"]
        return str(next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub"))

    def _put_member(self, practice: str, subject: str, role: Role, name: str | None = None) -> None:
        member = {"practice": {"S": practice}, "subject": {"S": subject}, "role": {"S": role}}
        self._dynamodb.put_item(TableName=self._members, Item=member | ({"name": {"S": name}} if name else {}))

    async def _sign_in(self, name: str) -> str:
        """Return an access token, by authorization code with PKCE. Only tokens from this flow have our OAuth scope."""
        verifier = secrets.token_urlsafe(48)
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._callback,
            "scope": SCOPES,
            "state": secrets.token_urlsafe(16),
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        async with aiohttp.ClientSession(self._endpoint) as http:
            async with http.get("/oauth2/authorize", params=query, allow_redirects=False) as page:
                _expect(page, HTTPStatus.OK)
            credentials = query | {"username": name, "password": self._password}
            async with http.post("/login", data=credentials, allow_redirects=False) as response:
                _expect(response, HTTPStatus.FOUND)
                returned = parse_qs(urlsplit(response.headers["Location"]).query)
            form = {
                "grant_type": "authorization_code",
                "client_id": self._client,
                "redirect_uri": self._callback,
                "code": returned["code"][0],
                "code_verifier": verifier,
            }
            async with http.post("/oauth2/token", data=form) as response:
                _expect(response, HTTPStatus.OK)
                document: dict[str, Any] = json.loads(await response.read())
        return str(document["access_token"])


def _expect(response: aiohttp.ClientResponse, status: HTTPStatus) -> None:
    if response.status != status:
        raise RuntimeError(f"The user pool answered {response.status} at {response.url.path}, not {status}")
