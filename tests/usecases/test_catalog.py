"""Tests of the catalog: every use case has a route, every route runs one, and declared roles and limits hold for every
caller.
"""

import ast
import inspect
import sys

import pytest

from latchkey import aws
from latchkey.api.app import RESOURCES
from latchkey.console.app import signed_in_paths
from latchkey.identity.providers import PROVIDERS
from latchkey.rules.items import SharedItem
from latchkey.rules.members import Clinician, Role
from latchkey.rules.refusals import RateLimited, RecordNotFound, RoleMissing
from latchkey.rules.times import millis
from latchkey.usecases import access, members, practices
from latchkey.usecases.catalog import USE_CASES
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import RateLimit, UseCase
from tests.api.cloud import MinistackCloud
from tests.kit.aws_faults import AwsFaults
from tests.kit.clinician import ClinicianApi
from tests.kit.clock import NOON, Clock
from tests.kit.gateway_events import HOST
from tests.kit.seed import WILLOW

ROUTES = {key: rule.use_case for routes in RESOURCES for key, rule in routes.rules.items()}
ADMIN = {
    "branding.remove_logo",
    "branding.save_logo",
    "events.list_practice_events",
    "letters.send_sample",
    "letters.set_wording",
    "machines.add_credential",
    "machines.list_credentials",
    "machines.revoke_credential",
    "members.add_member",
    "members.list_members",
    "members.remove_member",
    "members.set_member",
    "members.start_over",
    "practices.update_practice",
    "webhooks.add_webhook",
    "webhooks.list_deliveries",
    "webhooks.list_webhooks",
    "webhooks.remove_webhook",
    "webhooks.rotate_secret",
}
OPERATOR = {"practices.list_practices", "practices.save_practice"}
SENDING = {"access.change_address", "access.invite", "access.share", "clients.add_client", "contacts.add_contact"}
NOBODY = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


def context(role: Role = Role.CLINICIAN, subject: str = "dr-willow", now: int = NOON) -> RequestContext:
    return RequestContext(Clinician(subject, role), "willow", millis(now), "JKJaXmPLvHcESHA", f"https://{HOST}", WILLOW)


def test_every_use_case_has_one_route_and_every_route_runs_one() -> None:
    """Only the accounts of providers have a route each to be unlinked."""
    names = sorted(use_case.name for use_case in USE_CASES)
    unlinking = ["access.unlink_identity"] * (len(PROVIDERS) - 1)
    assert sorted(use_case.name for use_case in ROUTES.values()) == sorted([*names, *unlinking])
    assert len(set(names)) == len(names)


ONE_FACE = {
    "branding.read_logo": "the page with the form reads the practice, which says where its logo is",
    "diagnosis.diagnose_contact": "the client's page shows the diagnosis of everyone who opens the profile",
    "imports.list_rows": "the page of an import reads its rows with its counts",
}
"""Use cases without a page, and the reason."""


def test_every_use_case_has_both_faces_or_a_reason() -> None:
    """Both faces call the same function, so a rule, limit, audit kind or refusal cannot exist in one face only."""
    in_pages = {
        use_case.name
        for methods in signed_in_paths().values()
        for route in methods.values()
        for use_case in route.use_cases
    }
    in_json = {use_case.name for use_case in ROUTES.values()}

    assert in_pages <= in_json
    assert in_json - in_pages == set(ONE_FACE)
    assert all(ONE_FACE.values())


def called_in(view: object) -> set[str]:
    """Return the use cases that a view's module calls, as module and function."""
    tree = ast.parse(inspect.getsource(sys.modules[view.__module__]))
    return {
        f"{node.value.id}.{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name)
    }


@pytest.mark.parametrize("path", sorted(signed_in_paths()))
def test_a_page_declares_only_use_cases_that_it_calls(path: str) -> None:
    for route in signed_in_paths()[path].values():
        assert {use_case.name for use_case in route.use_cases} <= called_in(route.view), route.view
        assert (route.page is None) == (route is signed_in_paths()[path].get("GET"))


