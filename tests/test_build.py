"""Tests of the output of `sam build`: compiled modules, and no unused files."""

import ast
import gzip
import importlib
import importlib.util
import json
import re
import runpy
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from local.stack import BUILD, RUNTIME
from tests.kit import sam_template
from tests.pages.test_qr_code import read as read_code

LAYERS = ("DependenciesLayer", "LatchkeyLayer", "ImagesLayer")
PYTHON = [BUILD / layer / "python" for layer in LAYERS]
DEPENDENCIES, PACKAGE, IMAGES = PYTHON[0], PYTHON[1] / "latchkey", PYTHON[2]
LEAN: dict[str, Any] = runpy.run_path(str(sam_template.PROJECT / "layers" / "dependencies" / "strip.py"))
UNCHECKED_HASH = 1
"""The flag of PEP 552 for a compiled module that is valid for any date of its source."""

MAX_UNZIPPED = 51_000_000
FUNCTIONS = sorted(sam_template.resources("AWS::Serverless::Function"))
FOR_CLIENTS = {"RequestLink", "RedeemLink", "Pin", "Session", "SendMail", "MailEvents"}
PAID_BY_OTHERS = {
    "aws_lambda_powertools", "pydantic", "cryptography", "google", "asyncio", "boto3", "babel",
    "email_validator", "idna",
}  # fmt: skip
"""Packages that only clinicians' requests, Google's responses and uncommon addresses need."""
ALLOWED = sys.stdlib_module_names | {
    "_jinja2_module_templates", "_sysconfigdata", "botocore", "handler", "jinja2", "latchkey", "markupsafe", "pynamodb",
    "typing_extensions",
}  # fmt: skip


def called() -> dict[str, set[str]]:
    """Return the services that the code calls, with their operations."""
    # Lambda itself reads the stream, in the role's name.
    permitted = {
        action
        for function in FUNCTIONS
        for action, resource in sam_template.permissions(function)
        if not resource.endswith("Stream")
    }
    items = {action.removeprefix("dynamodb:") for action in permitted if action.startswith("dynamodb:")}
    # PynamoDB makes these calls (a transaction needs the permissions of its parts)
    found = {"dynamodb": items | {"TransactGetItems", "TransactWriteItems"}}
    for source in (sam_template.PROJECT / "layers" / "latchkey" / "latchkey").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            match node:
                case ast.Call(call, [ast.Constant(str(service)), ast.Constant(str(operation))]):
                    pass
                case _:
                    continue
            if ast.unparse(call) in ("aws.call", "call"):
                found.setdefault(service, set()).add(operation)
    return found


@pytest.mark.parametrize("layer", PYTHON, ids=LAYERS)
def test_every_module_of_a_layer_is_compiled_for_good(layer: Path) -> None:
    """Packaging resets the dates of files, and functions cannot write compiled modules. So an outdated one would stay
    outdated.
    """
    sources = list(layer.rglob("*.py"))
    assert sources
    for source in sources:
        header = Path(importlib.util.cache_from_source(str(source))).read_bytes()[:16]
        assert header[:4] == importlib.util.MAGIC_NUMBER, source
        assert int.from_bytes(header[4:8], "little") == UNCHECKED_HASH, source
        assert header[8:] == importlib.util.source_hash(source.read_bytes()), source


def test_nothing_compiled_is_left_of_what_was_removed() -> None:
    for layer in PYTHON:
        for compiled in layer.rglob("*.pyc"):
            assert Path(importlib.util.source_from_cache(str(compiled))).exists(), compiled


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_function_ships_its_handler_and_nothing_compiled(function: str) -> None:
    """Python compiles it in a millisecond (docs/decisions/0010)."""
    assert {path.name for path in (BUILD / function).rglob("*")} == {"handler.py"}


def test_botocore_knows_what_is_called_and_nothing_else() -> None:
    shipped = {}
    for model in (DEPENDENCIES / "botocore" / "data").glob("*/*/service-2.json.gz"):
        operations = set(json.loads(gzip.decompress(model.read_bytes()))["operations"])
        shipped[model.parent.parent.name] = operations

    assert shipped == LEAN["SERVICES"] == called()


