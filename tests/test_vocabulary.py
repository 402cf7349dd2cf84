"""Tests of names and docstrings: terms of the field, and the subject first."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.kit import sam_template
from tests.kit.source_files import HANDLERS, SOURCES, named, parsed

EVERYWHERE = re.compile(
    r"(?:^|_)(told|said|asked|kept|taken|spent|spend|spending|again|whose|whoever|trouble|ours|bound|binding|arrivals?"
    r"|visits?|ending|staying|leaving|lanes?|roads?|story|stories|errands?|acting|speech|voices?|spoken|seal|sealed"
    r"|unseal|unmet|passing|repeats|replays|budgets?|buckets?|detoured|unasked|readdress|hear|towns?|nights?|sieges?"
    r"|longest|largest|most|rooms?|doors?)(?:_|$)"
)
"""Words that no name may contain: metaphors, and participles in place of nouns. `docs/glossary.md` has the terms."""

IN_PUBLIC_NAMES = re.compile(
    r"(?:^|_)(frames?|paper|acts?|post|parts|present|look|leave|press|come_back|put_off|not_now|things|desk|wire"
    r"|stage|play|words|near|far)(?:_|$)"
)
"""Words that no name of a module, class, public function or attribute may contain."""

CHECKED = [
    sam_template.PROJECT / name for name in ("layers", "functions", "archive", "local", "operate", "tools", "tests")
]

FOREIGN = {"do_POST", "__post_init__", "BUCKET", "stage"}
"""Names of Python's own, the environment variable of S3's bucket, and the template's parameter `Stage`."""

STANDS_FIRST = re.compile(
    r"(B\d+[^:]*: )?(Who|Whom|Whose|What|Where|Which|When|How|Whether|(Who|What|Where|When|Which)ever)\b", re.IGNORECASE
)
"""A docstring that begins with a relative pronoun, also after the numbers of behaviours."""


def python_files() -> list[Path]:
    """Return every Python file of the project."""
    return sorted(path for root in CHECKED for path in root.rglob("*.py") if "node_modules" not in path.parts)


def snake_case(name: str) -> str:
    """Return a name in snake case: `OpenSession` is `open_session`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names_in(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a module gives: definitions, parameters and variables."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.ExceptHandler() if node.name:
                yield node.name
            case ast.Name(ctx=ast.Store()):
                yield node.id
            case ast.arg():
                yield node.arg
            case ast.alias(asname=str() as local):
                yield local


def public_names_in(tree: ast.Module) -> Iterator[str]:
    """Yield the public functions, classes and attributes that a module defines."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.AnnAssign(target=ast.Name() as target):
                yield target.id


def is_operation_id(path: Path, name: str) -> bool:
    """Return True for a route's function. The contract's operation ids name them, such as `post_client`."""
    return path.parent.name == "api" and name.startswith("post_")


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_names_are_terms_of_the_field(path: Path) -> None:
    tree = parsed(path)
    found = {name for name in names_in(tree) if EVERYWHERE.search(snake_case(name))}
    if "tests" not in path.parts:
        public = {name for name in public_names_in(tree) if not name.startswith("_")} | {path.stem}
        found |= {
            name for name in public if IN_PUBLIC_NAMES.search(snake_case(name)) and not is_operation_id(path, name)
        }

    assert found - FOREIGN == set()


def test_no_two_public_types_of_the_package_share_a_name() -> None:
    types: dict[str, list[str]] = {}
    for path in (*SOURCES, *HANDLERS):
        for node in parsed(path).body:
            if isinstance(node, ast.ClassDef):
                types.setdefault(node.name, []).append(named(path))
            elif isinstance(node, ast.TypeAlias):
                types.setdefault(node.name.id, []).append(named(path))

    assert {name: places for name, places in types.items() if len(places) > 1 and not name.startswith("_")} == {}


@pytest.mark.parametrize("path", python_files(), ids=named)
def test_a_docstring_begins_with_its_subject(path: Path) -> None:
    texts = [
        node.value.value
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]

    assert [text for text in texts if STANDS_FIRST.match(text)] == []
