"""Clinicians to try the admin API as: users of the local pool, who sign in at its own endpoints, and are members."""

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
"""Where the pool sends people back to; nobody is waited for there."""

SCOPES = "openid latchkey/admin"

EVERYWHERE = "*"
"""Where memberships of operators are kept."""


class Clinicians:
    """The user pool, the one client of it, and the table that says who may do what."""

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
        """An access token of someone with that role at that practice; who is new is put into pool and table first."""
        place = EVERYWHERE if role == "operator" else practice
        name = f"{role}@{practice if place == practice else 'operators'}.example"
        await asyncio.to_thread(self._enter, name, place, role)
        return await self._signed_in(name)

    def _enter(self, name: str, place: str, role: Role) -> None:
        who = {"UserPoolId": self._pool, "Username": name}
        with contextlib.suppress(self._cognito.exceptions.UsernameExistsException):
            self._cognito.admin_create_user(**who, TemporaryPassword=self._password, MessageAction="SUPPRESS")
        self._cognito.admin_set_user_password(**who, Password=self._password, Permanent=True)
        known = self._cognito.admin_get_user(**who)["UserAttributes"]
        subject = next(one["Value"] for one in known if one["Name"] == "sub")
        member = {"practice": {"S": place}, "subject": {"S": subject}, "role": {"S": role}}
        self._dynamodb.put_item(TableName=self._members, Item=member)

    async def _signed_in(self, name: str) -> str:
        """By authorization code and PKCE, as a page does it: only tokens that come this way carry a scope of ours."""
        verifier = secrets.token_urlsafe(48)
        asked = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._callback,
            "scope": SCOPES,
            "state": secrets.token_urlsafe(16),
            "code_challenge": base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("="),
            "code_challenge_method": "S256",
        }
        async with aiohttp.ClientSession(self._endpoint) as http:
            async with http.get("/oauth2/authorize", params=asked, allow_redirects=False) as page:
                _expect(page, HTTPStatus.OK)
            form = asked | {"username": name, "password": self._password}
            async with http.post("/login", data=form, allow_redirects=False) as answer:
                _expect(answer, HTTPStatus.FOUND)
                back = parse_qs(urlsplit(answer.headers["Location"]).query)
            exchange = {
                "grant_type": "authorization_code",
                "client_id": self._client,
                "redirect_uri": self._callback,
                "code": back["code"][0],
                "code_verifier": verifier,
            }
            async with http.post("/oauth2/token", data=exchange) as answer:
                _expect(answer, HTTPStatus.OK)
                told: dict[str, Any] = json.loads(await answer.read())
        return str(told["access_token"])


def _expect(answer: aiohttp.ClientResponse, status: HTTPStatus) -> None:
    if answer.status != status:
        raise RuntimeError(f"The user pool answered {answer.status} at {answer.url.path}")
