"""The `release` command: tag a version, with its section of the changelog as notes."""

import argparse
import json
import re
import subprocess
from pathlib import Path

from operate.errors import CommandError

PROJECT = Path(__file__).parent.parent
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
HEADING = r"^## {} – \d{{4}}-\d{{2}}-\d{{2}}$\n(?P<notes>.*?)(?=^## |\Z)"


def run(args: argparse.Namespace) -> None:
    """Create the tag `v{version}`. The person pushes it.

    :raises CommandError: as for `check`.
    """
    notes = check(args.folder, args.version)
    if args.dry_run:
        print(notes)
        return
    message = f"Latchkey {args.version}\n\n{notes}"
    # verbatim, because git would remove the headings as comments
    _git(args.folder, "tag", "--annotate", f"v{args.version}", "--cleanup=verbatim", "--file=-", stdin=message)
    print(f"Tagged v{args.version}. To publish it: git push origin v{args.version}")


def check(folder: Path, version: str) -> str:
    """Return the release notes of a version that can be tagged.

    :raises CommandError: the version is malformed or tagged already, a file names another version, the changelog has
        no section for it, or there are uncommitted changes.
    """
    if not VERSION.fullmatch(version):
        raise CommandError(f"{version} is not a version. Give one like 1.2.3.")
    for place, named in versions(folder).items():
        if named != version:
            raise CommandError(f"{place} says {named}, not {version}. Change it and commit.")
    section = re.search(
        HEADING.format(re.escape(version)), (folder / "CHANGELOG.md").read_text(), re.DOTALL | re.MULTILINE
    )
    if not section or not section["notes"].strip():
        raise CommandError(f"CHANGELOG.md has nothing under a heading `## {version} – <its date>`. Write the notes.")
    if _git(folder, "status", "--porcelain"):
        raise CommandError("Some changes are not committed. Commit them first.")
    if _git(folder, "tag", "--list", f"v{version}"):
        raise CommandError(f"v{version} is tagged already. Choose another version.")
    return section["notes"].strip() + "\n"


def versions(folder: Path) -> dict[str, str]:
    """Return the version that each place names, by the place."""
    package = (folder / "layers/latchkey/latchkey/__init__.py").read_text()
    template = (folder / "template.yaml").read_text()
    contracts = sorted((folder / "docs").glob("openapi*.json"))
    return {
        "latchkey.__version__": _first(r'^__version__ = "(.+)"$', package),
        "template.yaml's output Version": _first(r"^  Version:\n(?:    .*\n)*?    Value: (\S+)$", template).strip(
            "\"'"
        ),
        **{f"docs/{file.name}": json.loads(file.read_text())["info"]["version"] for file in contracts},
    }


def _first(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    return match[1] if match else "nothing"


def _git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    result = subprocess.run(  # noqa: S603 - git with arguments of our own
        ["git", *arguments],  # noqa: S607 - the engineer's own git
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise CommandError(f"git {arguments[0]}: {result.stderr.strip().splitlines()[-1]}")
    return result.stdout.strip()
