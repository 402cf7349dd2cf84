"""The `first-deploy` command: ask the few things that only you know, then let `sam deploy` do the rest.

`sam deploy --guided` asks for each of the template's parameters. Here all but five keep their defaults, or what
samconfig.toml gives the stage. A later deployment keeps every value, and `--parameter-overrides` changes one.
"""

import argparse
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from operate import account_checks, state
from operate.errors import CommandError
from operate.release import PROJECT

SAM = PROJECT / ".tools" / "sam" / "bin" / "sam"
QUESTIONS = (
    ("SenderDomain", "Domain that sign-in mail is sent from, such as example.com"),
    ("AlarmEmail", "Email address that gets the alarms"),
    ("ClinicianCallbackUrl", "HTTPS address of the page that clinicians return to after they sign in"),
    ("PortalOrigin", "Address of the portal, such as https://portal.example.com (empty: the API's own)"),
    ("CertificateArn", "ARN of the certificate for that address"),
)
"""The parameters that are asked for, in this order. The last one only with an address of the portal."""
REQUIRED_IN_PROD = {"AlarmEmail", "ClinicianCallbackUrl"}


def run(args: argparse.Namespace) -> None:
    """Ask, then deploy what `sam build` has built.

    :raises CommandError: an answer is missing, or the deployment fails.
    """
    stage = tomllib.loads((PROJECT / "samconfig.toml").read_text())[args.config_env]
    given = stage["global"]["parameters"]["parameter_overrides"].split()
    template = yaml_parse((PROJECT / "template.yaml").read_text())["Parameters"]
    answers = ask(template, dict(pair.split("=", 1) for pair in given), input)
    name = _option(args.options, "--stack-name") or stage["global"]["parameters"]["stack_name"]
    # SES knows the domain of a stack that stands, because the stack has created that identity.
    if not state.exists(name) and account_checks.identity(answers["SenderDomain"]) is not None:
        print("SES knows this domain already, so the stack uses that identity: MailIdentity=existing.")
        answers["MailIdentity"] = "existing"
    overrides = given + [f"{name}={value}" for name, value in answers.items() if value]
    options = ["--config-env", args.config_env, *args.options, "--parameter-overrides", *overrides]
    command = [str(args.sam), "deploy", *options]
    if args.dry_run:
        print(shlex.join(command))
        return
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own program, with validated answers
        raise CommandError("sam deploy failed. Its last lines say why.")
    if _stage(template, overrides) == "prod":
        state.set_protection(name)
        print(f"{name} is protected: no update can replace or delete its tables, and nobody can delete it by mistake.")


def _stage(template: dict[str, Any], overrides: list[str]) -> str:
    return str(dict(pair.split("=", 1) for pair in overrides).get("Stage", template["Stage"]["Default"]))


def _option(options: list[str], name: str) -> str:
    """Return the value of an option of `sam deploy`, "" if it is not given."""
    for number, option in enumerate(options):
        if option == name and number + 1 < len(options):
            return options[number + 1]
        if option.startswith(f"{name}="):
            return option.partition("=")[2]
    return ""


def ask(template: dict[str, Any], given: dict[str, str], prompt: Callable[[str], str]) -> dict[str, str]:
    """Return the answers by parameter. A wrong answer is asked for again, up to three times.

    :raises CommandError: there is no right answer.
    """
    is_prod = given.get("Stage", template["Stage"]["Default"]) == "prod"
    answers: dict[str, str] = {}
    for name, question in QUESTIONS:
        if name == "CertificateArn" and not answers["PortalOrigin"]:
            continue
        is_required = "Default" not in template[name] or name == "CertificateArn"
        is_required |= is_prod and name in REQUIRED_IN_PROD
        answers[name] = _answer(question, template[name]["AllowedPattern"], prompt, is_required=is_required)
    return answers


def _answer(question: str, pattern: str, prompt: Callable[[str], str], *, is_required: bool) -> str:
    for _ in range(3):
        answer = prompt(f"{question}{'' if is_required else ' [none]'}: ").strip()
        if re.fullmatch(pattern, answer) and (answer or not is_required):
            return answer
        print("That is not it.")
    raise CommandError(f"No answer to: {question}")


def add_arguments(command: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    command.add_argument("--config-env", required=True, help="section of samconfig.toml, such as prod")
    command.add_argument("--sam", type=Path, default=SAM, help=argparse.SUPPRESS)
    command.add_argument("--dry-run", action="store_true", help="print the command that would be run; change nothing")
    command.add_argument("options", nargs="*", help="options of `sam deploy`, after --")
