"""Tests of archives, which are named by their content. A deployment then updates only changed functions."""

import io
import zipfile
from pathlib import Path

from tools.rehearsal.artifacts import zip_folder


def folder(at: Path, **files: str) -> Path:
    """Create a folder with these files."""
    for name, content in files.items():
        path = at / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return at


def test_the_same_content_makes_the_same_archive_in_any_folder(tmp_path: Path) -> None:
    one = zip_folder(folder(tmp_path / "one", handler="pass", other="1"))
    two = zip_folder(folder(tmp_path / "two", other="1", handler="pass"))

    assert one == two
    assert one != zip_folder(folder(tmp_path / "three", handler="pass", other="2"))


def test_one_file_can_be_replaced_and_the_others_stay(tmp_path: Path) -> None:
    place = folder(tmp_path, handler="pass", other="1")
    with zipfile.ZipFile(io.BytesIO(zip_folder(place, {"other.py": b"2"}))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"handler.py": b"pass", "other.py": b"2"}


def test_compiled_modules_are_not_deployed(tmp_path: Path) -> None:
    before = zip_folder(folder(tmp_path, handler="pass"))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"x")

    assert zip_folder(tmp_path) == before
