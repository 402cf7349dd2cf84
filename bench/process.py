"""A function in a process of its own, run by Lambda's runtime client, with the CPU time that it takes."""

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

PATIENCE_SECONDS = 60.0
SETTLE_SECONDS = 0.003
"""From asking for work to sleeping until there is some."""


@dataclass(frozen=True, slots=True)
class Code:
    """What is started."""

    folder: Path
    """With handler.py."""
    modules: Path
    """What Lambda finds in /opt/python."""
    environment: Mapping[str, str]


class Process:
    """One cold start, and whatever is asked of it afterwards."""

    def __init__(self, code: Code, log: Path) -> None:
        self._jobs: queue.Queue[tuple[bytes, str]] = queue.Queue()
        self._asked: queue.Queue[bytes] = queue.Queue()
        self._server = _runtime_api(self._jobs, self._asked)
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
        """Milliseconds of CPU until it asks for work."""
        self._next()
        return self._cpu()

    def call(self, event: Mapping[str, Any], now: int) -> tuple[float, Any]:
        """Milliseconds of CPU for an event, and what is returned for it; `now` is told to workers, in Unix seconds."""
        before = self._cpu()
        context = json.dumps({"custom": {"now": str(now * 1000)}})
        self._jobs.put((json.dumps(event).encode(), context))
        answer = json.loads(self._next())
        return self._cpu() - before, answer

    def peak(self) -> float:
        """The most memory it ever had, in MB."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024

    def stop(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        self._jobs.put((b"", ""))
        self._server.shutdown()
        self._server.server_close()

    def _next(self) -> bytes:
        """What it has answered, as soon as it asks for more."""
        try:
            answer = self._asked.get(timeout=PATIENCE_SECONDS)
        except queue.Empty:
            raise RuntimeError(f"no answer: {self._log}") from None
        if answer.startswith(b"!"):
            raise RuntimeError(answer.decode())
        time.sleep(SETTLE_SECONDS)
        return answer

    def _cpu(self) -> float:
        tasks = Path(f"/proc/{self._process.pid}/task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


@contextmanager
def running(code: Code, log: Path) -> Iterator[Process]:
    """A process that has been told to start."""
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


def _runtime_api(jobs: queue.Queue[tuple[bytes, str]], asked: queue.Queue[bytes]) -> ThreadingHTTPServer:
    """Lambda's side of the conversation; an error that the function reports begins with `!`."""
    answered = [b"null"]

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked.put(answered[-1])
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
                answered[-1] = body
            else:
                asked.put(b"!" + body)
            self.send_response(202)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server
