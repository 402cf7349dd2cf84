"""Tests of `python -m local`, which `make run` runs."""

import socket
import subprocess
import sys

from local.stack import PROJECT


def test_a_port_that_is_used_is_refused_with_a_sentence() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        command = [sys.executable, "-m", "local", "--port", str(port)]
        ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=30, check=False)

    assert (ended.returncode, ended.stderr) == (1, "")
    assert ended.stdout.startswith(f"Port {port} is in use.")
