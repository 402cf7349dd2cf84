"""Tests of the local runtime: each function runs in its own process, with the template's settings."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from local.runtime import FunctionFailed, FunctionTimedOut, Pool, SharedEnvironment
from local.sam_template import Function
from local.stack import RUNTIME

HANDLER = """
import os, time

def handle(event, context):
    match event["do"]:
        case "environment": return dict(os.environ)
        case "clock": return context.client_context.custom["now"]
        case "number": return os.getpid()
        case "wait": time.sleep(event["seconds"]); return os.getpid()
        case "raise": raise ValueError("no")
        case "die": os._exit(3)
"""


def tried(folder: Path, trial: Callable[[Pool], Awaitable[Any]], code: str = HANDLER, timeout: int = 3) -> Any:
    """Run a function of this code, and return the result of the trial."""
    (folder / "handler.py").write_text(code)
    function = Function("Trial", folder, "handler.handle", timeout, 128, {"OWN": "1"}, (folder / "layer",), "none")
    pool = Pool(function, SharedEnvironment(RUNTIME, {"AWS_ACCESS_KEY_ID": "key"}, folder))

    async def with_pool() -> Any:
        try:
            return await trial(pool)
        finally:
            await pool.stop()

    return asyncio.run(with_pool())


async def request(pool: Pool, do: str, **more: Any) -> Any:
    return json.loads(await pool.invoke(json.dumps({"do": do, **more}).encode()))


def test_a_function_finds_its_own_variables_and_none_of_the_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OURS", "1")
    found = tried(tmp_path, lambda pool: request(pool, "environment"))

    assert (found["OWN"], found["AWS_ACCESS_KEY_ID"], found["AWS_REGION"]) == ("1", "key", "us-east-1")
    assert found["PYTHONPATH"] == str(tmp_path / "layer" / "python")
    assert {"OURS", "HOME"} & found.keys() == set()


def test_a_process_stays_for_the_next_event_also_after_an_exception(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> tuple[int, int]:
        first = await request(pool, "number")
        with pytest.raises(FunctionFailed):
            await request(pool, "raise")
        return first, await request(pool, "number")

    first, second = tried(tmp_path, trial)

    assert first == second


def test_events_at_once_are_handled_by_processes_of_their_own(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> list[int]:
        return list(await asyncio.gather(*(request(pool, "wait", seconds=0.5) for _ in range(3))))

    assert len(set(tried(tmp_path, trial))) == 3


def test_a_process_that_dies_fails_its_event_and_no_other(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> int:
        with pytest.raises(FunctionFailed, match="ended in the middle"):
            await request(pool, "die")
        number: int = await request(pool, "number")
        return number

    assert tried(tmp_path, trial) > 0


def test_a_function_that_takes_too_long_is_ended(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> int:
        with pytest.raises(FunctionTimedOut):
            await request(pool, "wait", seconds=30)
        number: int = await request(pool, "number")
        return number

    assert tried(tmp_path, trial, timeout=1) > 0


def test_a_function_that_does_not_start_fails_every_event(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> None:
        for _ in range(2):
            with pytest.raises(FunctionFailed, match="does not start"):
                await request(pool, "number")

    tried(tmp_path, trial, code="import nothing_of_that_name")

    assert "nothing_of_that_name" in (tmp_path / "Trial.log").read_text()


def test_a_worker_learns_the_services_time(tmp_path: Path) -> None:
    async def trial(pool: Pool) -> Any:
        return json.loads(await pool.invoke(b'{"do": "clock"}', '{"custom": {"now": "1772366400250"}}'))

    assert tried(tmp_path, trial) == "1772366400250"
