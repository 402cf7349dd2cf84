"""Packages are named by what is in them: so a deployment changes what was changed, and nothing else."""

import io
import zipfile
from pathlib import Path

from rehearsal.artifacts import packed


def folder(at: Path, **files: str) -> Path:
    """A folder with these files."""
    for name, content in files.items():
        path = at / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return at


def test_the_same_content_makes_the_same_package_wherever_and_whenever_it_was_built(tmp_path: Path) -> None:
    one = packed(folder(tmp_path / "one", handler="pass", other="1"))
    two = packed(folder(tmp_path / "two", other="1", handler="pass"))

    assert one == two
    assert one != packed(folder(tmp_path / "three", handler="pass", other="2"))


def test_one_file_can_be_another_and_the_rest_stays(tmp_path: Path) -> None:
    place = folder(tmp_path, handler="pass", other="1")
    with zipfile.ZipFile(io.BytesIO(packed(place, {"other.py": b"2"}))) as archive:
        assert {name: archive.read(name) for name in archive.namelist()} == {"handler.py": b"pass", "other.py": b"2"}


def test_what_python_compiled_on_the_way_is_not_deployed(tmp_path: Path) -> None:
    before = packed(folder(tmp_path, handler="pass"))
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "handler.cpython-313.pyc").write_bytes(b"x")

    assert packed(tmp_path) == before
