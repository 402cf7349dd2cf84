"""Tests of the `architecture` command. Layers for one processor must not be deployed for another."""

from pathlib import Path

import pytest

from local.sam_template import parse_template
from local.stack import BUILD
from operate import architecture, cli
from tests.kit import sam_template

ARM, INTEL = 0xB7, 0x3E


def library(folder: Path, name: str, machine: int, magic: bytes = b"\x7fELF") -> None:
    """Write a native library that consists of a header."""
    path = folder / "DependenciesLayer" / "python" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(magic + bytes(14) + machine.to_bytes(2, "little") + bytes(8))


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Return a folder with the template, as `sam build` leaves it."""
    (tmp_path / "template.yaml").write_text((sam_template.PROJECT / "template.yaml").read_text())
    return tmp_path


@pytest.mark.parametrize(("machine", "name"), [(ARM, "arm64"), (INTEL, "x86_64")])
def test_what_was_built_for_one_processor_is_deployed_for_no_other(built: Path, machine: int, name: str) -> None:
    library(built, "one.so", machine)
    library(built, "two.cpython-313-linux-gnu.so", machine)

    assert cli.main(["architecture", "--built", str(built)]) == 0

    fields = parse_template((built / "template.yaml").read_text())
    assert fields["Parameters"]["Architecture"]["AllowedValues"] == [name]
    assert fields["Parameters"]["Architecture"]["Default"] == name
    rest = sam_template.document()["Parameters"].keys()
    assert fields["Parameters"].keys() == rest
    assert fields["Resources"] == sam_template.document()["Resources"]


@pytest.mark.parametrize("other", [(INTEL, b"\x7fELF"), (0x08, b"\x7fELF"), (ARM, b"MZ\0\0")])
def test_layers_of_two_processors_or_of_none_that_lambda_has_are_refused(built: Path, other: tuple[int, bytes]) -> None:
    library(built, "one.so", ARM)
    library(built, "two.so", *other)
    before = (built / "template.yaml").read_text()

    assert cli.main(["architecture", "--built", str(built)]) == 2
    assert (built / "template.yaml").read_text() == before


def test_layers_without_a_library_are_refused(built: Path) -> None:
    assert cli.main(["architecture", "--built", str(built)]) == 2


def test_what_this_machine_built_is_read_as_what_it_was_built_for() -> None:
    """The parameter is found in the template as SAM writes it."""
    assert architecture.of(BUILD) in {"arm64", "x86_64"}
    assert architecture.ARCHITECTURE.search((BUILD / "template.yaml").read_text())
