"""Processes of a peer on this machine: child processes, PostgreSQL, a mail server, and their CPU."""

import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).parent.parent.parent.parent
PYTHON = PROJECT / ".tools" / "peers" / "bin" / "python"
TICKS = os.sysconf("SC_CLK_TCK")
TIMEOUT_SECONDS = 60.0


def free_port() -> int:
    """Return a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_ms(chosen: Callable[[int, str], bool]) -> float:
    """Return the CPU of descendant processes, user and system, in milliseconds.

    `chosen` selects processes by id and command line. The CPU of their ended children is included.
    """
    stats = {pid: stat for pid in _pids() if (stat := _stat(pid))}
    descendants, grown = {os.getpid()}, True
    while grown:
        children = {pid for pid, stat in stats.items() if int(stat[1]) in descendants and pid not in descendants}
        descendants, grown = descendants | children, bool(children)
    picked = [stats[pid] for pid in descendants if pid in stats and chosen(pid, _command(pid))]
    return sum(int(ticks) for stat in picked for ticks in stat[11:15]) * 1000 / TICKS


def environment_of(pid: int) -> dict[str, str]:
    """Return the environment that a process was started with."""
    text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


@contextmanager
def child(command: list[str | Path], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """Run a command until the end of the context. Yield its process id. Its output is appended to `log`."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            command,
            cwd=PROJECT,
            env=os.environ | dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_listening(port: int, log: Path) -> None:
    """Wait until a server listens on a port.

    :raises RuntimeError: the server does not start in time. The message is its output.
    """
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text(errors="replace")[-4000:])


@contextmanager
def postgres(certificate: Path, key: Path, folder: Path) -> Iterator[int]:
    """Run an empty PostgreSQL with default settings and TLS. Yield its port. Root runs it as the user `postgres`.

    :raises RuntimeError: PostgreSQL is not installed.
    """
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if not binaries:
        raise RuntimeError("PostgreSQL is missing: on Debian, as root, apt-get install postgresql")
    port, log = free_port(), folder / "postgres.log"
    with tempfile.TemporaryDirectory(prefix="peers-postgres-") as home:
        data = Path(home, "data")
        become: list[str | Path] = []
        if os.geteuid() == 0:
            shutil.chown(home, "postgres")
            become = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        initdb: list[str | Path] = [binaries[-1] / "initdb", "-D", data, "-U", "postgres", "--auth=trust"]
        subprocess.run([*become, *initdb], check=True, capture_output=True)
        for file, name in ((certificate, "server.crt"), (key, "server.key")):
            shutil.copy(file, data / name)
            if become:
                shutil.chown(data / name, "postgres")
        server: list[str | Path] = [binaries[-1] / "postgres", "-D", data, "-p", str(port), "-k", home, "-c", "ssl=on"]
        with child([*become, *server], {}, log):
            wait_until_listening(port, log)
            yield port


class Inbox:
    """The mails that the mail server has received."""

    def __init__(self, file: Path, port: int) -> None:
        self._file = file
        self.port = port

    def newest(self, to: str, number: int) -> str:
        """Wait for the `number`th mail to an address, and return its text.

        :raises RuntimeError: the mail does not come in time.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while time.monotonic() < deadline:
            mails = [json.loads(line) for line in self._file.read_text().splitlines() if f'"to": "{to}"' in line]
            if len(mails) >= number:
                return str(mails[number - 1]["text"])
            time.sleep(0.005)
        raise RuntimeError(f"no mail came for {to}")


@contextmanager
def mail_server(certificate: Path, key: Path, folder: Path) -> Iterator[Inbox]:
    """Run a mail server that takes mail by STARTTLS alone. Yield its inbox."""
    port, file, log = free_port(), folder / "mail.jsonl", folder / "smtp-sink.log"
    file.touch()
    with child([PYTHON, "-m", "tools.bench.peers.smtp_sink", str(port), file, certificate, key], {}, log):
        wait_until_listening(port, log)
        yield Inbox(file, port)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _stat(pid: int) -> list[str] | None:
    """Return the fields of /proc/PID/stat from the third on (proc(5)): state, parent, ..., user, system, children's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
