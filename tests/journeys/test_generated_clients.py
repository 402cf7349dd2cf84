"""Tests of API clients that are generated from the OpenAPI documents, and of linters that read them."""

import json
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.kit import sam_template
from tests.kit.live_portal import LivePortal

FOLDER = sam_template.PROJECT / "tools" / "contract"
PROGRAMS = FOLDER / "node_modules" / ".bin"
PYTHON = sam_template.PROJECT / ".tools" / "contract" / "bin"
DOCUMENTS = sam_template.PROJECT / "docs"
CLINICIANS, CLIENTS = DOCUMENTS / "openapi.json", DOCUMENTS / "openapi-client.json"
EVERY_DOCUMENT = [CLINICIANS, DOCUMENTS / "openapi-machine.json", CLIENTS]
CLINICIANS_DAY = {
    "me": "willow",
    "invited": 201,
    "pins": [True, False],
    "replayed": "true",
    "refused": [409, "opened_by_others"],
    "ended": 204,
    "status": "disabled",
    "people": ["disabled"],
    "found": ["Noa Becker"],
    "events": True,
}

CLIENTS_DAY = {
    "unknown": [422, "email_unknown"],
    "accepted": [202, "sent"],
    "confirmed": "confirm",
    "method": "link",
    "open": [None, True],
    "features": True,
    "used": [410, "link_used"],
    "ended": "signed_out",
    "after": [401, "signed_out"],
    "invited": 201,
    "refused": [422, "pin_refused"],
    "pin": "pin",
    "disabled": [401, "signed_out"],
}


def run(command: Sequence[Path | str], folder: Path, **variables: str) -> str:
    """Run a program, and return its output. Fail if it fails."""
    done = subprocess.run(  # noqa: S603 - our own tools
        [str(part) for part in command],
        cwd=folder,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), "CI": "1", **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_generated_python_clients_live_a_clinicians_and_a_clients_day(live_portal: LivePortal, tmp_path: Path) -> None:
    """B189"""
    for document, package in ((CLINICIANS, "latchkey_client"), (CLIENTS, "portal_client")):
        files: list[Path | str] = ["--path", document, "--output-path", tmp_path / package]
        options: list[Path | str] = ["--meta", "none", "--config", FOLDER / "openapi-python-client.yaml"]
        command: list[Path | str] = [PYTHON / "openapi-python-client", "generate", *files, *options]
        written = run([*command, "--fail-on-warning"], tmp_path)
        assert "warning" not in written.lower()
    for program, expected in (("day.py", CLINICIANS_DAY), ("client_day.py", CLIENTS_DAY)):
        command = [PYTHON / "python", FOLDER / program, *_arguments(live_portal)]
        assert json.loads(run(command, tmp_path, PYTHONPATH=str(tmp_path))) == expected, program


def test_generated_typescript_clients_live_a_clinicians_and_a_clients_day(
    live_portal: LivePortal, tmp_path: Path
) -> None:
    """B189"""
    variables = {"CLINICIANS": str(CLINICIANS), "CLIENTS": str(CLIENTS), "OUTPUT": str(tmp_path)}
    run([PROGRAMS / "openapi-ts", "--file", FOLDER / "openapi-ts.config.mjs"], FOLDER, **variables)
    for name in ("day.ts", "client_day.ts", "tsconfig.json"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    run([PROGRAMS / "tsc", "--project", tmp_path], tmp_path)
    for program, expected in (("day.js", CLINICIANS_DAY), ("client_day.js", CLIENTS_DAY)):
        seen = run(["node", tmp_path / "out" / program, *_arguments(live_portal)], tmp_path)
        assert json.loads(seen) == expected, program


@pytest.mark.parametrize(
    "command",
    [
        [PROGRAMS / "spectral", "lint", "--fail-severity", "hint", "--ruleset", FOLDER / "spectral.yaml"],
        [PROGRAMS / "redocly", "lint", "--config", FOLDER / "redocly.yaml", "--max-problems", "100"],
    ],
    ids=["spectral", "redocly"],
)
def test_a_linter_has_nothing_to_say(command: list[Path | str]) -> None:
    written = run([*command, *EVERY_DOCUMENT], FOLDER, REDOCLY_TELEMETRY="off")
    assert "warning" not in written.lower().replace("deprecation warning", "")


def _arguments(portal: LivePortal) -> list[str]:
    token = portal.portal.authorization("willow", "clinician").removeprefix("Bearer ")
    return [portal.portal.url, token, "willow"]
