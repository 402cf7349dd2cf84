"""Each thing that can go wrong has words of its own: for what it does not know, a template has its last or none."""

from collections.abc import Callable
from typing import Any, get_args

import pytest

from latchkey import pages
from latchkey.pages import Frame
from latchkey.pages.entry import EmailProblem
from latchkey.pages.frames import render
from latchkey.pages.google import Refused
from latchkey.pages.links import Dead
from latchkey.pages.pins import PinProblem

GOOGLE = {
    "unmatched": pages.google_unmatched,
    "cancelled": pages.google_cancelled,
    "failed": pages.google_failed,
}

type Page = Callable[[Frame, Any], str]


@pytest.mark.parametrize(
    ("kinds", "page"),
    [
        (Dead, lambda frame, kind: pages.dead_link(frame, why=kind)),
        (EmailProblem, lambda frame, kind: render("email_problem.html", frame, problem=kind)),
        (PinProblem, lambda frame, kind: render("pin_problem.html", frame, problem=kind)),
        (Refused, lambda frame, kind: GOOGLE[kind](frame)),
    ],
    ids=["dead links", "addresses", "PINs", "Google"],
)
def test_no_two_kinds_are_told_in_the_same_words(with_google: Frame, kinds: Any, page: Page) -> None:
    told = [page(with_google, kind).strip() for kind in get_args(kinds.__value__)]

    assert all(told)
    assert len(set(told)) == len(told)
