"""Tests of docs/openapi-client.json: it says what the code does. `tests/kit/client_contract.py` compares responses."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from latchkey.http.openapi import to_text
from latchkey.rules import refusals
from latchkey.rules.refusals import Refusal
from latchkey.web import openapi
from latchkey.web.operation import COMMON_REFUSALS, FORM_REFUSALS, Operation
from latchkey.web.operations import OPERATIONS
from tests.functions.client_routes import ROUTES
from tests.functions.test_dispatch import break_willow
from tests.kit import client_contract, sam_template
from tests.kit.browser import App
from tests.kit.handlers import load_handler
from tests.kit.portal import Portal
from tests.kit.raised_refusals import Reached

EVERYWHERE = {*COMMON_REFUSALS, *FORM_REFUSALS, refusals.PracticeUnknown}
ONLY_ON_PAGES: dict[str, set[type[Refusal]]] = {"request_link": {refusals.DomainMistyped}}
"""Refusals that a request for JSON never gets."""
NEVER: dict[str, set[type[Refusal]]] = {"open_link": {refusals.RateLimited}, "request_link": {refusals.PinLocked}}
"""Refusals that the code seems to raise: `Reservations.add` has the name of a method of sets, and only the limit of
wrong PINs locks."""
ONLY_ON_FORMS = {"request_link": {"clear", "domain", "as_typed"}}
"""Fields of forms that an app does not need."""


def views() -> dict[tuple[str, str], Callable[..., Any]]:
    """Return the view of every method and path of the clients' functions."""
    found: dict[tuple[str, str], Callable[..., Any]] = {}
    functions = {function for key, function in sam_template.routes().items() if key.partition(" ")[2] in ROUTES}
    for function in functions:
        module = load_handler(function)
        handle = inspect.unwrap(getattr(module, "_respond", module.handle))
        for path, methods in inspect.getclosurevars(handle).nonlocals["routes"].items():
            found |= {(method, path): view for method, view in methods.items()}
    return found


VIEWS = views()


def test_the_file_is_what_the_operations_say() -> None:
    """To update the file, run `python -m latchkey.web.openapi > docs/openapi-client.json`. (B187)"""
    assert client_contract.FILE.read_text() == to_text(openapi.document())


def test_every_route_of_the_template_and_every_method_of_the_functions_is_in_it() -> None:
    """B187"""
    paths = client_contract.document()["paths"]
    assert sorted(paths) == ROUTES
    written = {(method.upper(), path) for path, operations in paths.items() for method in operations}
    assert written == {(method, path) for method, path in VIEWS if not path.startswith("/admin")}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.id)
def test_its_codes_are_exactly_those_that_the_code_can_raise(operation: Operation) -> None:
    """B187"""
    raised = Reached(VIEWS[operation.method, operation.path]).refusals - NEVER.get(operation.id, set())
    expected = raised - EVERYWHERE - ONLY_ON_PAGES.get(operation.id, set())
    assert set(operation.all_refusals) - EVERYWHERE == expected


def test_caught_refusals_are_no_codes_unless_they_are_raised_from_there() -> None:
    """Reads a view with each way to raise, catch and pass on."""
    found = Reached(_example).refusals
    assert found == {refusals.PinRefused, refusals.LinkUsed, refusals.ProfileUnknown}


def _example(choice: int | None) -> None:
    try:
        _raise(choice)
    except refusals.LinkExpired:
        return
    except refusals.LinkUsed as used:
        raise used.audited_as("K7M-4QX") from None
    raise refusals.ProfileUnknown


def _raise(choice: int | None) -> None:
    if choice:
        raise refusals.LinkExpired
    if choice is None:
        raise refusals.PinRefused
    raise refusals.LinkUsed


@pytest.mark.parametrize("operation", [one for one in OPERATIONS if one.body], ids=lambda operation: operation.id)
def test_its_bodies_have_exactly_the_fields_that_are_read(operation: Operation) -> None:
    reached = Reached(VIEWS[operation.method, operation.path])
    assert reached.refusals >= set()
    assert operation.body
    expected = reached.fields - ONLY_ON_FORMS.get(operation.id, set())
    assert set(operation.body.__annotations__) == expected


def test_a_problem_document_has_the_support_code_that_a_page_would_show(portal: Portal, app: App) -> None:
    """B188"""
    refused = app.request_link("nobody@example.com").document
    (row,) = [row for row in portal.at_rest()["Events"] if row["kind"]["S"] == "link_refused"]
    assert refused["code"] == "email_unknown"
    assert refused["support_code"] == row["reference"]["S"]
    assert "support_code" not in app.request_link("").document, "nobody could find it"
    break_willow(portal)
    fault = app.request_link("ana@example.com").document
    assert fault["code"] == "failed"
    assert f'"support_code": "{fault["support_code"]}"' in portal.log.getvalue()


def test_an_outage_gives_a_code_that_the_operator_finds(portal: Portal, app: App) -> None:
    """B188"""
    portal.aws.refuse("GetItem", "InternalServerError")
    outage = app.request_link("ana@example.com").document
    assert outage["code"] == "unavailable"
    assert f'"support_code": "{outage["support_code"]}"' in portal.log.getvalue()


def test_an_app_that_marks_the_welcome_as_read_gets_the_session(app: App) -> None:
    app.sign_in("ana@example.com")
    assert app.post("/willow/home").document == app.get("/willow/session").document
