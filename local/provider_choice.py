"""Who answers as Google: the stand-in on this machine, a provider that the environment names, or nobody."""

import asyncio
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from local import processes

CALLBACK = "/google/callback"


@dataclass(frozen=True, slots=True)
class ProviderConfig:
    """An OpenID provider and what it knows the portal as. What is empty is Google's own."""

    client_id: str
    """Empty: nobody is offered to continue with Google."""
    client_secret: str = field(repr=False, default="")
    issuer: str = ""
    authorize_url: str = ""
    token_url: str = ""
    certs_url: str = ""
    stand_in: str = ""
    """Where the stand-in is, if this is it."""

    def parameters(self) -> dict[str, str]:
        """The template's parameters."""
        urls = {
            "GoogleIssuer": self.issuer,
            "GoogleAuthorizeUrl": self.authorize_url,
            "GoogleTokenUrl": self.token_url,
            "GoogleCertsUrl": self.certs_url,
        }
        return {"GoogleClientId": self.client_id} | {name: url for name, url in urls.items() if url}

    def variables(self) -> dict[str, str]:
        """The environment that `named` reads it from."""
        return {variable: getattr(self, name) for variable, name in VARIABLES.items()}


VARIABLES = {
    "GOOGLE_CLIENT_ID": "client_id",
    "GOOGLE_CLIENT_SECRET": "client_secret",
    "GOOGLE_ISSUER": "issuer",
    "GOOGLE_AUTHORIZE_URL": "authorize_url",
    "GOOGLE_TOKEN_URL": "token_url",
    "GOOGLE_CERTS_URL": "certs_url",
}

OFF = ProviderConfig("")


def named(environment: Mapping[str, str]) -> ProviderConfig | None:
    """The provider that an environment names; None if it names none. An empty client turns Google off.

    :raises ValueError: a part of it is missing.
    """
    told = {name: environment[variable] for variable, name in VARIABLES.items() if variable in environment}
    if not told:
        return None
    if "client_id" not in told:
        raise ValueError("GOOGLE_CLIENT_ID is missing; empty, it turns Google off.")
    return ProviderConfig(**told)


@dataclass(frozen=True, slots=True)
class ProviderProcess:
    """The stand-in's process."""

    process: asyncio.subprocess.Process
    url: str

    async def register(self, portal: str) -> ProviderConfig:
        """Make the portal a client of it, as somebody does by hand at Google.

        :raises RuntimeError: it does not answer.
        """
        await processes.wait_until_ready(f"{self.url}/jwks", self.process)
        client = {"redirect_uris": [portal + CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
        async with aiohttp.ClientSession(self.url) as http, http.post("/oauth2/clients", json=client) as answer:
            told = await answer.json()
        return ProviderConfig(
            client_id=told["client_id"],
            client_secret=told["client_secret"],
            issuer=self.url,
            authorize_url=f"{self.url}/oauth2/authorize",
            token_url=f"{self.url}/oauth2/token",
            certs_url=f"{self.url}/jwks",
            stand_in=self.url,
        )


async def start_stand_in(python: Path, project: Path, log: Path) -> ProviderProcess:
    """Start the stand-in on a free port; another host than the portal's to a browser, as Google is."""
    port = processes.free_port()
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(project),
        "PYTHONDONTWRITEBYTECODE": "1",
        # it speaks plain HTTP on loopback
        "AUTHLIB_INSECURE_TRANSPORT": "1",
    }
    process = await processes.start([python, "-m", "local.oidc_provider", "--port", str(port)], environment, log)
    return ProviderProcess(process, f"http://127.0.0.1:{port}")
