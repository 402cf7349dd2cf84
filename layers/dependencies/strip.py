"""Remove unused files from the dependencies layer: `python3.13 strip.py FOLDER` (docs/decisions/0010).

A removed file must never be needed by any function. `tests/test_build.py` compares this file with the code.
"""

import ast
import gzip
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

SERVICES: dict[str, set[str]] = {
    "dynamodb": {
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    },
    "codedeploy": {"PutLifecycleEventHookExecutionStatus"},
    "cognito-idp": {
        "AdminCreateUser",
        "AdminDeleteUser",
        "AdminGetUser",
        "DescribeUserPoolClient",
        "ListUserPoolClients",
    },
    "events": {"PutEvents"},
    "secretsmanager": {"GetSecretValue"},
    "sesv2": {"SendEmail"},
    "sqs": {"SendMessage"},
}
"""AWS services and operations that the functions call, by botocore's names.

The layer has no model of any other service or operation, so botocore refuses to call them.
"""

NEVER_IMPORTED = ("bin", "cffi", "dns", "pycparser")
"""Folders that no function imports: commands, the C compiler of cffi (its backend stays), and dnspython.

email-validator imports dnspython only to check domains in DNS. Latchkey switches that check off.
"""

LAZY_PACKAGES = (
    "aws_lambda_powertools",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/data_classes",
    "google/auth",
    "cryptography/hazmat/primitives/serialization",
)
"""Packages whose `__init__.py` imports all their modules, of which the functions use one or two."""

RUNTIME_LOOKUPS = """

_MODULES = {modules!r}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return value
"""
"""Code that imports a module at the first access to one of its names (PEP 562)."""

HTTP2 = '"""Replaces HTTP/2 support, which is unused. The original searches all packages for its library."""\n'

WRITERS = '"""Replaces the writers of pictures, which are unused. Pages write their own SVG."""\n'

DOCSTRINGS = '''"""Replaces 25 modules that generate docstrings of clients, which nobody reads."""


class _Unwritten(str):
    __slots__ = ()

    def __new__(cls, *_: object, **__: object) -> "_Unwritten":
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = _Unwritten
'''

REPLACED = {
    "pynamodb/connection/_botocore_private.py": """\
\"\"\"Replaces the types of botocore's client, which only annotations name.\"\"\"

BotocoreBaseClientPrivate = object
""",
    "pydantic/plugin/_loader.py": """\
\"\"\"Replaces the search of all packages for plugins of pydantic. There are none.\"\"\"


def get_plugins():
    return ()
""",
}
"""Modules that are replaced whole."""

IMPORTED_LATE = {
    "pynamodb/connection/base.py": (
        ("import botocore.config\nimport botocore.client\n", ""),
        ("from botocore.client import ClientError\n", "from botocore.exceptions import ClientError\n"),
        ("from botocore.session import get_session\n", ""),
        ("def session(self) -> botocore.session.Session:", "def session(self):"),
        (
            " self._local.session = get_session()",
            " from botocore.session import get_session; self._local.session = get_session()",
        ),
        (" config = botocore.client.Config(", " from botocore.config import Config; config = Config("),
    ),
    "google/auth/jwt.py": (("    from google.auth.crypt import es\n", "    es = None\n"),),
    "google/auth/crypt/__init__.py": (
        ("from google.auth.crypt import base, es, es256, rsa\n", "from google.auth.crypt import base, rsa\n"),
        ("EsSigner = es.EsSigner\nEsVerifier = es.EsVerifier\n", ""),
        ("ES256Signer = es256.ES256Signer\nES256Verifier = es256.ES256Verifier\n", ""),
    ),
    "google/auth/crypt/_cryptography_rsa.py": (
        ("import cryptography.x509\n", ""),
        ("from cryptography.hazmat import backends\n", ""),
        ("_BACKEND = backends.default_backend()\n", "_BACKEND = None\n"),
        (" cert = cryptography.x509.load", " import cryptography.x509; cert = cryptography.x509.load"),
    ),
    "google/auth/_regional_access_boundary_utils.py": (
        ("import asyncio\n", ""),
        (" self._worker_task = asyncio.", " import asyncio; self._worker_task = asyncio."),
    ),
    "aws_lambda_powertools/package_logger.py": (
        ("from aws_lambda_powertools.logging.logger import set_package_logger\n", ""),
        (
            " return set_package_logger(",
            " from aws_lambda_powertools.logging.logger import set_package_logger; return set_package_logger(",
        ),
    ),
}
"""Changes by which modules import others when they use them, or not at all.

PynamoDB makes a client of botocore, which ours never do. Powertools writes a log of its own if `POWERTOOLS_DEBUG` is
set. google-auth reads keys in certificates too, and refreshes credentials of servers. It verifies ECDSA, for which
`jwks.py` keeps no key, and names a backend, which cryptography ignores. Both are removed.
"""

