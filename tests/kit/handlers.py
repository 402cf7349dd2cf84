"""The handlers of the functions, loaded from their folders."""

import importlib.util
from collections.abc import Callable
from functools import cache
from types import ModuleType, SimpleNamespace

from tests.kit import sam_template


@cache
def load_handler(function: str) -> ModuleType:
    """Return the handler module of the function with this logical id. Its name is unique in the process."""
    folder = sam_template.folder(function)
    path = sam_template.PROJECT / "functions" / folder / "handler.py"
    spec = importlib.util.spec_from_file_location(f"handler_of_{folder}", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lambda_context(now: int | None, remaining_ms: Callable[[], int] = lambda: 10_000) -> SimpleNamespace:
    """Return the context that Lambda passes to a function. A worker takes `now` (Unix seconds) as the time."""
    return SimpleNamespace(
        aws_request_id="run",
        function_name="function",
        client_context=None if now is None else SimpleNamespace(custom={"now": str(now * 1000)}),
        get_remaining_time_in_millis=remaining_ms,
    )
