"""The first deployment asks at most five things, and leaves the rest as the template and the stage say."""

import builtins
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from operate.first_deploy import QUESTIONS
from tests.operate.canned import Responses, answer, refused
from tests.operate.conftest import Operate

DOMAIN = {
    "SenderDomain": "example.com",
    "AlarmEmail": "on-call@example.com",
    "ClinicianCallbackUrl": "https://d.example/",
}
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/1"


@pytest.fixture
def sam(tmp_path: Path) -> Path:
    """A program in place of sam, which writes down how it was called."""
    program = tmp_path / "sam"
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >{tmp_path}/called\nexit "${{SAM_EXIT:-0}}"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return program


NO_STACK = {"DescribeStacks": refused("ValidationError", "DescribeStacks")}


def answer_questions(monkeypatch: pytest.MonkeyPatch, answers: list[str]) -> list[str]:
    """Answer the questions of the command. Returns the questions, as they come."""
    questions: list[str] = []
    left: Iterator[str] = iter(answers)

    def reply(question: str) -> str:
        questions.append(question)
        return next(left)

    monkeypatch.setattr(builtins, "input", reply)
    return questions


def test_prod_has_five_questions_and_deploys_with_the_answers(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, sam: Path
) -> None:
    protected: list[str] = []

    def protect(sent: dict[str, Any]) -> dict[str, Any]:
        protected.append(sent["body"]["StackName"])
        return {}

    unknown = refused("NotFoundException", "GetEmailIdentity")
    answer(
        monkeypatch,
        NO_STACK | {"GetEmailIdentity": unknown, "SetStackPolicy": protect, "UpdateTerminationProtection": protect},
    )
    questions = answer_questions(monkeypatch, [*DOMAIN.values(), "https://portal.example.com", CERTIFICATE])

    code, _, _ = operate("first-deploy", "--config-env", "prod", "--sam", str(sam), "--", "--stack-name", "mine")

    called = (sam.parent / "called").read_text().split()
    assert (code, len(questions)) == (0, 5)
    assert protected == ["mine", "mine"], "B211: the stack policy, and protection from deletion"
    assert called[:5] == ["deploy", "--config-env", "prod", "--stack-name", "mine"]
    assert {"Stage=prod", "LogDays=365", "SenderDomain=example.com", f"CertificateArn={CERTIFICATE}"} <= {*called}
    assert not [one for one in called if one.startswith("MailIdentity")]


def test_without_a_domain_there_are_four_questions(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, sam: Path
) -> None:
    identity = {"VerifiedForSendingStatus": True}
    known = {"GetEmailIdentity": identity, "SetStackPolicy": {}, "UpdateTerminationProtection": {}}
    answer(monkeypatch, NO_STACK | known)
    questions = answer_questions(monkeypatch, [*DOMAIN.values(), ""])

    assert operate("first-deploy", "--config-env", "prod", "--sam", str(sam))[0] == 0
    assert len(questions) == 4
    assert "MailIdentity=existing" in (sam.parent / "called").read_text()


def test_a_stack_that_stands_keeps_its_identity_of_ses(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, sam: Path
) -> None:
    """The second time, for example to give it a domain, SES knows the identity that the stack created."""
    known: Responses = {"GetEmailIdentity": {}, "SetStackPolicy": {}, "UpdateTerminationProtection": {}}
    answer(monkeypatch, known | {"DescribeStacks": {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}})
    answer_questions(monkeypatch, [*DOMAIN.values(), "https://portal.example.com", CERTIFICATE])

    assert operate("first-deploy", "--config-env", "prod", "--sam", str(sam))[0] == 0
    assert "MailIdentity" not in (sam.parent / "called").read_text()


def test_a_wrong_answer_is_repeated_three_times(monkeypatch: pytest.MonkeyPatch, operate: Operate, sam: Path) -> None:
    answer(monkeypatch, NO_STACK | {"GetEmailIdentity": refused("NotFoundException", "GetEmailIdentity")})
    questions = answer_questions(monkeypatch, ["Example", "example.com", "", "nobody", ""])
    code, _, error = operate("first-deploy", "--config-env", "prod", "--sam", str(sam))

    assert (code, len(questions)) == (2, 5)
    assert QUESTIONS[1][1] in error, "prod must reach someone"
    assert not (sam.parent / "called").exists()


def test_a_deployment_that_fails_ends_with_2_and_a_dry_run_deploys_nothing(
    monkeypatch: pytest.MonkeyPatch, operate: Operate, sam: Path
) -> None:
    answer(monkeypatch, NO_STACK | {"GetEmailIdentity": refused("NotFoundException", "GetEmailIdentity")})
    answer_questions(monkeypatch, [*DOMAIN.values(), ""] * 2)
    dry = operate("first-deploy", "--config-env", "prod", "--sam", str(sam), "--dry-run")
    assert not (sam.parent / "called").exists()
    monkeypatch.setitem(os.environ, "SAM_EXIT", "1")

    assert (dry[0], "SenderDomain=example.com" in dry[1]) == (0, True)
    assert operate("first-deploy", "--config-env", "prod", "--sam", str(sam))[0] == 2
