"""Tests of the list of providers, and of their settings."""

from dataclasses import replace

import pytest

from latchkey import settings
from latchkey.identity import providers
from latchkey.identity.providers import GOOGLE, PROVIDERS
from latchkey.pages.layout import TEMPLATES
from latchkey.rules.providers import PROVIDER_NAMES, Provider
from tests.kit.seed import WILLOW

every_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)


def configure(monkeypatch: pytest.MonkeyPatch, **changes: str) -> None:
    """Change the settings of every provider."""
    loaded = settings.load()
    changed = {name: replace(config, **changes) for name, config in loaded.providers.items()}
    monkeypatch.setattr(settings, "load", lambda: replace(loaded, providers=changed))


def test_every_name_has_a_row_and_every_row_a_name() -> None:
    assert tuple(provider.name for provider in PROVIDERS) == PROVIDER_NAMES


@every_provider
def test_every_provider_mark_is_a_template_of_the_package(provider: Provider) -> None:
    assert (TEMPLATES / provider.mark).is_file()


@every_provider
def test_a_callback_belongs_to_one_provider(provider: Provider) -> None:
    assert providers.by_callback(provider.callback) is provider
    assert providers.by_callback(provider.start_route) is None


def test_a_provider_is_offered_only_if_the_stack_has_a_client_id_and_the_practice_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configure(monkeypatch, client_id="")
    assert providers.configured() == providers.offered(WILLOW) == ()

    configure(monkeypatch, client_id="portal")
    assert providers.configured() == providers.offered(WILLOW) == PROVIDERS
    assert providers.offered(replace(WILLOW, providers=frozenset())) == ()
    assert providers.offered(None) == ()


@pytest.mark.parametrize("issuer", GOOGLE.issuers)
def test_google_may_sign_with_either_of_its_names(monkeypatch: pytest.MonkeyPatch, issuer: str) -> None:
    configure(monkeypatch, issuer=issuer)

    assert providers.issuers(GOOGLE) == ("https://accounts.google.com", "accounts.google.com")


def test_another_issuer_replaces_both_names(monkeypatch: pytest.MonkeyPatch) -> None:
    configure(monkeypatch, issuer="http://localhost:9000")

    assert providers.issuers(GOOGLE) == ("http://localhost:9000",)
