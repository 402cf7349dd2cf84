"""Tests of the API's routes: authorizers, access log and throttling."""

import json
import re
from typing import Any

import pytest

from latchkey.api import machine_app
from latchkey.console.app import PATHS
from latchkey.rules.machines import TOKEN_PATH
from latchkey.rules.members import Role
from tests.kit import sam_template

CLIENTS_OWN = {"request_link", "redeem_link", "session", "pin", "google_callback", "app"}


def paths() -> dict[str, dict[str, Any]]:
    """Return the operations of each path, as API Gateway gets them."""
    (api,) = (one for one in sam_template.expanded()["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Api")
    found: dict[str, dict[str, Any]] = api["Properties"]["Body"]["paths"]
    return found


def settings() -> dict[str, Any]:
    """Return the properties of the API's stage."""
    (stage,) = (
        one for one in sam_template.expanded()["Resources"].values() if one["Type"] == "AWS::ApiGatewayV2::Stage"
    )
    found: dict[str, Any] = stage["Properties"]
    return found


@pytest.mark.parametrize("path", sorted(path for path in paths() if path.startswith("/admin/v1/")))
def test_clinicians_show_a_token_with_the_scope_at_every_route_of_theirs(path: str) -> None:
    for operation in paths()[path].values():
        assert operation["security"] == [{"Clinicians": ["latchkey/admin"]}]


def test_every_route_of_clinicians_is_theirs_alone() -> None:
    functions = {key: sam_template.folder(function) for key, function in sam_template.routes().items()}

    assert {name for key, name in functions.items() if "/admin/v1/" in key} == {"admin"}
    assert {name for key, name in functions.items() if "/admin/m1/" in key} == {"machine"}
    pages = {key for key in functions if "/admin" in key and "/admin/v1" not in key and "/admin/m1" not in key}
    assert {functions[key] for key in pages} == {"console"}
    assert {name for key, name in functions.items() if "/admin" not in key} == CLIENTS_OWN


@pytest.mark.parametrize("path", sorted(path for path in paths() if path.startswith("/admin") and path != "/admin/v1"))
def test_a_page_of_the_console_asks_for_no_token_and_checks_its_own_session(path: str) -> None:
    """API Gateway cannot respond with a page. Every path but three needs a session, and the dispatch checks it."""
    if not path.startswith(("/admin/v1/", "/admin/m1/")):
        assert all("security" not in operation for operation in paths()[path].values())
        assert (path in PATHS.public) is (path not in PATHS.signed_in)


def test_practice_systems_have_the_routes_that_their_function_serves_and_no_authorizer() -> None:
    """The function checks its own tokens: the authorizer accepts those of one issuer."""
    template = {path for path in paths() if path.startswith("/admin/m1/")}
    served = {key.partition(" ")[2] for routes in machine_app.RESOURCES for key in routes.rules}

    assert template == served | {TOKEN_PATH}
    assert all("security" not in operation for path in template for operation in paths()[path].values())
    assert not [path for path in served if path.endswith(machine_app.FOR_PEOPLE)]
    for routes in machine_app.RESOURCES:
        assert {rule.role for rule in routes.rules.values()} == {Role.CLINICIAN}


def test_what_a_token_has_to_be_is_judged_by_the_api_itself() -> None:
    (api,) = sam_template.resources("AWS::Serverless::HttpApi").values()
    (authorizer,) = api["Auth"]["Authorizers"].values()

    assert set(authorizer["JwtConfiguration"]) == {"issuer", "audience"}
    assert "CorsConfiguration" not in api


def test_no_path_has_a_wildcard() -> None:
    """The exception is `$default`, which answers 404."""
    assert not [path for path in paths() if "+}" in path or "*" in path]


def test_no_function_has_an_address_of_its_own() -> None:
    kinds = {resource["Type"] for resource in sam_template.expanded()["Resources"].values()}

    assert "AWS::Lambda::Url" not in kinds


def test_only_the_callers_that_are_named_may_call_a_function() -> None:
    for resource in sam_template.expanded()["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Permission":
            properties = resource["Properties"]
            assert properties["Principal"] in {"apigateway.amazonaws.com", "events.amazonaws.com"}
            assert properties["SourceArn"], properties


LOGGED = {
    "requestTimeEpoch", "routeKey", "status", "integrationStatus", "responseLatency", "requestId",
    "authorizer.claims.sub", "integrationErrorMessage",
}  # fmt: skip


def test_the_access_log_holds_no_path_query_header_or_address() -> None:
    """A path can contain a link, and an IP address is personal."""
    line = settings()["AccessLogSettings"]["Format"]["Fn::Sub"]

    assert set(re.findall(r"\$context\.([\w.]+)", line)) <= LOGGED
    assert json.loads(re.sub(r"(?<=:)\$context\.\w+", "0", line)).keys() >= {"stage", "route", "status"}


def test_the_api_takes_so_many_requests_and_no_more() -> None:
    usual = settings()["DefaultRouteSettings"]
    assert usual["ThrottlingRateLimit"] == usual["ThrottlingBurstLimit"] == {"Ref": "RequestsPerSecond"}


def test_no_stranger_can_close_a_page_for_every_practice() -> None:
    """A limit of a route counts everyone's requests at all practices, so one sender could use it up. PIN guesses are
    limited by source, address and practice, before the PIN is hashed.
    """
    assert "RouteSettings" not in settings()


def test_the_pin_page_is_throttled_apart_from_pin_submissions() -> None:
    """The API's log and metrics also show them apart. A HEAD request counts with POST."""
    assert {key for key in sam_template.routes() if key.endswith("/{practice}/pin")} == {
        "GET /{practice}/pin",
        "ANY /{practice}/pin",
    }
    assert {sam_template.routes()[key] for key in sam_template.routes() if key.endswith("/{practice}/pin")} == {"Pin"}


def test_an_api_with_a_domain_answers_there_alone() -> None:
    (api,) = sam_template.resources("AWS::Serverless::HttpApi").values()

    assert api["DisableExecuteApiEndpoint"] == {"Fn::If": ["HasDomain", True, False]}


def test_nobody_acts_for_a_practice_with_a_password_alone() -> None:
    (pool,) = sam_template.resources("AWS::Cognito::UserPool").values()

    assert (pool["MfaConfiguration"], pool["EnabledMfas"]) == ("ON", ["SOFTWARE_TOKEN_MFA"])
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": True}
