"""Takes out of the layer what no function ever reads: `python3.13 lean.py FOLDER` (docs/decisions/0010).

What is left out must be known never to be asked for; `tests/test_build.py` holds this file against the code.
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
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    },
    "secretsmanager": {"GetSecretValue"},
    "sesv2": {"SendEmail"},
    "sqs": {"SendMessage"},
}
"""The AWS services that the functions call, as botocore names them, and which of their operations. Of any other service
botocore says that it is unknown, and of any other operation that there is no model of it."""

NEVER_IMPORTED = ("bin", "cffi", "dns", "pycparser")
"""Commands; what compiles C for cffi (its backend stays); and what asks name servers about addresses, which
email-validator is told not to."""

LAZY_PACKAGES = (
    "aws_lambda_powertools",
    "aws_lambda_powertools/event_handler",
    "aws_lambda_powertools/utilities/data_classes",
)
"""Packages that load all their modules at once, for names of which one or two are used."""

RUNTIME_LOOKUPS = """

_MODULES = {modules!r}


def __getattr__(name):
    if name not in _MODULES:
        raise AttributeError(f"module {{__name__!r}} has no attribute {{name!r}}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return value
"""
"""Loads a module when one of its names is asked for (PEP 562)."""

HTTP2 = '"""Stands in for HTTP/2, which nobody here speaks: it looks for its library among all that is installed."""\n'

DOCSTRINGS = '''"""Stands in for what writes documentation of clients: 25 modules, for docstrings that nobody reads."""


class _Unwritten(str):
    __slots__ = ()

    def __new__(cls, *_: object, **__: object) -> "_Unwritten":
        return super().__new__(cls)


ClientMethodDocstring = PaginatorDocstring = WaiterDocstring = _Unwritten
'''

UNUSED_FILES = re.compile(r"\.(pyi|pyx|pxd|c|h|typed)$|/tests?/|/examples-1\.json")

KEPT_OF_METADATA = re.compile(r"METADATA|(.*/)?(LICEN[CS]E|NOTICE|COPYING|AUTHORS)[^/]*", re.IGNORECASE)
"""Versions and licences."""

ROOTS = (
    "Amazon Root CA 1",
    "Amazon Root CA 2",
    "Amazon Root CA 3",
    "Amazon Root CA 4",
    "Starfield Services Root Certificate Authority - G2",
)
"""Amazon Trust Services' roots, of which all AWS endpoints have their certificates
(https://www.amazontrust.com/repository/)."""

CERTIFICATE = re.compile(r'# Label: "(.+)"\n(?:#.*\n)*(-----BEGIN CERTIFICATE-----\n[^-]+-----END CERTIFICATE-----\n)')


def main(layer: Path) -> None:
    """Make the layer in this folder lean."""
    for name in NEVER_IMPORTED:
        shutil.rmtree(layer / name, ignore_errors=True)
    _drop_superfluous(layer)
    _drop_docstrings(layer / "botocore" / "docs")
    _drop_http2(layer / "urllib3" / "http2")
    for package in LAZY_PACKAGES:
        _make_lazy(layer / package / "__init__.py")
    _keep_services(layer / "botocore" / "data")
    _keep_roots(layer / "botocore" / "cacert.pem")
    for folder in sorted((path for path in layer.rglob("*") if path.is_dir()), reverse=True):
        if not any(folder.iterdir()):
            folder.rmdir()


def _drop_superfluous(layer: Path) -> None:
    for file in [path for path in layer.rglob("*") if path.is_file()]:
        package, _, rest = file.relative_to(layer).as_posix().partition("/")
        described = package.endswith(".dist-info")
        if rest and not (KEPT_OF_METADATA.fullmatch(rest) if described else not UNUSED_FILES.search(f"/{rest}")):
            file.unlink()


def _drop_docstrings(docs: Path) -> None:
    """What `botocore.handlers` imports from there stays: `docs.utils`."""
    shutil.rmtree(docs / "bcdoc")
    for file in docs.glob("*.py"):
        if file.name != "utils.py":
            file.unlink()
    (docs / "__init__.py").touch()
    (docs / "docstring.py").write_text(DOCSTRINGS, encoding="utf-8")


def _drop_http2(http2: Path) -> None:
    """What `urllib3.connection` imports from there stays: `http2.probe`."""
    (http2 / "connection.py").unlink()
    (http2 / "__init__.py").write_text(HTTP2, encoding="utf-8")


def _make_lazy(front: Path) -> None:
    """Have a package load its modules when their names are asked for; those that it uses itself, as before."""
    body = ast.parse(front.read_text(encoding="utf-8")).body
    imports = [node for node in body if isinstance(node, ast.ImportFrom) and _own(node, front.parent.name)]
    others = [node for node in body if node not in imports]
    used = {part.id for node in others for part in ast.walk(node) if isinstance(part, ast.Name)}
    modules = {}
    for node in imports:
        later = [alias for alias in node.names if alias.name not in used]
        modules |= {alias.name: "." * node.level + str(node.module) for alias in later}
        node.names = [alias for alias in node.names if alias not in later]
    body = [node for node in body if not (isinstance(node, ast.ImportFrom) and not node.names)]
    front.write_text(ast.unparse(ast.Module(body, [])) + RUNTIME_LOOKUPS.format(modules=modules), encoding="utf-8")


def _own(node: ast.ImportFrom, package: str) -> bool:
    return node.level > 0 or package in str(node.module).split(".")


def _keep_services(data: Path) -> None:
    """Of each service its newest version, without the words about it; and where these services answer."""
    prefixes = set()
    for service in [path for path in data.iterdir() if path.is_dir()]:
        *older, newest = sorted(service.iterdir())
        if service.name not in SERVICES:
            shutil.rmtree(service)
            continue
        for version in older:
            shutil.rmtree(version)
        for file in newest.glob("*.json.gz"):
            model = _undocumented(json.loads(gzip.decompress(file.read_bytes())))
            if file.name == "service-2.json.gz":
                _keep_operations(model, SERVICES[service.name])
                prefixes.add(model["metadata"]["endpointPrefix"])
            file.write_bytes(gzip.compress(_packed(model), mtime=0))
    file = data / "endpoints.json"
    endpoints = json.loads(file.read_bytes())
    for partition in endpoints["partitions"]:
        partition["services"] = {name: told for name, told in partition["services"].items() if name in prefixes}
    file.write_bytes(_packed(endpoints))


def _keep_operations(model: dict[str, Any], called: set[str]) -> None:
    """Of a service's model the operations that are called, and the shapes that they or errors are made of."""
    shapes = model["shapes"]
    model["operations"] = {name: told for name, told in model["operations"].items() if name in called}
    kept = {name for name, shape in shapes.items() if shape.get("exception")}
    new = kept | _named(model["operations"])
    while new:
        kept |= new
        new = _named([shapes[name] for name in new]) - kept
    model["shapes"] = {name: shape for name, shape in shapes.items() if name in kept}


def _named(told: Any) -> set[str]:
    """The shapes that part of a model names."""
    if isinstance(told, list):
        return set().union(*map(_named, told))
    if isinstance(told, dict):
        own = {told["shape"]} if isinstance(told.get("shape"), str) else set()
        return own.union(*map(_named, told.values()))
    return set()


def _undocumented(model: Any) -> Any:
    if isinstance(model, list):
        return [_undocumented(part) for part in model]
    if isinstance(model, dict):
        # A member of a structure may be called so too; it is no string.
        told = (item for item in model.items() if item[0] != "documentation" or not isinstance(item[1], str))
        return {name: _undocumented(part) for name, part in told}
    return model


def _packed(document: Any) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()


def _keep_roots(bundle: Path) -> None:
    """Trust, for calls to AWS, whom AWS is signed by: parsing all the world's roots costs every new connection."""
    known = dict(CERTIFICATE.findall(bundle.read_text(encoding="utf-8")))
    bundle.write_text("".join(f"# {name}\n{known[name]}" for name in ROOTS), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