TYPED_DICTS = "pydantic_core/core_schema.py"
"""A module with 79 classes that only annotations name. Python takes 14 ms to make them."""

UNUSED_FILES = re.compile(r"\.(pyi|pyx|pxd|c|h|typed)$|/tests?/|/examples-1\.json")

REQUIRED_METADATA = re.compile(r"METADATA|(.*/)?(LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*", re.IGNORECASE)
"""Files of a `.dist-info` folder that stay: version and licence."""

ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
"""Root certificates of Amazon Trust Services, which sign all AWS endpoints (https://www.amazontrust.com/repository/)."""

CERTIFICATE = re.compile(r'# Label: "(.+)"\n(?:#.*\n)*(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n)')


def main(layer: Path) -> None:
    """Remove unused files from the layer in this folder."""
    for name in NEVER_IMPORTED:
        shutil.rmtree(layer / name, ignore_errors=True)
    _remove_unused_files(layer)
    _remove_docstrings(layer / "botocore" / "docs")
    _remove_http2(layer / "urllib3" / "http2")
    _remove_writers(layer / "segno")
    _change_modules(layer)
    for package in LAZY_PACKAGES:
        _make_lazy(layer / package / "__init__.py")
    _remove_typed_dicts(layer / TYPED_DICTS)
    _keep_services(layer / "botocore" / "data")
    _keep_roots(layer / "botocore" / "cacert.pem")
    for folder in sorted((path for path in layer.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _remove_unused_files(layer: Path) -> None:
    for file in [path for path in layer.rglob("*") if path.is_file()]:
        package, _, rest = file.relative_to(layer).as_posix().partition("/")
        is_metadata = package.endswith(".dist-info")
        if rest and not (REQUIRED_METADATA.fullmatch(rest) if is_metadata else not UNUSED_FILES.search(f"/{rest}")):
            file.unlink()


def _remove_docstrings(docs: Path) -> None:
    """Remove `botocore.docs` except for `docs.utils`, which `botocore.handlers` imports."""
    shutil.rmtree(docs / "bcdoc")
    for file in docs.glob("*.py"):
        if file.name != "utils.py":
            file.unlink()
    (docs / "__init__.py").touch()
    (docs / "docstring.py").write_text(DOCSTRINGS, encoding="utf-8")


def _remove_http2(http2: Path) -> None:
    """Remove `urllib3.http2` except for `http2.probe`, which `urllib3.connection` imports."""
    (http2 / "connection.py").unlink()
    (http2 / "__init__.py").write_text(HTTP2, encoding="utf-8")


def _remove_writers(segno: Path) -> None:
    """Remove the command line of `segno`, its helpers, and its writers, whose module `segno` imports."""
    (segno / "cli.py").unlink()
    (segno / "helpers.py").unlink()
    (segno / "writers.py").write_text(WRITERS, encoding="utf-8")


def _change_modules(layer: Path) -> None:
    """Replace modules, and let others import late.

    :raises ValueError: a module is not the one that the change was written for.
    """
    for name, text in REPLACED.items():
        (layer / name).read_text(encoding="utf-8")  # it must be there
        (layer / name).write_text(text, encoding="utf-8")
    for name, changes in IMPORTED_LATE.items():
        source = (layer / name).read_text(encoding="utf-8")
        for before, after in changes:
            if source.count(before) != 1:
                raise ValueError(f"{name} has not one {before!r}")
            source = source.replace(before, after)
        (layer / name).write_text(source, encoding="utf-8")


def _make_lazy(init: Path) -> None:
    """Rewrite an `__init__.py`, so that the package imports its modules lazily. Imports that it uses itself stay."""
    body = ast.parse(init.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and _is_inside(node, init.parent.name)]
    others = [node for node in body if node not in imports]
    used = {part.id for node in others for part in ast.walk(node) if isinstance(part, ast.Name)}
    modules = {}
    for node in imports:
        later = [alias for alias in node.names if (alias.asname or alias.name) not in used]
        modules |= {alias.name: "." * node.level + str(node.module) for alias in later}
        node.names = [alias for alias in node.names if alias not in later]
    body = [node for node in body if not (isinstance(node, ast.ImportFrom) and not node.names)]
    init.write_text(ast.unparse(ast.Module(body, [])) + RUNTIME_LOOKUPS.format(modules=modules), encoding="utf-8")


def _remove_typed_dicts(module: Path) -> None:
    """Replace each `TypedDict` of a module by `dict`, which it is when the module runs.

    :raises ValueError: the module has none.
    """
    tree = ast.parse(module.read_text(encoding="utf-8"))
    removed = {"TypedDict"}
    for place, node in enumerate(tree.body):
        if isinstance(node, ast.ClassDef) and any(
            isinstance(base, ast.Name) and base.id in removed for base in node.bases
        ):
            removed.add(node.name)
            tree.body[place] = ast.Assign([ast.Name(node.name, ast.Store())], ast.Name("dict", ast.Load()), lineno=0)
    if len(removed) == 1:
        raise ValueError(f"{module} has no TypedDict")
    module.write_text(ast.unparse(tree), encoding="utf-8")


def _is_inside(node: ast.ImportFrom, package: str) -> bool:
    return node.level > 0 or package in str(node.module).split(".")


def _keep_services(data: Path) -> None:
    """Keep the newest model of each service in `SERVICES`, without documentation, and the services' endpoints."""
    prefixes = set()
    for service in [path for path in data.iterdir() if path.is_dir()]:
        *older, newest = sorted(service.iterdir())
        if service.name not in SERVICES:
            shutil.rmtree(service)
            continue
        for version in older:
            shutil.rmtree(version)
        for file in newest.glob("*.json.gz"):
            model = _without_documentation(json.loads(gzip.decompress(file.read_bytes())))
            if file.name == "service-2.json.gz":
                _keep_operations(model, SERVICES[service.name])
                prefixes.add(model["metadata"]["endpointPrefix"])
            file.write_bytes(gzip.compress(_compact_json(model), mtime=0))
    file = data / "endpoints.json"
    endpoints = json.loads(file.read_bytes())
    for partition in endpoints["partitions"]:
        services = partition["services"].items()
        partition["services"] = {name: endpoint for name, endpoint in services if name in prefixes}
    file.write_bytes(_compact_json(endpoints))


def _keep_operations(model: dict[str, Any], called: set[str]) -> None:
    """Keep the called operations of a service's model, and the shapes that these operations and errors refer to."""
    shapes = model["shapes"]
    model["operations"] = {name: operation for name, operation in model["operations"].items() if name in called}
    reachable = {name for name, shape in shapes.items() if shape.get("exception")}
    new = reachable | _shapes_in(model["operations"])
    while new:
        reachable |= new
        new = _shapes_in([shapes[name] for name in new]) - reachable
    model["shapes"] = {name: shape for name, shape in shapes.items() if name in reachable}


def _shapes_in(part: Any) -> set[str]:
    """Return the names of the shapes that part of a model refers to."""
    if isinstance(part, list):
        return set().union(*map(_shapes_in, part))
    if isinstance(part, dict):
        names = {part["shape"]} if isinstance(part.get("shape"), str) else set()
        return names.union(*map(_shapes_in, part.values()))
    return set()


def _without_documentation(model: Any) -> Any:
    if isinstance(model, list):
        return [_without_documentation(part) for part in model]
    if isinstance(model, dict):
        # A member of a structure may also be named "documentation". Its value is no string.
        fields = (item for item in model.items() if item[0] != "documentation" or not isinstance(item[1], str))
        return {name: _without_documentation(part) for name, part in fields}
    return model


def _compact_json(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _keep_roots(bundle: Path) -> None:
    """Keep only Amazon's root certificates, because every new connection parses the whole bundle."""
    certificates = dict(CERTIFICATE.findall(bundle.read_text(encoding="utf-8")))
    bundle.write_text("".join(f"# {name}\n{certificates[name]}" for name in ROOTS), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