def test_nothing_of_urllib3_asks_for_http2_but_whether_it_is_there() -> None:
    for source in (DEPENDENCIES / "urllib3").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and "http2" in (node.module or ""):
                assert [alias.name for alias in node.names] == ["probe"], source


def test_botocore_knows_where_these_services_answer_in_every_partition() -> None:
    partitions = json.loads((DEPENDENCIES / "botocore" / "data" / "endpoints.json").read_text())["partitions"]

    assert {part["partition"] for part in partitions} >= {"aws", "aws-us-gov"}
    assert set(partitions[0]["services"]) == {
        *("codedeploy", "cognito-idp", "dynamodb", "email", "events", "secretsmanager", "sqs"),
    }


def test_calls_to_aws_trust_only_the_roots_of_aws() -> None:
    bundle = (DEPENDENCIES / "botocore" / "cacert.pem").read_text()

    assert bundle.count("-----BEGIN CERTIFICATE-----") == len(LEAN["ROOTS"])
    assert all(f"# {name}\n" in bundle for name in LEAN["ROOTS"])
    assert not (DEPENDENCIES / "certifi").exists()  # botocore would prefer it


def test_the_stand_in_for_botocore_docs_has_every_imported_name() -> None:
    docs = DEPENDENCIES / "botocore" / "docs"
    offered = {f"botocore.docs.{path.stem}": set(runpy.run_path(str(path))) for path in docs.glob("*.py")}
    for source in (DEPENDENCIES / "botocore").rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("botocore.docs."):
                assert {alias.name for alias in node.names} <= offered[str(node.module)], source


def test_the_layers_draw_a_qr_code_by_themselves() -> None:
    """The test uses the parts of the encoder in the layers, and no package of the development environment."""
    code = "from latchkey.pages.qr_code import qr_code; print(qr_code('https://portal.example.com/willow', 'Code'))"
    python, path = [sys.executable, "-S", "-c", code], f"{DEPENDENCIES}:{PACKAGE.parent}"
    ran = subprocess.run(python, capture_output=True, text=True, check=True, env={"PYTHONPATH": path})  # noqa: S603

    assert read_code(ran.stdout) == ["https://portal.example.com/willow"]
    assert not (DEPENDENCIES / "segno" / "cli.py").exists()


