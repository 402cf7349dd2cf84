"""Tests of the `first-operator` command: the user pool, the members table and the audit have the operator."""

import pytest

from latchkey.rules.members import Role
from latchkey.store import members
from tests.operate.conftest import NAME, Deployed, Operate

pytestmark = pytest.mark.usefixtures("store")


def subject(deployed: Deployed, email: str) -> str:
    """Return the `sub` of a user of the pool."""
    fields = deployed.client("cognito-idp").admin_get_user(UserPoolId=deployed.names["ClinicianPool"], Username=email)
    return next(str(one["Value"]) for one in fields["UserAttributes"] if one["Name"] == "sub")


def test_an_operator_may_do_everything(deployed: Deployed, operate: Operate) -> None:
    code, output, errors = operate("first-operator", "--stack", NAME, "--email", "you@example.com")

    assert (code, errors) == (0, "")
    assert "temporary password in their mail" in output
    assert members.role_of("willow", subject(deployed, "you@example.com")) is Role.OPERATOR


def test_a_temporary_password_is_printed_once_where_no_mail_is_wanted(deployed: Deployed, operate: Operate) -> None:
    first = operate("first-operator", "--stack", NAME, "--email", "ops@example.com", "--no-mail")
    repeated = operate("first-operator", "--stack", NAME, "--email", "ops@example.com", "--no-mail")

    assert (first[0], repeated[0]) == (0, 0)
    assert "Temporary password" in first[1]
    assert "Temporary password" not in repeated[1]
    assert len(deployed.items("Members")) == 1


def test_someone_of_another_issuer_is_entered_by_subject(deployed: Deployed, operate: Operate) -> None:
    assert operate("first-operator", "--stack", NAME, "--subject", "okta|42")[0] == 0
    assert members.role_of("willow", "okta|42") is Role.OPERATOR
    assert [row["subject"]["S"] for row in deployed.items("Members")] == ["okta|42"]


def test_an_operator_is_audited(deployed: Deployed, operate: Operate) -> None:
    operate("first-operator", "--stack", NAME, "--subject", "okta|42")
    (row,) = deployed.items("Events")

    assert (row["subject"]["S"], row["kind"]["S"], row["reason"]["S"]) == ("*#", "member_changed", "operator:okta|42")


def test_a_dry_run_changes_nothing(deployed: Deployed, operate: Operate) -> None:
    code, output, _ = operate("first-operator", "--stack", NAME, "--email", "no@example.com", "--dry-run")

    assert (code, "Would" in output) == (0, True)
    assert deployed.items("Members") == []
    cognito = deployed.client("cognito-idp")
    with pytest.raises(cognito.exceptions.UserNotFoundException):
        subject(deployed, "no@example.com")


@pytest.mark.usefixtures("deployed")
def test_a_stack_that_is_not_there_is_reported_in_one_line(operate: Operate) -> None:
    code, output, errors = operate("first-operator", "--stack", "nowhere", "--subject", "s")

    message = "operate: No stack nowhere in us-east-1. Check AWS_PROFILE and AWS_DEFAULT_REGION.\n"
    assert (code, output, errors) == (2, "", message)
