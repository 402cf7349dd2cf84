"""docs/behaviours.md explains every behaviour number that this project cites, and no other."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

PROJECT = Path(__file__).parents[1]
DOCUMENT = PROJECT / "docs" / "behaviours.md"
FOLDERS = (
    ".ci", ".github", "bench", "docs", "functions", "layers", "load", "local", "mutants", "operate", "rehearsal",
    "tests", "tools",
)  # fmt: skip
"""Folders with text of this project. One that does not exist is left out."""
FOREIGN = {"__pycache__", "node_modules"}
SUFFIXES = {"", ".css", ".html", ".http", ".md", ".po", ".py", ".sh", ".toml", ".txt", ".yaml", ".yml"}
"""JSON is left out: it is made by tools, and its digests look like numbers of behaviours."""

NUMBER = re.compile(r"\bB([1-9]\d{0,2})\b")
SPAN = re.compile(r"\bB([1-9]\d{0,2}) to B([1-9]\d{0,2})\b")
"""Cites every number from the first to the last."""
LINT_RULES = re.compile(r"noqa:.*")
"""Some of ruff's rules are a B and three digits."""
ROW = re.compile(r"^\| B([1-9]\d{0,2}) \| (.+) \|$", re.MULTILINE)


def texts() -> Iterator[Path]:
    """Yield the text files of this project, except the document itself."""
    yield from (path for path in PROJECT.iterdir() if path.suffix in SUFFIXES and path.is_file())
    for top in FOLDERS:
        for folder, subfolders, names in (PROJECT / top).walk():
            subfolders[:] = set(subfolders) - FOREIGN
            paths = (folder / name for name in names)
            yield from (path for path in paths if path.suffix in SUFFIXES and path != DOCUMENT)


def numbers_in(text: str) -> set[int]:
    """Return the behaviour numbers that a text cites."""
    text = LINT_RULES.sub("", text)
    single = {int(number) for number in NUMBER.findall(text)}
    return single.union(*(range(int(first), int(last) + 1) for first, last in SPAN.findall(text)))


def cited() -> dict[int, set[str]]:
    """Return each cited number, with the files that cite it."""
    found = defaultdict(set)
    for path in texts():
        for number in numbers_in(path.read_text(encoding="utf-8", errors="replace")):
            found[number].add(str(path.relative_to(PROJECT)))
    return found


CITED = cited()
ROWS = [int(number) for number, _ in ROW.findall(DOCUMENT.read_text(encoding="utf-8"))]


def test_every_cited_behaviour_has_a_row() -> None:
    assert {number: CITED[number] for number in CITED.keys() - set(ROWS)} == {}


def test_every_row_is_a_behaviour_that_is_cited() -> None:
    assert set(ROWS) - CITED.keys() == set()


def test_no_behaviour_has_two_rows() -> None:
    assert [number for number, rows in Counter(ROWS).items() if rows > 1] == []
