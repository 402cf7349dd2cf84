"""Clinicians for trying out the clinicians' API: users of the local user pool, with an entry in the members table."""

import asyncio
import base64
import contextlib
import hashlib
import json
import secrets
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

    async def token(self, practice: str, role: Role) -> str:
        """Return an access token of a member with this role at this practice. Create user and membership if missing."""
        partition = OPERATOR_PARTITION if role == "operator" else practice
        name = f"{role}@{practice if partition == practice else 'operators'}.example"
        await asyncio.to_thread(self._ensure_member, name, partition, role)
        return await self._sign_in(name)

    def _ensure_member(self, name: str, partition: str, role: Role) -> None:
        user = {"UserPoolId": self._pool, "Username": name}
        with contextlib.suppress(self._cognito.exceptions.UsernameExistsException):
            self._cognito.admin_create_user(**user, TemporaryPassword=self._password, MessageAction="SUPPRESS")
        self._cognito.admin_set_user_password(**user, Password=self._password, Permanent=True)
        attributes = self._cognito.admin_get_user(**user)["UserAttributes"]
        subject = next(attribute["Value"] for attribute in attributes if attribute["Name"] == "sub")
        member = {"practice": {"S": partition}, "subject": {"S": subject}, "role": {"S": role}}
        self._dynamodb.put_item(TableName=self._members, Item=member)

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
