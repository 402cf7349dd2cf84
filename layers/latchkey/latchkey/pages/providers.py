"""Coming back from Google without being let in: what went wrong, and the ways in that do not need Google."""

from dataclasses import replace
from typing import Literal

from latchkey.pages.layout import PageContext, render

type ProviderFailure = Literal["unmatched", "cancelled", "failed"]
"""How a return from Google ended."""


def identity_unmatched(page: PageContext) -> str:
    """403: that Google account opens nothing here (B68, B70). Which one it was stays between the person and Google."""
    return _refused(page, "unmatched")


def provider_cancelled(page: PageContext) -> str:
    """403: the person turned back at Google."""
    return _refused(page, "cancelled")


def provider_failed(page: PageContext) -> str:
    """403: late, replayed, forged, or Google did not answer; all one to whoever reads this."""
    return _refused(page, "failed")


def _refused(page: PageContext, why: ProviderFailure) -> str:
    # a return is good for one visit, so the other language is where the next attempt starts
    again = replace(page, path=f"/{page.practice.slug}/sign-in") if page.practice else page
    return render("provider_refused.html", again, why=why)
