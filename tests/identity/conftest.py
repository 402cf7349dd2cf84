"""Fixtures: a portal with a fake Google."""

from collections.abc import Iterator

import pytest

from local.provider_choice import ProviderConfig
from tests.identity import fake_provider
from tests.identity.fake_provider import FakeProvider, Server
from tests.identity.provider_portal import MARIA, ProviderBrowser, ProviderPortal
from tests.kit.live_portal import LivePortal, running_portal


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """Yield a server with the fake Google."""
    with fake_provider.serving() as started:
        yield started


@pytest.fixture(scope="package")
def live_portal(server: Server) -> Iterator[LivePortal]:
    """Yield a portal that is configured with the fake Google."""
    url = server.provider.url
    named = ProviderConfig(
        fake_provider.CLIENT, fake_provider.SECRET, url, f"{url}/o/auth", f"{url}/token", f"{url}/certs"
    )
    with running_portal(provider=named) as live_portal:
        yield live_portal


@pytest.fixture
def google(server: Server) -> FakeProvider:
    """Return the fake Google, without forged claims."""
    return server.reset()


@pytest.fixture(scope="package")
def maria(live_portal: LivePortal) -> str:
    """Return the account key of Maria."""
    (account,) = live_portal.items("Accounts", practice="willow", address=MARIA)
    return str(account["key"])


@pytest.fixture
def place(live_portal: LivePortal, google: FakeProvider, maria: str) -> Iterator[ProviderPortal]:
    """Yield the portal, with no identity linked to Maria's account."""
    found = ProviderPortal(live_portal, google, maria)
    yield found
    found.forget()


@pytest.fixture
def guest(place: ProviderPortal) -> ProviderBrowser:
    """Return a browser without cookies."""
    return place.guest()
