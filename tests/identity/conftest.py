"""A portal whose Google is a provider of these tests."""

from collections.abc import Iterator

import pytest

from local import portal_process
from local.provider_choice import ProviderConfig
from tests.identity import fake_provider
from tests.identity.fake_provider import FakeProvider, Server
from tests.identity.provider_portal import MARIA, ProviderBrowser, ProviderPortal
from tests.kit.live_portal import LivePortal


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """The one process of ours that answers as Google."""
    with fake_provider.serving() as started:
        yield started


@pytest.fixture(scope="package")
def live_portal(server: Server) -> Iterator[LivePortal]:
    """A portal that knows Google by another address."""
    url = server.provider.url
    named = ProviderConfig(
        fake_provider.CLIENT, fake_provider.SECRET, url, f"{url}/o/auth", f"{url}/token", f"{url}/certs"
    )
    with portal_process.portal(google=named) as portal:
        yield LivePortal(portal)


@pytest.fixture
def google(server: Server) -> FakeProvider:
    """Google, as honest as it is until it is told otherwise."""
    return server.reset()


@pytest.fixture(scope="package")
def maria(live_portal: LivePortal) -> str:
    """Where Maria's account is kept."""
    (account,) = live_portal.items("Accounts", practice="willow", address=MARIA)
    return str(account["key"])


@pytest.fixture
def place(live_portal: LivePortal, google: FakeProvider, maria: str) -> Iterator[ProviderPortal]:
    """The portal with its clinicians, and Maria's account bound to nobody at Google."""
    found = ProviderPortal(live_portal, google, maria)
    yield found
    found.forget()


@pytest.fixture
def guest(place: ProviderPortal) -> ProviderBrowser:
    """A browser that was never here."""
    return place.guest()
