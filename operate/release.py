"""A version, tagged with its part of the changelog, when everything that names it agrees."""

import argparse
import json
import re
import subprocess
from pathlib import Path

from operate.errors import CommandError

PROJECT = Path(__file__).parent.parent
VERSION = re.compile(r"(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)")
HEADING = r"^## {} – \d{{4}}-\d{{2}}-\d{{2}}$\n(?P<notes>.*?)(?=^## |\Z)"


def run(asked: argparse.Namespace) -> None:
    """Make the tag `v{version}`; it is pushed by hand.

    :raises Trouble: something is not as a release has to be.
    """
    notes = check(asked.folder, asked.version)
    if asked.dry_run:
        print(notes)
        return
    message = f"Latchkey {asked.version}\n\n{notes}"
    # verbatim: headings begin with what git takes for a comment
    _git(asked.folder, "tag", "--annotate", f"v{asked.version}", "--cleanup=verbatim", "--file=-", told=message)
    print(f"Tagged v{asked.version}. To publish it: git push origin v{asked.version}")


def check(folder: Path, version: str) -> str:
    """The release notes of a version that can be tagged.

    :raises Trouble: it cannot, and why.
    """
    if not VERSION.fullmatch(version):
        raise CommandError(f"{version} is no version like 1.2.3")
    for place, named in versions(folder).items():
        if named != version:
            raise CommandError(f"{place} says {named}, not {version}")
    found = re.search(
        HEADING.format(re.escape(version)), (folder / "CHANGELOG.md").read_text(), re.DOTALL | re.MULTILINE
    )
    if not found or not found["notes"].strip():
        raise CommandError(f"CHANGELOG.md has nothing under a heading `## {version} – <its date>`")
    if _git(folder, "status", "--porcelain"):
        raise CommandError("there are changes that are not committed")
    if _git(folder, "tag", "--list", f"v{version}"):
        raise CommandError(f"v{version} is tagged already")
    return found["notes"].strip() + "\n"


def versions(folder: Path) -> dict[str, str]:
    """Every place that names the version, and which."""
    package = (folder / "layers/latchkey/latchkey/__init__.py").read_text()
    template = (folder / "template.yaml").read_text()
    contract = json.loads((folder / "docs/openapi.json").read_text())
    return {
        "latchkey.__version__": _first(r'^__version__ = "(.+)"$', package),
        "template.yaml's output Version": _first(r"^  Version:\n(?:    .*\n)*?    Value: (\S+)$", template).strip(
            "\"'"
        ),
        "docs/openapi.json": contract["info"]["version"],
    }


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1] if found else "nothing"


def _git(folder: Path, *arguments: str, told: str | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - git, and what we tell it
        ["git", *arguments],  # noqa: S607 - whichever the engineer has
        cwd=folder,
        input=told,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"git {arguments[0]}: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout.strip()
