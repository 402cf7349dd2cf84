"""`make mutants`: switch off each guard in a copy of the project, and see a test go red."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from mutants.guards import GUARDS, Guard

PROJECT = Path(__file__).parent.parent
COPIED = (".aws-sam/local", "functions", "layers", "local", "mutants", "tests", "template.yaml", "pyproject.toml")
LINKED = (".venv", ".tools", "node_modules", "docs", "samconfig.toml", "package.json")
WORKERS = 2
FAILED = 1
"""What pytest exits with if tests ran and some failed; other numbers say that they did not run."""
SECONDS = 300


class Bench:
    """Copies of the project to break, one for each that breaks."""

    def __init__(self, folder: Path) -> None:
        self._idle = SimpleQueue[Path]()
        for number in range(WORKERS):
            copy = folder / str(number)
            copy.mkdir()
            for name in COPIED:
                source = PROJECT / name
                if source.is_dir():
                    shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("screenshots"))
                else:
                    shutil.copy(source, copy)
            for name in LINKED:
                (copy / name).symlink_to(PROJECT / name)
            self._idle.put(copy)

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """One that nobody else is at."""
        copy = self._idle.get()
        try:
            yield copy
        finally:
            self._idle.put(copy)


def main() -> int:
    """Try all guards, or those whose name or file holds a word; the number of those that no test misses."""
    parser = argparse.ArgumentParser(prog="mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only guards with one of these in their name or file")
    words = parser.parse_args().words
    chosen = [guard for guard in GUARDS if not words or any(word in f"{guard.what} {guard.file}" for word in words)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(WORKERS) as pool:
        bench = Bench(Path(folder))
        selections = dict.fromkeys(guard.tests for guard in chosen)
        for selection, red in zip(selections, pool.map(lambda tests: _intact(bench, tests), selections), strict=True):
            if red:
                sys.exit(f"These are red before anything is switched off: {selection}\n{red}")
        missed = 0
        for guard, red in zip(chosen, pool.map(lambda guard: _without(bench, guard), chosen), strict=True):
            missed += not red
            print(f"{'red  ' if red else 'GREEN'}  {guard.what}  ({red or 'no test misses it'})", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} guards are missed by a test when they are switched off.")
    return missed


def _intact(bench: Bench, tests: str) -> str:
    with bench.copy() as copy:
        return _red(copy, tests)


def _without(bench: Bench, guard: Guard) -> str:
    """The first test that goes red without a guard; "" if none does."""
    with bench.copy() as copy:
        whole = (copy / guard.file).read_text()
        places = [copy / guard.file, *_built(copy, guard.file, whole)]
        _write(places, guard.removed_from(whole))
        try:
            return _red(copy, guard.tests)
        finally:
            _write(places, whole)


def _built(copy: Path, file: str, text: str) -> list[Path]:
    """Where what was built has the same file: tests over HTTP run that."""
    tail = file.removeprefix("layers/latchkey/") if file.startswith("layers/") else Path(file).name
    return [path for path in (copy / ".aws-sam" / "local").rglob(tail) if path.read_text() == text]


def _write(places: list[Path], text: str) -> None:
    for place in places:
        place.write_text(text)
        # what ships is compiled, and never compared with its source
        for compiled in place.parent.glob(f"__pycache__/{place.stem}.*.pyc"):
            compiled.unlink()


def _red(copy: Path, tests: str) -> str:
    command = [".venv/bin/python", "-m", "pytest", "-x", "--tb=line", "-p", "no:logging", "-rfE", *tests.split()]
    # a test that waits for what never comes has noticed too
    try:
        run = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"nothing within {SECONDS} s"
    if run.returncode == 0:
        return ""
    if run.returncode != FAILED:
        sys.exit(f"pytest {tests}: {run.stdout}{run.stderr}")
    lines = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].partition(" ")[2]


if __name__ == "__main__":
    sys.exit(main())