def test_pynamodb_can_still_make_its_own_client() -> None:
    """With what the build changed in it. Our functions give it another one, and never load botocore's."""
    code = (
        "import sys; from pynamodb.connection import Connection; early = 'botocore.client' in sys.modules\n"
        "print(early, Connection(region='us-east-1').client.meta.service_model.service_name)"
    )
    assert run(code).split() == ["False", "dynamodb"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_function_loads_the_client_of_botocore(function: str) -> None:
    """It takes as long as everything else that a function for clients loads."""
    printed = run("import handler, sys; print('botocore.client' in sys.modules)", BUILD / function)

    assert printed == "False\n"


MAX_IMAGES_UNZIPPED = 15_000_000


def test_the_layer_of_images_decodes_png_and_jpeg_and_is_small() -> None:
    """The test uses the libraries in the layer, and no package of the development environment."""
    code = (
        "import io, sys; from PIL import Image\n"
        "for kind in ('PNG', 'JPEG'):\n"
        "    file = io.BytesIO(); Image.new('RGB', (9, 9)).save(file, kind); Image.open(file, formats=[kind]).load()\n"
        "print(Image.__file__)"
    )
    python = [sys.executable, "-S", "-c", code]
    ran = subprocess.run(python, capture_output=True, text=True, check=True, env={"PYTHONPATH": str(IMAGES)})  # noqa: S603

    assert ran.stdout.startswith(str(IMAGES))
    assert sum(path.stat().st_size for path in IMAGES.rglob("*") if path.is_file()) < MAX_IMAGES_UNZIPPED
    assert list(IMAGES.glob("pillow-*.dist-info/**/LICENSE"))


def test_every_licence_is_shipped() -> None:
    described = sorted(DEPENDENCIES.glob("*.dist-info"))

    assert described
    for folder in described:
        assert (folder / "METADATA").exists()


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_methods_of_every_dataclass_are_compiled_in_the_build_as_python_would_compile_them(function: str) -> None:
    printed = run(EVERY_TEXT, BUILD / function)
    own, others = printed.splitlines()

    assert int(own) > 20  # the settings, the refusals and some rules are in each function
    assert others == "[]"


EVERY_TEXT = r"""
import dataclasses, latchkey
taken, texts, others = dataclasses.exec, [], []
def execute(text, names, defined):
    texts.append(text) if names["__name__"].startswith("latchkey") else None
    taken(text, names, defined)
    usual = {}
    exec(compile(text, "<string>", "exec"), names, usual)
    if defined["__create_fn__"].__code__ != usual["__create_fn__"].__code__:
        others.append(text)
dataclasses.exec = execute
import handler
from latchkey import compiled_dataclasses
index = compiled_dataclasses.index(open(compiled_dataclasses.FILE, "rb", buffering=0))
others += [text for text in texts if compiled_dataclasses.digest(text) not in index]
print(len(texts), others, sep="\n")
"""
"""Compares the code that each dataclass takes with what Python makes of its text. Prints the number of texts, and those
that differ or have no compiled code."""


def test_code_for_another_version_of_python_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "dataclasses.bin").write_bytes(b"3.12" + b"not for this one")
    printed = run(
        "import dataclasses, latchkey; from latchkey import compiled_dataclasses\n"
        f"del dataclasses.exec; compiled_dataclasses.FILE = {str(tmp_path / 'dataclasses.bin')!r}\n"
        "compiled_dataclasses.use(); print(hasattr(dataclasses, 'exec'))"
    )

    assert printed == "False\n"


@pytest.mark.parametrize("package", ["pages", "mail"])
def test_every_template_is_compiled(package: str) -> None:
    sources = [path for path in (PACKAGE / package / "templates").iterdir() if path.suffix != ".css"]

    assert len(list((PACKAGE / package / "compiled").glob("tmpl_*.py"))) == len(sources)


def test_the_dependencies_are_as_small_as_promised() -> None:
    files = [path for path in DEPENDENCIES.rglob("*") if path.is_file()]

    assert sum(path.stat().st_size for path in files) <= MAX_UNZIPPED


def run(code: str, folder: Path = BUILD) -> str:
    """Return the output of this code in the runtime of functions."""
    environment = {
        "PYTHONPATH": ":".join(map(str, PYTHON)),
        "AWS_REGION": "us-east-1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(  # noqa: S603 - our own code
        [RUNTIME, "-c", code], cwd=folder, env=environment, capture_output=True, text=True, check=True
    ).stdout


def loaded(function: str) -> set[str]:
    """Return the packages that a function loads when it starts."""
    printed = run(
        "import awslambdaric.bootstrap, sys; early = set(sys.modules); import handler; print(*{*sys.modules} - early)",
        BUILD / function,
    )
    # jinja2 numbers the modules of its loaders, and Python has a module named after its platform
    return {re.sub("_[0-9a-f]{9,}$|__linux_.*$", "", name.partition(".")[0]) for name in printed.split()}


@pytest.mark.parametrize("function", sorted(FOR_CLIENTS))
def test_a_function_for_clients_loads_nothing_that_only_others_need(function: str) -> None:
    """Loading a package takes time at every cold start."""
    packages = loaded(function)

    assert not PAID_BY_OTHERS & packages
    assert packages <= ALLOWED


@pytest.mark.parametrize("front", LEAN["LAZY_PACKAGES"])
def test_a_package_that_loads_its_modules_when_requested_has_all_the_names_it_had(front: str) -> None:
    stock = importlib.import_module(front.replace("/", "."))
    printed = run(
        f"import {stock.__name__} as front; print(*[name for name in {stock.__all__} if getattr(front, name)])"
    )

    assert printed.split() == list(stock.__all__)


def test_the_clinicians_function_loads_no_router_of_other_services() -> None:
    assert "asyncio" not in loaded("Admin")
