"""Tests of the layout of the code, its vocabulary, and lists that have to agree."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from pathlib import Path
from typing import Any

import pytest

from latchkey.console.app import PATHS
from latchkey.http import problems
from latchkey.http.requests import Request
from latchkey.rules import events, limits, refusals
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.rules.refusals import Refusal
from latchkey.rules.times import millis
from latchkey.store.practices import SLUG
from latchkey.web import refusals as web_refusals
from tests.kit import sam_template
from tests.kit.clock import NOON
from tests.kit.seed import WILLOW

PACKAGE = sam_template.PROJECT / "layers" / "latchkey" / "latchkey"
FUNCTIONS = sam_template.PROJECT / "functions"
OWN = [PACKAGE, FUNCTIONS, sam_template.PROJECT / "local"]
SOURCES = sorted(PACKAGE.rglob("*.py"))
HANDLERS = sorted(FUNCTIONS.glob("*/handler.py"))
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


def named(path: Path) -> str:
    """Return a path as the architecture document writes it."""
    return str(path.relative_to(PACKAGE if PACKAGE in path.parents else sam_template.PROJECT))


def parsed(path: Path) -> ast.Module:
    """Return the syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(statements: list[ast.stmt]) -> Iterator[str]:
    """Yield the top-level names of the modules that statements import."""
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module:
            yield statement.module.partition(".")[0]


# ── layout of the code ──


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


# ── vocabulary ──

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


# ── routes ──


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

    assert declared == {f"ANY {path}" for path in (*PATHS.public, *PATHS.signed_in)}


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


# ── refusals ──


def leaves(family: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield the refusals that have no subclass."""
    for member in family.__subclasses__():
        yield from leaves(member) if member.__subclasses__() else [member]


REFUSALS = sorted(leaves(Refusal), key=lambda refusal: refusal.__name__)
TO_CLINICIANS = {
    "AccessAddress", "AddressChangeUnconfirmed", "AddressSuppressed", "AlreadySignedIn", "ConsentMissing", "EmailInUse",
    "ExternalIdInUse", "SubjectRequired", "UserPoolMissing", "MemberElsewhere", "OwnAddressUnknown",
    "IdempotencyInProgress", "IdempotencyKeyReused", "LetterInvalid", "NoAccess", "OpenedByOthers", "RecordNotFound",
    "RoleMissing", "SupportCodeUnknown", "TokenRefused", "ValueRefused", "NotAMember", "FormExpired",
    "TooManyCredentials", "TooManyWebhooks", "ImportInvalid", "TooManyImports",
}  # fmt: skip
"""Refusals that only the clinicians' API and the console give, so clients' pages have no text for them."""
SAMPLES: dict[str, Any] = {
    "until": NOON + 90,
    "allowed": ("GET", "HEAD"),
    "current": "Lee Park",
    "masked": "a•••@example.com",
    "errors": (("body.links.documents", "A link begins with https://"),),
    "people": (refusals.Opener("01KJTEST000000000000000000", "Lee Park", "lee@example.com", "guardian"),),
}


def raised(refusal: type[Refusal]) -> Refusal:
    """Return a refusal with sample facts."""
    carried: tuple[Field[Any], ...] = fields(refusal) if is_dataclass(refusal) else ()
    return refusal(**{fact.name: SAMPLES.get(fact.name, "x") for fact in carried if fact.default is MISSING})


def request(accept: str, language: Language, route: str = "/{practice}/sign-in") -> Request:
    """Return the request of a form that was sent to Willow."""
    return Request(
        method="POST",
        route=route,
        path=route.replace("{practice}", "willow"),
        path_parameters={"practice": "willow"},
        raw_query="",
        headers={"accept": accept},
        cookies=(),
        raw_body="",
        is_base64=False,
        source_ip="203.0.113.7",
        host="portal.example.com",
        now_ms=millis(NOON),
        support_code="K7M-4QX",
        origin="https://portal.example.com",
        practice=WILLOW,
        language=language,
    )


def test_every_refusal_has_a_status_and_a_code() -> None:
    assert set(REFUSALS) == set(problems.PROBLEMS)
    assert {refusal.__name__ for refusal in REFUSALS} >= TO_CLINICIANS


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_page_and_a_problem_document(refusal: type[Refusal], language: Language) -> None:
    """B123"""
    expected, at = problems.PROBLEMS[refusal], "/{practice}/sign-in"
    if refusal.__name__.startswith("Pin"):
        at = "/{practice}/pin"
    elif issubclass(refusal, refusals.ProviderRefused):
        at = "/google/callback"
    problem = web_refusals.to_response(request("application/json", language, at), raised(refusal))
    assert (problem.status, problem.media_type) == (expected.status, "application/problem+json")
    assert f'"code": "{expected.code.format(provider="google")}"' in problem.body
    if refusal.__name__ in TO_CLINICIANS:
        return
    page = web_refusals.to_response(request("text/html", language, at), raised(refusal))
    if refusal is refusals.SignedOut:
        assert (page.status, page.headers["location"]) == (303, "/willow/sign-in")
    else:
        assert page.status == (200 if refusal is refusals.AccountSwitchRefused else expected.status)
        assert f'<html lang="{language}"' in page.body


def test_what_is_refused_for_a_while_says_for_how_long() -> None:
    for refusal in (refusals.RateLimited(NOON + 90, "ask_source"), refusals.Unavailable()):
        for accept in ("text/html", "application/json"):
            assert int(web_refusals.to_response(request(accept, "en"), refusal).headers["retry-after"]) > 0


CONTRACT = {
    "email_invalid", "email_unknown", "wait", "link_expired", "link_used", "link_replaced", "link_unknown",
    "origin_refused", "body_invalid", "body_too_large", "opened_by_others", "no_mail_possible",
}  # fmt: skip


def test_the_codes_that_programs_rely_on_are_stored() -> None:
    assert {one.code for one in problems.PROBLEMS.values()} >= CONTRACT


def test_every_limit_can_be_named_in_the_audit() -> None:
    policies = [limit for limit in vars(limits).values() if isinstance(limit, limits.Limit)]

    assert all(re.fullmatch(r"[a-z_]+", limit.name) for limit in policies)
    assert all(re.fullmatch(r"[a-z_]+", kind) for kind in events.EventKind)
