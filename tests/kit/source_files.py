"""The Python files of the project, parsed."""

import ast
from pathlib import Path

from tests.kit import sam_template

PACKAGE = sam_template.PROJECT / "layers" / "latchkey" / "latchkey"
FUNCTIONS = sam_template.PROJECT / "functions"
SOURCES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted(FUNCTIONS.glob("*/handler.py"))


def named(path: Path) -> str:
    """Return a path as the architecture document writes it."""
    return str(path.relative_to(PACKAGE if PACKAGE in path.parents else sam_template.PROJECT))


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))
