"""Parts that the OpenAPI documents of all APIs share, and the comparison of their files with the code."""

import json
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from latchkey.http.problems import ProblemType

PRACTICE = {
    "name": "practice",
    "in": "path",
    "required": True,
    "description": "The practice's slug, which is part of every URL.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"},
}
RETRY_AFTER = {"description": "Seconds to wait before the next try.", "schema": {"type": "integer", "minimum": 0}}
ALLOW = {"description": "The methods that the path supports.", "schema": {"type": "string"}}
BY_GATEWAY = "With `message`: API Gateway refused the request itself."


def problem_schema(codes: Iterable[str]) -> dict[str, Any]:
    """Return the schema of a problem document with one of these codes."""
    return {
        "allOf": [
            {"$ref": "#/components/schemas/Problem"},
            {"type": "object", "properties": {"code": {"type": "string", "enum": list(codes)}}},
        ]
    }


def by_status(problems: Iterable[ProblemType]) -> dict[int, dict[str, str]]:
    """Return the titles of problems by status and code, in the order of the statuses."""
    found: dict[int, dict[str, str]] = {}
    for problem in sorted(problems, key=lambda problem: problem.status):
        titles = found.setdefault(problem.status, {})
        known = titles.get(problem.code)
        titles[problem.code] = f"{known}. {problem.title}" if known else problem.title
    return found


def to_text(document: Mapping[str, Any]) -> str:
    """Return the text of a document's file."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def check(files: Iterable[str], text_of: Callable[[str], str], command_of: Callable[[str], str]) -> int:
    """Return 0 if the files are what the code says, else 1. Name each stale one, and the command that renews it.

    `text_of` and `command_of` take the name of a file without its folder.
    """
    stale = [file for file in files if Path(file).read_text() != text_of(Path(file).name)]
    for file in stale:
        sys.stderr.write(f"{file} differs from the code. Run: python -m {command_of(Path(file).name)} > {file}\n")
    return 1 if stale else 0
