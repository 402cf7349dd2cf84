"""Tests of the check of tokens, roles and paths in the clinicians' API."""

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from latchkey import aws, settings
from latchkey.api.app import RESOURCES
from latchkey.rules.members import Role
from latchkey.store import members
from tests.api.cloud import MinistackCloud
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ISSUER, ClinicianApi, as_authorizer

ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
PARTS = {"client": ULID, "contact": ULID, "credential": ULID, "webhook": ULID, "device": ULID, "import_id": ULID,
         "subject": "dr-new", "kind": "sign_in", "language": "en",
         "address": "kim%40example.com", "code": "K7M-4QX"}  # fmt: skip
ROUTES = {key: rule for routes in RESOURCES for key, rule in routes.rules.items()}
BASE = "/admin/v1/practices/{practice}"

WRONG_TOKENS: dict[str, dict[str, Any]] = {
    "an ID token": {"token_use": "id", "aud": "desk", "client_id": None, "scope": None},
    "an ID token that claims a scope": {"token_use": "id"},
    "a token that does not say what it is for": {"token_use": None},
    "another app client's": {"client_id": "shop"},
    "no app client's": {"client_id": None},
    "an audience instead of a client": {"client_id": None, "aud": "desk"},
    "another pool's": {"iss": "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Other"},
    "an issuer that begins like ours": {"iss": ISSUER + "x"},
    "an issuer with a slash": {"iss": ISSUER + "/"},
    "no issuer's": {"iss": None},
    "without our scope": {"scope": "openid email"},
    "with a scope that begins like ours": {"scope": "latchkey/administrator"},
    "with no scope": {"scope": None},
    "nobody's": {"sub": None},
    "an empty somebody's": {"sub": ""},
    "a person's by the audit's name for clients": {"sub": "client"},
    "a person's by the audit's name for the service": {"sub": "system"},
    "a person's by the name of a practice system": {"sub": f"machine:{ULID}"},
    "a list for a scope": {"scope": ["latchkey/admin"]},
}


@pytest.mark.parametrize("wrong", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_wrong_token_opens_nothing(cloud: MinistackCloud, wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in wrong.items() if value is not None}
    missing = {name for name, value in wrong.items() if value is None}
    answer = cloud.clinician(claims=claims, without=missing).request("GET", "/clients")
    assert (answer.status, answer.code) == (401, "token_refused")
    assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "authorizer", [None, {}, {"jwt": None}, {"jwt": {}}, {"jwt": {"claims": None}}, {"jwt": "x"}, {"lambda": {}}]
)
def test_past_the_authorizer_there_is_nothing(clinician: ClinicianApi, authorizer: Any) -> None:
    header = "" if authorizer is None else as_authorizer(authorizer)
    for method, route, parts, _ in _every_route():
        answer = replace(clinician, authorization=header).request(method, route, {}, parts=parts)
        assert (answer.status, answer.code) == (401, "token_refused")


def test_a_practice_that_is_not_mine_does_not_exist(clinician: ClinicianApi) -> None:
    for method, route, parts, _ in _every_route():
        elsewhere = replace(clinician, practice="harbor").request(method, route, {}, parts=parts)
        nowhere = replace(clinician, practice="nowhere").request(method, route, {}, parts=parts)
        assert elsewhere.status == nowhere.status == 404
        assert elsewhere.body == nowhere.body
        assert elsewhere.headers == nowhere.headers


