"""Tests of the `parameters` command, which writes the table of parameters into the documents."""

from pathlib import Path

import pytest

from operate import parameters
from tests.kit import sam_template
from tests.operate.conftest import Operate


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a document with an empty table."""
    written = tmp_path / "docs" / "operations.md"
    written.parent.mkdir()
    written.write_text(f"# Operations\n\n{parameters.BEGIN}{parameters.END}\n\n## After\n")
    monkeypatch.setattr(parameters, "DOCUMENT", written)
    monkeypatch.setattr(parameters, "PROJECT", tmp_path)
    return written


def test_a_stale_table_is_found_and_renewed(document: Path, operate: Operate) -> None:
    stale = operate("parameters", "--check")
    renewed = operate("parameters")
    fresh = operate("parameters", "--check")

    assert (stale[0], renewed[0], fresh[0]) == (2, 0, 0)
    text = document.read_text()
    assert text.startswith("# Operations\n\n")
    assert text.endswith("\n\n## After\n")


def test_every_parameter_has_a_row(document: Path, operate: Operate) -> None:
    operate("parameters")
    rows = [line for line in document.read_text().splitlines() if line.startswith("| `")]

    assert [row.split("`")[1] for row in rows] == list(sam_template.parameters())
    assert all(row.count(" | ") == 3 and not row.endswith("|  |") for row in rows)


def test_a_document_without_a_place_for_it_is_left_alone(document: Path, operate: Operate) -> None:
    document.write_text("# Operations\n")

    assert operate("parameters")[0] == 2
    assert document.read_text() == "# Operations\n"


def test_the_document_in_this_repository_is_fresh(operate: Operate) -> None:
    assert operate("parameters", "--check") == (0, "", "")
