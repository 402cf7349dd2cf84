"""Tests of the layout: folders, imports, random numbers, and the routes of functions."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from latchkey.console.app import PATHS
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.store.practices import SLUG
from tests.kit import sam_template
from tests.kit.source_files import FUNCTIONS, HANDLERS, PACKAGE, SOURCES, named, parsed

OWN = [PACKAGE, FUNCTIONS, sam_template.PROJECT / "local"]

FORBIDDEN = {"utils", "util", "helpers", "helper", "common", "services", "service", "misc", "base", "core", "lib"}

CATCH_ALL = {
    "deadlines.py",
    "web/dispatch.py",
    "web/worker.py",
    "web/authorizer.py",
    "api/dispatch.py",
    "console/dispatch.py",
}
"""Modules that may catch every exception, because a caller waits for a response."""


def imported(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the top-level names of the modules that statements import."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module.partition(".")[0]


def test_a_function_folder_holds_its_handler_and_nothing_else() -> None:
    """A function's folder is a deployment root, so every file there is deployed."""
    for folder in FUNCTIONS.iterdir():
        assert {file.name for file in folder.iterdir()} - {"__pycache__"} == {"handler.py"}, folder


def test_no_module_has_a_catch_all_name() -> None:
    files = [path for root in OWN for path in root.rglob("*") if "__pycache__" not in path.parts]

    assert not [path for path in files if path.stem.strip("_") in FORBIDDEN]


def test_only_settings_looks_into_the_environment() -> None:
    looking = {
        named(path)
        for path in (*SOURCES, *HANDLERS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "environb", "getenv", "putenv"}
    }

    assert looking == {"settings.py"}


def catches_whatever_comes(handler: ast.ExceptHandler) -> bool:
    """Return True if the handler would catch programming errors too."""
    caught = {"Exception"} if handler.type is None else {ast.unparse(part) for part in ast.walk(handler.type)}
    return bool(caught & {"Exception", "BaseException"})


def test_only_the_error_mapping_catches_every_exception() -> None:
    catching = {
        named(path)
        for path in (*SOURCES, *HANDLERS)
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ExceptHandler) and catches_whatever_comes(node)
    }

    assert catching <= CATCH_ALL


def test_only_tokens_is_random_and_hashes() -> None:
    """The exceptions compute digests that protocols ask for."""
    chance = {"secrets", "random", "hashlib", "hmac", "uuid"}
    using = {named(path) for path in (*SOURCES, *HANDLERS) if chance & set(imported(parsed(path).body))}

    assert using <= {
        "tokens.py",
        "pages/layout.py",
        "console/layout.py",
        "identity/oidc.py",
        "identity/staff.py",
        "transport/signature.py",
    }


def test_the_layer_loads_no_boto3_when_a_function_starts() -> None:
    """boto3 would add 70 ms to every cold start. botocore's session is enough."""
    for path in (*SOURCES, *HANDLERS):
        assert "boto3" not in set(imported(parsed(path).body)), path


@pytest.mark.parametrize("handler", HANDLERS, ids=lambda path: path.parent.name)
def test_a_function_starts_without_what_only_others_need(handler: Path) -> None:
    """The handler runs in a process of its own. Each loaded package takes time at every cold start."""
    code = f"import runpy, sys; runpy.run_path({str(handler)!r}); print(*sys.modules)"
    python = [sys.executable, "-c", code]
    started = subprocess.run(  # noqa: S603 - our own code
        python, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(PACKAGE.parent)}
    )
    loaded = {name.partition(".")[0] for name in started.stdout.split()}

    assert "boto3" not in loaded
    assert "requests" not in loaded
    if handler.parent.name in {"request_link", "redeem_link", "session", "send_mail"}:
        assert not {"pydantic", "google", "asyncio", "babel"} & loaded


def test_google_is_named_in_five_files_or_fewer() -> None:
    """A provider is one row. Catalogs are not counted, since they translate what the files say."""
    files = [path for root in (PACKAGE, FUNCTIONS) for path in root.rglob("*") if path.is_file()]
    sources = [path for path in files if not {"__pycache__", "catalogs"} & {*path.parts}]
    naming = {
        named(path) for path in sources if "google" in f"{path.name} {path.read_text(encoding='utf-8')}".casefold()
    }

    assert naming == {
        "functions/google_callback/handler.py",
        "identity/oidc.py",
        "identity/providers.py",
        "pages/templates/google_mark.svg",
        "rules/providers.py",
    }


def routes_of(handler: Path) -> set[str]:
    """Return the paths that a handler answers, as it passes them to `web.handler_for`."""
    tree = parsed(handler)
    names = {
        ast.unparse(node.targets[0]): ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    return {
        names[key.id] if isinstance(key, ast.Name) else ast.literal_eval(key)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == "web.handler_for"
        and isinstance(node.args[0], ast.Dict)
        for key in node.args[0].keys
        if key
    }


@pytest.mark.parametrize("function", sorted(set(sam_template.routes().values()) - {"Admin", "Console", "Machine"}))
def test_a_function_answers_the_paths_that_the_template_leads_to_it_and_no_other(function: str) -> None:
    declared = {key for key, behind in sam_template.routes().items() if behind == function}

    written = routes_of(FUNCTIONS / sam_template.folder(function) / "handler.py")

    assert {key.partition(" ")[2] for key in declared - {"$default"}} == set(written)
    assert {f"ANY {path}" for path in written} <= declared, "no method of a path is left to another function"


def test_the_console_answers_the_paths_that_the_template_leads_to_it_and_no_other() -> None:
    declared = {key for key, behind in sam_template.routes().items() if behind == "Console"}

    answered = {f"ANY {path}" for path in (*PATHS.public, *PATHS.signed_in)}
    assert declared == answered, "`GROUPS` in `console/app.py` has every module with routes"


def test_one_function_answers_every_other_path() -> None:
    assert sam_template.routes()["$default"] == "Session"


def test_every_function_of_the_template_is_there_and_no_other() -> None:
    declared = {sam_template.folder(name) for name in sam_template.resources("AWS::Serverless::Function")}

    assert declared == {handler.parent.name for handler in HANDLERS}


def test_a_slug_can_never_hide_a_page_of_the_service_itself() -> None:
    own = {key.partition(" /")[2].partition("/")[0] for key in sam_template.routes() if key != "$default"}
    own |= {path.removeprefix("/admin/").partition("/")[0] for path in (*PATHS.public, *PATHS.signed_in)}

    assert {name for name in own if SLUG.fullmatch(name)} <= RESERVED_SLUGS


@pytest.mark.parametrize("function", sorted(sam_template.resources("AWS::Serverless::Function")))
def test_the_audit_is_only_ever_added_to(function: str) -> None:
    """B78"""
    actions = {action for action, table in sam_template.permissions(function) if table == "Events"}

    assert actions <= {"dynamodb:PutItem", "dynamodb:Query"}
