"""The artifact of `sam build`, laid out as Lambda unpacks it, and its size."""

import importlib.util
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.stack import PROJECT
from tests.kit import sam_template

BUILD = PROJECT / ".aws-sam" / "bench"
SAM = PROJECT / ".tools" / "sam" / "bin" / "sam"
BASELINE_PACKAGES = PROJECT / ".venv" / "lib" / "python3.13" / "site-packages"
"""Installed packages, with botocore in the version of the layer, but unmodified."""
LAYERS = ("DependenciesLayer", "LatchkeyLayer")
PACKAGED_AT = 315532800
"""1980-01-01: the date of all files in an archive, so that the same content has the same digest."""

TIMESTAMPED = 0
CHECKED_HASH = 0b11


@dataclass(frozen=True, slots=True)
class Artifact:
    """An artifact on disk: functions and layers."""

    functions: Path
    """Folder with one folder for each function, named by logical id."""
    modules: Path
    """Folder with the modules of both layers, as /opt/python."""


@dataclass(frozen=True, slots=True)
class Size:
    """The size of a layer, in bytes."""

    zipped: int
    unzipped: int


def build() -> None:
    """Build the stack for this machine's processor."""
    processor = "arm64" if os.uname().machine in {"arm64", "aarch64"} else "x86_64"
    command: list[str | Path] = [SAM, "build", "--config-env", "local", "--build-dir", BUILD]
    path = f"{PROJECT / '.tools' / 'python' / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        [*command, "--parameter-overrides", f"Architecture={processor}"],
        cwd=PROJECT,
        env=os.environ | {"PATH": path, "SAM_CLI_TELEMETRY": "0"},
        check=True,
        capture_output=True,
    )


def unpacked(to: Path, *, dated: bool, extra_ca: Path | None = None) -> Artifact:
    """Copy the build to a folder. Return the copy.

    With `dated`, files have the date that packaging gives them. Calls to AWS trust `extra_ca`, a certificate.
    """
    for layer in LAYERS:
        shutil.copytree(BUILD / layer / "python", to / "opt", dirs_exist_ok=True)
    for function in sam_template.resources("AWS::Serverless::Function"):
        shutil.copytree(BUILD / function, to / function)
    if extra_ca:
        with (to / "opt" / "botocore" / "cacert.pem").open("a") as bundle:
            bundle.write(extra_ca.read_text())
    if dated:
        for file in to.rglob("*"):
            os.utime(file, (PACKAGED_AT, PACKAGED_AT))
    return Artifact(to, to / "opt")


def stale(artifact: Artifact) -> list[Path]:
    """Return the modules that Lambda would compile at every cold start."""
    return [file for file in artifact.functions.rglob("*.py") if not _valid(file, artifact)]


def _valid(source: Path, artifact: Artifact) -> bool:
    compiled = Path(importlib.util.cache_from_source(str(source)))
    if not compiled.exists():
        # A handler is compiled when it starts, which takes a millisecond.
        return artifact.modules not in source.parents
    header = compiled.read_bytes()[:16]
    flags = int.from_bytes(header[4:8], "little")
    if header[:4] != importlib.util.MAGIC_NUMBER or flags == CHECKED_HASH:
        return False
    return flags != TIMESTAMPED or int.from_bytes(header[8:12], "little") == int(source.stat().st_mtime)


def size(layer: str, folder: Path) -> Size:
    """Return the size of a layer, zipped and unzipped."""
    files = list(_files(BUILD / layer))
    archive = folder / f"{layer}.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for file in files:
            packed.write(file, file.relative_to(BUILD / layer))
    return Size(archive.stat().st_size, sum(file.stat().st_size for file in files))


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file())
