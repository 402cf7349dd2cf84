"""A function in its own process, run by Lambda's runtime client, and its CPU time."""

import json
import os
import queue
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from local.stack import RUNTIME

TIMEOUT_SECONDS = 60.0
SETTLE_SECONDS = 0.003
"""Time from the request for the next event until the process sleeps."""


@dataclass(frozen=True, slots=True)
class Code:
    """The code of a function, and its environment."""

    folder: Path
    """Folder with handler.py."""
    modules: Path
    """Folder with the modules of /opt/python."""
    environment: Mapping[str, str]


class Process:
    """A started function, for one cold start and any number of calls."""

    def __init__(self, code: Code, log: Path) -> None:
        self._jobs: queue.Queue[tuple[bytes, str]] = queue.Queue()
        self._responses: queue.Queue[bytes] = queue.Queue()
        self._server = _runtime_api(self._jobs, self._responses)
        host, port = self._server.server_address[:2]
        self._log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [RUNTIME, "-m", "awslambdaric", "handler.handle"],
                env=_environment(code, f"{host!s}:{port}"),
                cwd=code.folder,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def started(self) -> float:
        """Return the CPU until the function is ready for an event, in milliseconds."""
        self._next()
        return self._cpu()

    def call(self, event: Mapping[str, Any], now: int) -> tuple[float, Any]:
        """Send an event. Return the CPU in milliseconds, and the response.

        `now` is the time for workers, in Unix seconds.
        """
        before = self._cpu()
        context = json.dumps({"custom": {"now": str(now * 1000)}})
        self._jobs.put((json.dumps(event).encode(), context))
        response = json.loads(self._next())
        return self._cpu() - before, response

    def peak(self) -> float:
        """Return the peak memory in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def stop(self) -> None:
        """Kill the process and stop its runtime API."""
        self._process.kill()
        self._process.wait()
        self._jobs.put((b"", ""))
        self._server.shutdown()
        self._server.server_close()

    def _next(self) -> bytes:
        """Return the response to the last event, once the function asks for the next event."""
        try:
            response = self._responses.get(timeout=TIMEOUT_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"no response, see {self._log}") from None
        if response.startswith(b"!"):
            raise RuntimeError(response.decode())
        time.sleep(SETTLE_SECONDS)
        return response

    def _cpu(self) -> float:
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


@contextmanager
def running(code: Code, log: Path) -> Iterator[Process]:
    """Start a process. Stop it when the context ends."""
    process = Process(code, log)
    try:
        yield process
    finally:
        process.stop()


def _environment(code: Code, api: str) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "LANG": "C.UTF-8",
        "TZ": ":UTC",
        "PYTHONPATH": str(code.modules),
        "PYTHONDONTWRITEBYTECODE": "1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_LAMBDA_RUNTIME_API": api,
        "AWS_LAMBDA_FUNCTION_NAME": "bench",
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": "JSON",
        "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "LAMBDA_TASK_ROOT": str(code.folder),
        "_HANDLER": "handler.handle",
        **code.environment,
    }


def _runtime_api(jobs: queue.Queue[tuple[bytes, str]], responses: queue.Queue[bytes]) -> ThreadingHTTPServer:
    """Start a server of Lambda's runtime API. An error that the function reports is queued with a `!` before it."""
    last_response = [b"null"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            responses.put(last_response[-1])
            event, context = jobs.get()
            if not event:
                self.close_connection = True
                return
            headers = {
                "content-type": "application/json",
                "content-length": str(len(event)),
                "lambda-runtime-aws-request-id": str(uuid.uuid4()),
                "lambda-runtime-deadline-ms": str(int(time.time() * 1000) + 60_000),
                "lambda-runtime-invoked-function-arn": "arn:aws:lambda:us-east-1:000000000000:function:bench",
                "lambda-runtime-client-context": context,
            }
            self.send_response(200)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(event)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.path.endswith("/response"):
                last_response[-1] = body
            else:
                responses.put(b"!" + body)
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
