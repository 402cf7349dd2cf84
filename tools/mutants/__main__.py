"""`make mutants`: switch off each guard in a copy of the project, and see a test fail."""

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

from tools.mutants.guard import Guard
from tools.mutants.guards import GUARDS

PROJECT = Path(__file__).parent.parent.parent
COPIED = (
    ".aws-sam/local", "archive", "functions", "layers", "local", "operate", "tools", "tests", "template.yaml",
    "pyproject.toml",
)  # fmt: skip
LINKED = (".venv", ".tools", "node_modules", "docs", "samconfig.toml", "package.json", "templates")
WORKERS = 2
TESTS_FAILED = 1
"""Exit code of pytest if tests ran and some failed. Other codes mean that the tests did not run."""
TIMEOUT_SECONDS = 300


class CopyPool:
    """Copies of the project to change, one for each worker."""

    def __init__(self, folder: Path) -> None:
        self._idle = SimpleQueue[Path]()
        for number in range(WORKERS):
            copy = folder / str(number)
            copy.mkdir()
            for name in COPIED:
                source = PROJECT / name
                if source.is_dir():
                    shutil.copytree(source, copy / name, ignore=shutil.ignore_patterns("screenshots", "node_modules"))
                else:
                    shutil.copy(source, copy)
            for name in LINKED:
                (copy / name).symlink_to(PROJECT / name)
            self._idle.put(copy)

    @contextmanager
    def copy(self) -> Iterator[Path]:
        """Lend a copy that no other worker uses."""
        copy = self._idle.get()
        try:
            yield copy
        finally:
            self._idle.put(copy)


def main() -> int:
    """Switch off all guards, or those whose name or place holds a word. Return the number that no test misses."""
    parser = argparse.ArgumentParser(prog="python -m tools.mutants", description=__doc__)
    parser.add_argument("words", nargs="*", help="only guards with one of these in their name or place")
    args = parser.parse_args()
    chosen = [guard for guard in GUARDS if _matches(guard, args.words)]
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder, ThreadPoolExecutor(WORKERS) as workers:
        pool = CopyPool(Path(folder))
        selections = dict.fromkeys(guard.tests for guard in chosen)
        baselines = workers.map(lambda tests: _baseline_failure(pool, tests), selections)
        for selection, failure in zip(selections, baselines, strict=True):
            if failure:
                sys.exit(f"These tests fail before anything is switched off: {selection}\n{failure}")
        green = 0
        failures = workers.map(lambda guard: _failure_without(pool, guard), chosen)
        for guard, failure in zip(chosen, failures, strict=True):
            green += not failure
            result = f"red    {guard.what}" if failure else f"GREEN  {guard.what}"
            print(f"{result}\n       {guard.place}\n       {failure or 'no test fails'}", flush=True)
    print(f"A test fails for {len(chosen) - green} of {len(chosen)} guards when they are switched off.")
    return green


def _matches(guard: Guard, words: list[str]) -> bool:
    """Return True if one of the words is in the guard's name or place, or if there are none."""
    return not words or any(word in f"{guard.what} {guard.place}" for word in words)


def _baseline_failure(pool: CopyPool, tests: str) -> str:
    with pool.copy() as copy:
        return _first_failure(copy, tests)


def _failure_without(pool: CopyPool, guard: Guard) -> str:
    """Return the first test that fails without a guard, "" if none does."""
    with pool.copy() as copy:
        original = (copy / guard.file).read_text(encoding="utf-8")
        files = [copy / guard.file, *_built_files(copy, guard.file, original)]
        _write(files, guard.removed_from(original))
        try:
            return _first_failure(copy, guard.tests)
        finally:
            _write(files, original)


def _built_files(copy: Path, file: str, text: str) -> list[Path]:
    """Return the copies of a file in the build, which tests over HTTP run."""
    tail = file.removeprefix("layers/latchkey/") if file.startswith("layers/") else Path(file).name
    return [path for path in (copy / ".aws-sam" / "local").rglob(tail) if path.read_text(encoding="utf-8") == text]


def _write(files: list[Path], text: str) -> None:
    for file in files:
        file.write_text(text, encoding="utf-8")
        # The build ships compiled modules that Python never compares with their sources.
        for compiled in file.parent.glob(f"__pycache__/{file.stem}.*.pyc"):
            compiled.unlink()


def _first_failure(copy: Path, tests: str) -> str:
    command = [".venv/bin/python", "-m", "pytest", "-x", "--tb=line", "-p", "no:logging", "-rfE", *tests.split()]
    # A test that waits forever counts as failed, because it has noticed too.
    try:
        run = subprocess.run(
            command,
            cwd=copy,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no result within {TIMEOUT_SECONDS} s"
    if run.returncode == 0:
        return ""
    if run.returncode != TESTS_FAILED:
        sys.exit(f"pytest {tests}: {run.stdout}{run.stderr}")
    lines = [line for line in run.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0].partition(" ")[2]


if __name__ == "__main__":
    sys.exit(main())
