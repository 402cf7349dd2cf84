"""Pages of a provider sign-in that failed: the cause, and the other sign-in methods."""

from dataclasses import replace
from typing import Literal

from latchkey.pages.layout import PageContext, render
from latchkey.rules.providers import Provider

type ProviderFailure = Literal["unmatched", "cancelled", "failed"]
"""The cause of a sign-in that failed at a provider."""


def identity_unmatched(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for an identity that belongs to no account here (B68, B70). It does not name the identity."""
    return _failure_page(page, provider, "unmatched")


def provider_cancelled(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for a person who cancelled at the provider."""
    return _failure_page(page, provider, "cancelled")


def provider_failed(page: PageContext, provider: Provider) -> str:
    """Return the 403 page for a late, repeated or forged callback, or for a provider that did not answer."""
    return _failure_page(page, provider, "failed")


def _failure_page(page: PageContext, provider: Provider, why: ProviderFailure) -> str:
    # A callback URL works once, so the other language links to the sign-in page.
    retry_page = replace(page, path=f"/{page.practice.slug}/sign-in") if page.practice else page
    return render("provider_refused.html", retry_page, provider=provider, why=why)
