"""Tests that each kind of problem has its own text. A template would render an unknown kind as another or as
nothing.
"""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from latchkey import pages
from latchkey.identity.providers import GOOGLE
from latchkey.pages import PageContext
from latchkey.pages.layout import render
from latchkey.pages.links import LinkFailure
from latchkey.pages.pins import PinProblem
from latchkey.pages.providers import ProviderFailure
from latchkey.pages.sign_in import EmailProblem, Suggestion

RETURNS = {
    "unmatched": pages.identity_unmatched,
    "cancelled": pages.provider_cancelled,
    "failed": pages.provider_failed,
}

type Page = Callable[[PageContext, Any], str]


@pytest.mark.parametrize(
    ("kinds", "page"),
    [
        (LinkFailure, lambda context, kind: pages.dead_link(context, why=kind)),
        (
            EmailProblem,
            lambda context, kind: render(
                "email_problem.html", context, problem=kind, suggestion=Suggestion("gmial.com", "gmail.com")
            ),
        ),
        (PinProblem, lambda context, kind: render("pin_problem.html", context, problem=kind)),
        (ProviderFailure, lambda context, kind: RETURNS[kind](context, GOOGLE)),
    ],
    ids=["dead links", "addresses", "PINs", "Google"],
)
def test_no_two_kinds_have_the_same_text(with_google: PageContext, kinds: Any, page: Page) -> None:
    fields = [page(with_google, kind).strip() for kind in get_args(kinds.__value__)]

    assert all(fields)
    assert len(set(fields)) == len(fields)