def test_the_roles_are_the_declared_ones() -> None:
    """The test names each role, because no other test would show a role that is too low."""
    assert {use_case.name for use_case in USE_CASES if use_case.role is Role.OPERATOR} == OPERATOR
    assert {use_case.name for use_case in USE_CASES if use_case.role is Role.ADMIN} == ADMIN
    assert [use_case.name for use_case in USE_CASES if use_case.may_create_practice] == ["practices.save_practice"]


def test_a_use_case_that_sends_mail_takes_an_idempotency_key_and_is_limited() -> None:
    keyed = SENDING | {"access.generate_pin", "letters.send_sample", "members.add_member", "members.start_over"}
    keyed |= {"machines.add_credential", "webhooks.add_webhook", "webhooks.rotate_secret", "imports.import_clients"}
    assert {use_case.name for use_case in USE_CASES if use_case.idempotent} == keyed
    assert {use_case.name for use_case in USE_CASES if use_case.rate_limit is RateLimit.INVITATIONS} == SENDING
    counted = {use_case.name for use_case in USE_CASES if use_case.rate_limit is RateLimit.EVERY_CALL}
    assert counted == {"access.generate_pin"}
    samples = {use_case.name for use_case in USE_CASES if use_case.rate_limit is RateLimit.SAMPLES}
    assert samples == {"letters.send_sample"}


@pytest.mark.parametrize("use_case", [one for one in USE_CASES if one.role > Role.CLINICIAN], ids=lambda one: one.name)
def test_a_role_that_is_too_low_is_refused_by_the_use_case_itself(
    use_case: UseCase[..., object], cloud: MinistackCloud
) -> None:
    """The role is checked even if a face does not check it."""
    with pytest.raises(RoleMissing):
        use_case(context())
    (row,) = cloud.items()["Events"]
    assert (row["kind"]["S"], row["reason"]["S"]) == ("admin_denied", "role_missing")


def test_an_administrator_runs_what_an_administrator_may(cloud: MinistackCloud) -> None:
    members.set_member(context(Role.ADMIN), "dr-new", Role.CLINICIAN)
    assert practices.read_practice(context()).slug == "willow"
    assert [row["actor"]["S"] for row in cloud.items()["Events"]] == ["dr-willow"]


def test_a_31st_pin_within_a_minute_is_refused(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    busy = context(subject="dr-busy")
    for _ in range(30):
        assert access.generate_pin(busy, client).address == "kim@example.com"
    with pytest.raises(RateLimited):
        access.generate_pin(busy, client)


def test_a_pin_that_is_refused_does_not_count(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    busy = context(subject="dr-busy")
    for _ in range(31):
        with pytest.raises(RecordNotFound):
            access.generate_pin(busy, NOBODY)
    assert access.generate_pin(busy, client).pin.isdigit()


@pytest.mark.parametrize("dry_run", [True, False])
def test_only_a_share_that_sends_a_mail_counts(clinician: ClinicianApi, clock: Clock, dry_run: bool) -> None:
    """The second share tells a client with access that something is waiting."""
    client = clinician.add_client("Kim Lee", "kim@example.com")
    with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
        assert access.share(context(), client, (SharedItem("Plan"),), dry_run=dry_run).grants_access
    assert ("Update Budgets" in aws_calls.summary()) is not dry_run
    clinician.request("POST", "/clients/{client}/invitations", {}, client=client)
    clock.advance(61)
    with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
        access.share(context(now=clock.now), client, (SharedItem("Form"),), dry_run=dry_run)
    assert ("Update Budgets" in aws_calls.summary()) is not dry_run
    clinician.request("DELETE", "/clients/{client}/portal-access", client=client)
    with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
        access.share(context(now=clock.now), client, (SharedItem("Bill"),))
    assert "Update Budgets" not in aws_calls.summary()


def test_a_change_of_address_counts_only_if_it_may_invite(clinician: ClinicianApi) -> None:
    client = clinician.add_client("Kim Lee", "kim@example.com", invite={})
    for disable_and_resend in (False, True):
        with AwsFaults().listening(aws.client("dynamodb")) as aws_calls:
            access.change_address(
                context(), client, "kim@example.com", email_ok=True, disable_and_resend=disable_and_resend
            )
        assert ("Update Budgets" in aws_calls.summary()) is disable_and_resend
