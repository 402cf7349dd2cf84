"""The OpenID Connect provider in place of Google: the stand-in, one that the environment names, or none."""

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
    """An OpenID Connect provider and the portal's OAuth client there. Empty URLs mean Google's own."""

    client_id: str
    """Id of the OAuth client. Empty if the portal offers no sign-in with Google."""
    client_secret: str = field(repr=False, default="")
    issuer: str = ""
    authorize_url: str = ""
    token_url: str = ""
    certs_url: str = ""
    stand_in: str = ""
    """URL of the stand-in. Empty for any other provider."""

    def parameters(self) -> dict[str, str]:
        """Return the values of the template's parameters."""
        urls = {
            "GoogleIssuer": self.issuer,
            "GoogleAuthorizeUrl": self.authorize_url,
            "GoogleTokenUrl": self.token_url,
            "GoogleCertsUrl": self.certs_url,
        }
        return {"GoogleClientId": self.client_id} | {name: url for name, url in urls.items() if url}

    def variables(self) -> dict[str, str]:
        """Return the environment variables that `from_environment` reads."""
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


def from_environment(environment: Mapping[str, str]) -> ProviderConfig | None:
    """Return the provider that an environment names, or None. An empty client id turns Google off.

    :raises ValueError: the environment has some of the variables, but not GOOGLE_CLIENT_ID.
    """
    config = {name: environment[variable] for variable, name in VARIABLES.items() if variable in environment}
    if not config:
        return None
    if "client_id" not in config:
        raise ValueError("GOOGLE_CLIENT_ID is missing. Set it, or set it to an empty value to turn Google off.")
    return ProviderConfig(**config)


@dataclass(frozen=True, slots=True)
class ProviderProcess:
    """The process of the stand-in for Google."""

    process: asyncio.subprocess.Process
    url: str

    async def register(self, portal: str) -> ProviderConfig:
        """Register the portal as an OAuth client. At Google, a person does this by hand.

        :raises RuntimeError: the stand-in does not answer.
        """
        await processes.wait_until_ready(f"{self.url}/jwks", self.process)
        client = {"redirect_uris": [portal + CALLBACK], "token_endpoint_auth_method": "client_secret_post"}
        async with aiohttp.ClientSession(self.url) as http, http.post("/oauth2/clients", json=client) as response:
            registered = await response.json()
        return ProviderConfig(
            client_id=registered["client_id"],
            client_secret=registered["client_secret"],
            issuer=self.url,
            authorize_url=f"{self.url}/oauth2/authorize",
            token_url=f"{self.url}/oauth2/token",
            certs_url=f"{self.url}/jwks",
            stand_in=self.url,
        )


async def start_stand_in(python: Path, project: Path, log: Path) -> ProviderProcess:
    """Start the stand-in on a free port. To a browser it is another host than the portal, as Google is."""
    port = processes.free_port()
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(project),
        "PYTHONDONTWRITEBYTECODE": "1",
        # without this, its library refuses plain HTTP, also on loopback
        "AUTHLIB_INSECURE_TRANSPORT": "1",
    }
    process = await processes.start([python, "-m", "local.oidc_provider", "--port", str(port)], environment, log)
    return ProviderProcess(process, f"http://127.0.0.1:{port}")
