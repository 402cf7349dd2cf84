"""A portal whose Google is a provider of these tests."""

from collections.abc import Iterator

import pytest

from local import portal_process
from local.provider_choice import ProviderConfig
from tests.identity import fake_provider
from tests.identity.fake_provider import Provider, Server
from tests.identity.visits import MARIA, Guest, Place
from tests.kit.live_portal import Town


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """The one process of ours that answers as Google."""
    with fake_provider.serving() as started:
        yield started


@pytest.fixture(scope="package")
def town(server: Server) -> Iterator[Town]:
    """A portal that knows Google by another address."""
    url = server.provider.url
    named = ProviderConfig(
        fake_provider.CLIENT, fake_provider.SECRET, url, f"{url}/o/auth", f"{url}/token", f"{url}/certs"
    )
    with portal_process.portal(google=named) as portal:
        yield Town(portal)


@pytest.fixture
def google(server: Server) -> Provider:
    """Google, as honest as it is until it is told otherwise."""
    return server.begin_again()


@pytest.fixture(scope="package")
def maria(town: Town) -> str:
    """Where Maria's account is kept."""
    (account,) = town.items("Accounts", practice="willow", address=MARIA)
    return str(account["key"])


@pytest.fixture
def place(town: Town, google: Provider, maria: str) -> Iterator[Place]:
    """The portal with its clinicians, and Maria's account bound to nobody at Google."""
    found = Place(town, google, maria)
    yield found
    found.forget()


@pytest.fixture
def guest(place: Place) -> Guest:
    """A browser that was never here."""
    return place.guest()
