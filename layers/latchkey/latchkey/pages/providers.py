"""Pages for a return from a provider that did not sign anyone in: the cause, and the other sign-in methods."""

from dataclasses import replace
from typing import Literal

from latchkey.pages.layout import PageContext, render
from latchkey.rules.providers import Provider

type ProviderFailure = Literal["unmatched", "cancelled", "failed"]
"""How a return from a provider ended."""


def identity_unmatched(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for an identity that belongs to no account here (B68, B70). It does not name the identity."""
    return _refused(page, provider, "unmatched")


def provider_cancelled(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for a person who cancelled at the provider."""
    return _refused(page, provider, "cancelled")


def provider_failed(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for a late, repeated or forged return, or for a provider that did not answer."""
    return _refused(page, provider, "failed")


def _refused(page: PageContext, provider: Provider, why: ProviderFailure) -> str:
    # a return is good for one visit, so the other language is where the next attempt starts
    again = replace(page, path=f"/{page.practice.slug}/sign-in") if page.practice else page
    return render("provider_refused.html", again, provider=provider, why=why)
