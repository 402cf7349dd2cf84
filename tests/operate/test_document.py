"""Tests of the commands in docs/operations.md and the runbook: each can be typed."""

import re
import shlex
import subprocess
import textwrap

import pytest
from botocore import xform_name

from operate import aws, cli
from operate.parameters import DOCUMENT

TEXT = DOCUMENT.read_text()
RUNBOOK = DOCUMENT.with_name("runbook.md").read_text()
BLOCK = re.compile(r"^ *```sh\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
BLOCKS = [textwrap.dedent(block) for text in (TEXT, RUNBOOK) for block in BLOCK.findall(text)]
EVERYWHERE = {"region", "query", "output"}
"""Options that every command of the AWS CLI has."""


def typed(block: str) -> list[list[str]]:
    """Return the commands of a block as words. Commands within others are separate."""
    lines = [line for line in block.replace("\\\n", " ").splitlines() if not line.startswith("key() {")]
    found = []
    while lines:
        line = lines.pop()
        while inner := re.search(r"\$\(([^()]*)\)", line):
            lines.append(inner[1])
            line = line.replace(inner[0], "INNER")
        words = shlex.split(line, comments=True)
        ends = [words.index(mark) for mark in ("|", ">") if mark in words]
        found.append(words[: min(ends, default=None)])
    return [words[1:] if words[0] == "AWS_DEFAULT_REGION=eu-west-1" else words for words in found if words]


COMMANDS = [words for block in BLOCKS for words in typed(block)]
AWS = [words for words in COMMANDS if words[0] == "aws"]
OWN = [words[words.index("operate") + 1 :] for words in COMMANDS if words[1:3] == ["-m", "operate"]]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.splitlines()[0][:40])
def test_a_shell_can_read_it(block: str) -> None:
    done = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)  # noqa: S607

    assert done.stderr == ""


@pytest.mark.parametrize("words", OWN, ids=" ".join)
def test_our_commands_take_what_is_given_to_them(words: list[str]) -> None:
    assert cli.parser().parse_args(words).do


def test_every_command_that_people_need_is_documented() -> None:
    fields = {words[0] for words in OWN}

    assert fields == {
        *("first-operator", "token", "practice", "rotate", "restore", "copy-time", "export", "erase", "guide", "audit"),
        *("adopt", "protect"),
    }


@pytest.mark.parametrize("words", AWS, ids=lambda words: " ".join(words[1:3]))
def test_aws_has_such_a_command_with_such_options(words: list[str]) -> None:
    service, operation = words[1], words[2]
    model = aws.client(service).meta.service_model
    if operation == "wait":
        assert words[3].replace("-", "_") in aws.client(service).waiter_names
        return
    known = {xform_name(name, "-"): model.operation_model(name) for name in model.operation_names}
    members = {xform_name(name, "-") for name in known[operation].input_shape.members}
    options = {word.removeprefix("--").partition("=")[0] for word in words if word.startswith("--")}

    assert {option.removeprefix("no-") for option in options - EVERYWHERE} <= members


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^a-z0-9 -]", "", line.lstrip("# ").lower()).replace(" ", "-")
        for line in TEXT.splitlines()
        if line.startswith("#")
    }
    for link in re.findall(r"\]\(([^)]+)\)", TEXT):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        assert not path or (DOCUMENT.parent / path).exists(), link
        assert path or anchor in headings, link
