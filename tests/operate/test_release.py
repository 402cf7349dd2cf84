"""Tests of the `release` command. It tags a version only if all places name the same, with notes from the changelog."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

import latchkey
from operate import release
from tests.operate.conftest import Operate

CHANGELOG = """\
# Changelog

## 1.2.0 – 2026-04-01

### Upgrading

Nothing to do.

### Fixed

- Late mail.

## 1.1.0 – 2026-03-01

### Added

- Early mail.
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a repository that is ready for the release of 1.2.0."""
    for name in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{name}_NAME", "Someone")
        monkeypatch.setenv(f"GIT_{name}_EMAIL", "someone@example.com")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    files = {
        "layers/latchkey/latchkey/__init__.py": '"""Sign-in."""\n\n__version__ = "1.2.0"\n',
        "template.yaml": 'Outputs:\n  Version:\n    Description: Which\n    Value: "1.2.0"\n  Other:\n    Value: 9\n',
        "docs/openapi.json": json.dumps({"info": {"version": "1.2.0"}}),
        "CHANGELOG.md": CHANGELOG,
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    git(tmp_path, "init", "--quiet")
    commit(tmp_path)
    return tmp_path


def git(folder: Path, *arguments: str) -> str:
    """Run git, and return its output."""
    done = subprocess.run(["git", *arguments], cwd=folder, capture_output=True, text=True, check=True)  # noqa: S603, S607
    return done.stdout


def commit(folder: Path) -> None:
    """Commit everything."""
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Get ready")


def replace_in(name: str, old: str, new: str) -> Callable[[Path], None]:
    """Return a function that changes a file and commits."""

    def change(folder: Path) -> None:
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new))
        commit(folder)

    return change


def test_the_tag_carries_the_notes_of_its_version_and_of_no_other(folder: Path, operate: Operate) -> None:
    code, output, errors = operate("release", "1.2.0", "--in", str(folder))

    assert (code, errors) == (0, "")
    assert "git push origin v1.2.0" in output
    assert git(folder, "cat-file", "-t", "v1.2.0") == "tag\n"
    notes = git(folder, "tag", "--list", "--format=%(contents)", "v1.2.0")
    assert notes.startswith("Latchkey 1.2.0\n\n### Upgrading\n\nNothing to do.\n")
    assert "- Late mail." in notes
    assert "Early" not in notes


@pytest.mark.parametrize(
    ("spoil", "output"),
    [
        (replace_in("layers/latchkey/latchkey/__init__.py", "1.2.0", "1.2.1"), "latchkey.__version__ says 1.2.1"),
        (replace_in("template.yaml", "1.2.0", "1.1.0"), "template.yaml's output Version says 1.1.0"),
        (replace_in("docs/openapi.json", "1.2.0", "1.1.0"), "docs/openapi.json says 1.1.0"),
        (replace_in("CHANGELOG.md", "## 1.2.0 – 2026-04-01", "## 1.2.0 – unreleased"), "CHANGELOG.md has nothing"),
        (replace_in("CHANGELOG.md", "## 1.2.0", "## 1.2.0-rc1"), "CHANGELOG.md has nothing"),
        (lambda folder: (folder / "new.txt").write_text("not committed"), "not committed"),
        (lambda folder: git(folder, "tag", "v1.2.0"), "tagged already"),
    ],
    ids=["package", "template", "contract", "unreleased", "no section", "unclean", "tagged"],
)
def test_what_is_not_ready_is_not_tagged(
    folder: Path, operate: Operate, spoil: Callable[[Path], object], output: str
) -> None:
    spoil(folder)
    before = git(folder, "tag")
    code, _, errors = operate("release", "1.2.0", "--in", str(folder))

    assert code == 2
    assert output in errors
    assert errors.count("\n") == 1
    assert git(folder, "tag") == before


@pytest.mark.parametrize("version", ["1.2", "v1.2.0", "1.02.0", "latest"])
def test_a_version_has_three_numbers(folder: Path, operate: Operate, version: str) -> None:
    assert operate("release", version, "--in", str(folder))[0] == 2


def test_a_dry_run_shows_the_notes_and_tags_nothing(folder: Path, operate: Operate) -> None:
    code, output, _ = operate("release", "1.2.0", "--in", str(folder), "--dry-run")

    assert (code, "- Late mail." in output, git(folder, "tag")) == (0, True, "")


def test_everything_in_this_repository_names_one_version() -> None:
    assert set(release.versions(release.PROJECT).values()) == {latchkey.__version__}
