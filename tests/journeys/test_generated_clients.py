"""Tests of API clients that are generated from `docs/openapi.json`, and of linters that read it."""

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
CONTRACT = sam_template.PROJECT / "docs" / "openapi.json"
EXPECTED = {
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


def test_a_generated_python_client_runs_a_clinicians_day(live_portal: LivePortal, tmp_path: Path) -> None:
    package = tmp_path / "latchkey_client"
    run(
        [PYTHON / "openapi-python-client", "generate", "--path", CONTRACT, "--meta", "none", "--output-path", package],
        tmp_path,
    )
    arguments = _arguments(live_portal)
    seen = run([PYTHON / "python", FOLDER / "day.py", *arguments], tmp_path, PYTHONPATH=str(tmp_path))
    assert json.loads(seen) == EXPECTED


def test_a_generated_typescript_client_runs_a_clinicians_day(live_portal: LivePortal, tmp_path: Path) -> None:
    run([PROGRAMS / "openapi-ts", "-i", CONTRACT, "-o", tmp_path / "client", "--no-log-file"], FOLDER)
    for name in ("day.ts", "tsconfig.json"):
        (tmp_path / name).write_text((FOLDER / name).read_text())
    run([PROGRAMS / "tsc", "--project", tmp_path], tmp_path)
    seen = run(["node", tmp_path / "out" / "day.js", *_arguments(live_portal)], tmp_path)
    assert json.loads(seen) == EXPECTED


@pytest.mark.parametrize(
    "command",
    [
        [PROGRAMS / "spectral", "lint", "--fail-severity", "hint", "--ruleset", FOLDER / "spectral.yaml", CONTRACT],
        [PROGRAMS / "redocly", "lint", "--extends", "recommended", "--max-problems", "100", CONTRACT],
    ],
    ids=["spectral", "redocly"],
)
def test_a_linter_has_nothing_to_say(command: list[Path | str]) -> None:
    written = run(command, FOLDER, REDOCLY_TELEMETRY="off")
    assert "warning" not in written.lower().replace("deprecation warning", "")


def _arguments(portal: LivePortal) -> list[str]:
    token = portal.portal.authorization("willow", "clinician").removeprefix("Bearer ")
    return [portal.portal.url, token, "willow"]
