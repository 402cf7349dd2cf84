"""Tests of clinicians' tokens. They come from the user pool, have the OAuth scope, and work at the member's
practice.
"""

from typing import get_args

import pytest

from local.clinicians import ROLES, Role
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import DAY, LivePortal, shared_portal

REFUSED = (401, {"message": "Unauthorized"})


@pytest.fixture
def live_portal(request: pytest.FixtureRequest) -> LivePortal:
    return shared_portal(request.config)


def requested(
    live_portal: LivePortal, path: str, authorization: str | None = None, method: str = "GET"
) -> HttpResponse:
    """Return the response of the clinicians' API."""
    headers = {"Authorization": authorization} if authorization else {}
    return live_portal.app().send(method, f"/admin/v1/practices/{path}", headers=headers)


def test_every_role_has_a_token_that_is_good_for_its_own_practices(live_portal: LivePortal) -> None:
    tokens = {role: live_portal.portal.authorization("willow", role) for role in ROLES}
    seen = {
        role: tuple(requested(live_portal, slug, token).status for slug in ("willow", "harbor"))
        for role, token in tokens.items()
    }

    assert seen == {"clinician": (200, 404), "admin": (200, 404), "operator": (200, 200)}
    assert get_args(Role.__value__) == ROLES


def test_the_gateway_refuses_by_itself_without_a_good_token(live_portal: LivePortal) -> None:
    token = live_portal.portal.authorization()
    changed = token[:-8] + ("A" if token[-8] != "A" else "B") + token[-7:]
    refusals = [
        requested(live_portal, "willow"),
        requested(live_portal, "willow", changed),
        requested(live_portal, "willow/clients", "none", "POST"),
    ]

    assert [(refusal.status, refusal.document) for refusal in refusals] == [REFUSED] * 3
    assert all(refusal.headers["www-authenticate"].startswith("Bearer") for refusal in refusals)


def test_a_token_is_good_however_far_the_services_clock_went(live_portal: LivePortal) -> None:
    token = live_portal.portal.authorization()
    live_portal.wait(DAY)

    assert requested(live_portal, "willow", token).status == 200


@pytest.mark.parametrize("query", ["role=boss", "practice=Not%20a%20practice", "practice="])
def test_nobody_else_has_a_token(live_portal: LivePortal, query: str) -> None:
    assert live_portal.app().get(f"/local/token?{query}").status == 400


def test_clinicians_see_who_was_put_in(live_portal: LivePortal) -> None:
    listed = requested(live_portal, "willow/clients?limit=100", live_portal.portal.authorization()).document["clients"]
    known = {client["name"]: client for client in listed}

    assert [known[name]["kind"] for name in ("Ana Reyes", "Maria & Daniel Gomez", "Leo Gomez")] == [
        "individual",
        "couple",
        "minor",
    ]
    assert {contact["relation"] for contact in known["Leo Gomez"]["contacts"]} == {"guardian"}
    assert known["Luis Ortega"]["language"] == "es"
    assert known["Robin Hayes"]["status"] == "disabled"
    assert known["Jo Winters"]["emails"][0]["email_ok"] is False


def test_the_local_page_holds_a_token_that_works(live_portal: LivePortal) -> None:
    page = live_portal.browser().get("/local").body
    token = page.partition("Authorization: ")[2].partition("</pre>")[0]

    assert requested(live_portal, "willow", token).status == 200