def test_a_denied_request_is_audited_at_the_practice_that_it_named(
    clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    made = []
    for place in ("harbor", "nowhere"):
        with AwsFaults().listening(aws.client("dynamodb")) as faults:
            assert replace(clinician, practice=place).request("GET", "/clients").status == 404
        made.append(faults.summary())
    assert made == [["Get Members", "Get Members", "Get Practices", "Put Events"]] * 2
    rows = {row["subject"]["S"]: row for row in cloud.items()["Events"]}
    assert set(rows) == {"harbor#", "*#"}
    for row in rows.values():
        assert (row["kind"]["S"], row["reason"]["S"], row["actor"]["S"]) == ("admin_denied", "no_member", "dr-willow")


@pytest.mark.parametrize(
    ("subject", "role"), [("dr-willow", Role.CLINICIAN), ("head-willow", Role.ADMIN), ("operator", Role.OPERATOR)]
)
def test_a_role_that_is_too_low_is_refused_and_audited(cloud: MinistackCloud, subject: str, role: Role) -> None:
    refused = 0
    for method, route, parts, least in _every_route():
        answer = cloud.clinician(subject).request(method, route, {}, parts=parts)
        if role < least:
            refused += 1
            assert (answer.status, answer.code) == (403, "role_missing")
        else:
            assert answer.status not in (401, 403)
    rows = [row for row in cloud.items()["Events"] if row["kind"]["S"] == "admin_denied"]
    assert [row["actor"]["S"] for row in rows] == [subject] * refused
    assert refused == {Role.CLINICIAN: 20, Role.ADMIN: 1, Role.OPERATOR: 0}[role]


STACK_ROUTES = [key.partition(" ") for key in ROUTES if BASE not in key]


def test_a_person_without_membership_reads_only_that(cloud: MinistackCloud) -> None:
    stranger = cloud.clinician("stranger")
    me = stranger.request("GET", "/admin/v1/me")
    assert (me.status, me.document) == (200, {"subject": "stranger", "name": None, "memberships": []})
    for method, _, path in STACK_ROUTES:
        if not path.endswith("/me"):
            answer = stranger.request(method, path)
            assert (answer.status, answer.code) == (403, "role_missing")


@pytest.mark.parametrize("wrong", WRONG_TOKENS.values(), ids=WRONG_TOKENS)
def test_a_wrong_token_opens_nothing_of_the_stack(cloud: MinistackCloud, wrong: dict[str, Any]) -> None:
    claims = {name: value for name, value in wrong.items() if value is not None}
    missing = {name for name, value in wrong.items() if value is None}
    for method, _, path in STACK_ROUTES:
        answer = cloud.clinician(claims=claims, without=missing).request(method, path)
        assert (answer.status, answer.code) == (401, "token_refused")


def test_a_claim_that_the_person_can_write_says_nothing_about_the_practice(cloud: MinistackCloud) -> None:
    claims = {"custom:practice": "harbor", "custom:role": "operator", "cognito:groups": "[admin]"}
    wishing = cloud.clinician(practice="harbor", claims=claims)
    assert wishing.request("GET", "/clients").status == 404
    assert cloud.clinician(claims=claims).request("PUT", "", {"name": "Mine"}).code == "role_missing"


def test_a_removed_member_can_do_nothing_from_that_moment_on(clinician: ClinicianApi, admin: ClinicianApi) -> None:
    assert clinician.request("GET", "/clients").status == 200
    assert admin.request("DELETE", "/members/{subject}", subject="dr-willow").status == 204
    assert clinician.request("GET", "/clients").status == 404


def test_an_operator_acts_everywhere_and_only_where_there_is_something(operator: ClinicianApi) -> None:
    assert replace(operator, practice="harbor").request("GET", "/clients").status == 200
    assert replace(operator, practice="nowhere").request("GET", "/clients").status == 404


def test_a_member_row_of_the_stack_is_no_practice(clinician: ClinicianApi) -> None:
    assert replace(clinician, practice="*").request("GET", "").status == 404


def test_another_host_is_not_the_portal(clinician: ClinicianApi) -> None:
    answer = clinician.request("GET", "/clients", headers={"host": "abc123.execute-api.us-east-1.amazonaws.com"})
    assert (answer.status, answer.code) == (404, "not_found")


def test_behind_cloudfront_nobody_comes_around_it(clinician: ClinicianApi, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = replace(settings.load(), cloudfront_digests=(hashlib.sha256(b"shown").hexdigest(),))
    monkeypatch.setattr(settings, "load", lambda: fields)

    around = clinician.request("GET", "/clients")
    assert (around.status, around.code) == (403, "detoured")
    assert clinician.request("GET", "/clients", headers={"x-origin-verify": "shown"}).status == 200


def test_an_unknown_path_is_not_found(clinician: ClinicianApi) -> None:
    assert clinician.request("GET", "/secrets").status == 404
    answer = clinician.request("DELETE", "/clients")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, POST")
    assert clinician.request("POST", "/clients", headers={"x-http-method-override": "DELETE"}).status == 400


@pytest.mark.parametrize(
    "client", ["", "1", ULID.lower(), ULID + "A", "../harbor", "%2e%2e", "a/b", "*", "\n", "é" * 26]
)
def test_an_id_that_is_none_is_nobodys(clinician: ClinicianApi, client: str) -> None:
    assert clinician.request("GET", "/clients/{client}", client=client).code == "not_found"


def test_every_answer_keeps_a_browser_safe(clinician: ClinicianApi) -> None:
    wanted = {"content-security-policy", "strict-transport-security", "x-content-type-options", "cache-control"}
    for answer in (
        clinician.request("GET", "/clients"),
        replace(clinician, authorization="").request("GET", "/clients"),
        clinician.request("GET", "/nowhere"),
        clinician.request("POST", "/clients", raw=b"{"),
        clinician.request("DELETE", "/members/{subject}", subject="someone"),
    ):
        assert wanted <= set(answer.headers)
        assert answer.headers["cache-control"] == "no-store"


class TestOtherIssuers:
    """A stack whose clinicians sign in at another issuer. That issuer's tokens need no `token_use`."""

    ISSUER = "https://login.practice.example/"

    @pytest.fixture(autouse=True)
    def _elsewhere(self, monkeypatch: pytest.MonkeyPatch) -> None:
        fields = replace(settings.load(), token_issuer=self.ISSUER)
        monkeypatch.setattr(settings, "load", lambda: fields)

    @pytest.mark.parametrize("names", [{"azp": "desk"}, {"aud": "desk"}, {"azp": "desk", "aud": "api"}])
    def test_their_access_tokens_are_accepted(self, cloud: MinistackCloud, names: dict[str, str]) -> None:
        theirs = cloud.clinician(claims={"iss": self.ISSUER, **names}, without={"token_use", "client_id"})
        assert theirs.request("GET", "/clients").status == 200

    @pytest.mark.parametrize("names", [{"azp": "shop", "aud": "desk"}, {"token_use": "id", "aud": "desk"}, {}])
    def test_tokens_for_another_audience_are_refused(self, cloud: MinistackCloud, names: dict[str, str]) -> None:
        theirs = cloud.clinician(claims={"iss": self.ISSUER, **names}, without={"token_use", "client_id"} - set(names))
        assert theirs.request("GET", "/clients").code == "token_refused"


def test_no_issuer_is_trusted_where_none_is_named(cloud: MinistackCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    fields = replace(settings.load(), token_issuer="", token_scope="")
    monkeypatch.setattr(settings, "load", lambda: fields)
    assert cloud.clinician(claims={"iss": "", "scope": ""}).request("GET", "/clients").code == "token_refused"


def test_no_route_reads_or_changes_another_practice(cloud: MinistackCloud) -> None:
    """A clinician gets 404 for another practice and for another practice's client, on every route."""
    owners = {slug: cloud.clinician(f"dr-{slug}", slug) for slug in ("willow", "harbor")}
    own = {
        slug: clinician.add_client("Kim Lee", f"kim@{slug}.example", invite=True) for slug, clinician in owners.items()
    }
    contacts = {
        slug: clinician.request(
            "POST", "/clients/{client}/contacts", {"name": "Jo", "email": f"jo@{slug}.example"}, client=own[slug]
        ).document["id"]
        for slug, clinician in owners.items()
    }
    untouched = _stored_items(cloud)
    for slug, other in (("willow", "harbor"), ("harbor", "willow")):
        for key in ROUTES:
            method, _, path = key.partition(" ")
            if "{client}" not in path:
                continue
            for place, client in ((slug, own[other]), (other, own[other]), (other, own[slug])):
                clinician = cloud.clinician(f"dr-{slug}", place)
                parts = _path_parameters(path) | {"client": client}
                if "contact" in parts:
                    parts["contact"] = contacts[other]
                answer = clinician.request(method, path.removeprefix(BASE), BODIES.get(key), parts=parts)
                assert answer.status == 404, (key, place)
    assert _stored_items(cloud) == untouched


BODIES: dict[str, Any] = {
    f"PATCH {BASE}/clients/{{client}}": {"name": "Mallory"},
    f"POST {BASE}/clients/{{client}}/invitations": {},
    f"PUT {BASE}/clients/{{client}}/email": {
        "email": "mallory@example.com",
        "email_ok": True,
        "disable_and_resend": True,
    },
    f"POST {BASE}/clients/{{client}}/shares": {"items": ["Form"]},
    f"PATCH {BASE}/clients/{{client}}/items": {"title": "Form", "done": True},
    f"POST {BASE}/clients/{{client}}/emails": {"address": "mallory@example.com"},
    f"POST {BASE}/clients/{{client}}/contacts": {"name": "Mallory", "email": "mallory@example.com"},
}


def test_an_operators_row_is_not_given_by_an_administrator(admin: ClinicianApi) -> None:
    answer = admin.request("PUT", "/members/{subject}", {"role": "operator"}, subject="head-willow")
    assert (answer.status, answer.code) == (400, "body_invalid")
    assert members.role_of("harbor", "head-willow") is None


def _every_route() -> Iterator[tuple[str, str, dict[str, str], Role]]:
    """Yield method, path below the practice, path parameters and least role of each route."""
    for key, rule in ROUTES.items():
        method, _, path = key.partition(" ")
        if not path.startswith(BASE):
            continue
        yield method, path.removeprefix(BASE), _path_parameters(path), rule.role


def _stored_items(cloud: MinistackCloud) -> dict[str, list[Any]]:
    """Return every stored item, except counters of rate limits and audit events of denied requests."""
    items = cloud.items()
    items["Events"] = [row for row in items["Events"] if row["kind"]["S"] != "admin_denied"]
    return {table: rows for table, rows in items.items() if table != "Budgets"}


def _path_parameters(path: str) -> dict[str, str]:
    return {name: value for name, value in PARTS.items() if f"{{{name}}}" in path}
