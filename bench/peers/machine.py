"""What runs on this machine while peers are measured: child processes, a PostgreSQL, a mail server, and their CPU."""

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

PROJECT = Path(__file__).parent.parent.parent
PYTHON = PROJECT / ".tools" / "peers" / "bin" / "python"
TICKS = os.sysconf("SC_CLK_TCK")
PATIENCE_SECONDS = 60.0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def cpu_ms(chosen: Callable[[int, str], bool]) -> float:
    """CPU (user and system, milliseconds) that those of our descendants have used which `chosen` picks by process id
    and command line; that of their own ended children included."""
    parents = {pid: stat for pid in _pids() if (stat := _stat(pid))}
    ours, grown = {os.getpid()}, True
    while grown:
        more = {pid for pid, stat in parents.items() if int(stat[1]) in ours and pid not in ours}
        ours, grown = ours | more, bool(more)
    picked = [parents[pid] for pid in ours if pid in parents and chosen(pid, _command(pid))]
    return sum(int(ticks) for stat in picked for ticks in stat[11:15]) * 1000 / TICKS


def environment_of(pid: int) -> dict[str, str]:
    """What a process was started with."""
    text = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
    return dict(line.split("=", 1) for line in text.split("\0") if "=" in line)


@contextmanager
def child(command: list[str | Path], environment: Mapping[str, str], log: Path) -> Iterator[int]:
    """A command, until the end of the context; its process id. What it prints is added to `log`."""
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


def until_it_listens(port: int, log: Path) -> None:
    """Wait for a server.

    :raises RuntimeError: it does not come; the message is what it printed.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(log.read_text(errors="replace")[-4000:])


@contextmanager
def postgres(folder: Path) -> Iterator[int]:
    """An empty PostgreSQL with its own defaults, on a port of its own; whoever is root runs it as `postgres`.

    :raises RuntimeError: there is none on this machine.
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
        server: list[str | Path] = [binaries[-1] / "postgres", "-D", data, "-p", str(port), "-k", home]
        with child([*become, *server], {}, log):
            until_it_listens(port, log)
            yield port


class Mailbox:
    """Every mail that was sent, as the mail server wrote it down."""

    def __init__(self, file: Path, port: int) -> None:
        self._file = file
        self.port = port

    def newest(self, to: str, number: int) -> str:
        """The text of the `number`th mail to an address, once it has come."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            mails = [json.loads(line) for line in self._file.read_text().splitlines() if f'"to": "{to}"' in line]
            if len(mails) >= number:
                return str(mails[number - 1]["text"])
            time.sleep(0.005)
        raise RuntimeError(f"no mail came for {to}")


@contextmanager
def mail_server(folder: Path) -> Iterator[Mailbox]:
    """A mail server on a port of its own."""
    port, file, log = free_port(), folder / "mail.jsonl", folder / "sink.log"
    file.touch()
    with child([PYTHON, "-m", "bench.peers.sink", str(port), file], {}, log):
        until_it_listens(port, log)
        yield Mailbox(file, port)


def _pids() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/PID/stat from the third on (proc(5)): state, parent, ..., user, system, children's."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""
