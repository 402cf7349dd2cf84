"""A whole portal in a process of its own, for tests and other programs."""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.aws import Address
from local.clinicians import Role
from local.provider_choice import VARIABLES, ProviderConfig
from local.stack import PROJECT, Engine, StartError

READY_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class PortalProcess:
    """A running stack and its local pages."""

    url: str
    """Base URL, without a slash at the end."""
    address: Address
    """URLs of AWS on this machine."""
    functions: dict[str, dict[str, str]]
    """Environment variables of each function, by the function's logical id."""
    logs: Path
    """Folder with a log file for each function, named by its logical id."""

    def mail(self, to: str | None = None, after: str | None = None) -> list[dict[str, Any]]:
        """Return the mails in the mailbox, newest first.

        With `to`, only those to this address. With `after`, only those that came after the mail with this id.
        """
        query = urllib.parse.urlencode({name: value for name, value in (("to", to), ("after", after)) if value})
        mails: list[dict[str, Any]] = self._fetch(f"/local/mail.json?{query}")
        return mails

    def mail_within(self, seconds: float, to: str, count: int = 1) -> list[dict[str, Any]]:
        """Return the mails to an address, newest first, as soon as there are `count`. Return fewer after `seconds`."""
        deadline = time.monotonic() + seconds
        while len(mails := self.mail(to)) < count and time.monotonic() < deadline:
            time.sleep(0.02)
        return mails

    def authorization(self, practice: str = "willow", role: Role = "clinician") -> str:
        """Return the `Authorization` header of a member with this role at this practice."""
        query = urllib.parse.urlencode({"practice": practice, "role": role})
        header: str = self._fetch(f"/local/token?{query}")["authorization"]
        return header

    def advance(self, seconds: float) -> str:
        """Move the portal's clock forward. Return the new time."""
        now: str = self._fetch("/local/clock", {"advance": seconds})["now"]
        return now

    def at_rest(self) -> dict[str, Any]:
        """Return every item of every table and every message of every queue."""
        document: dict[str, Any] = self._fetch("/local/tables.json")
        return document

    def _fetch(self, path: str, body: dict[str, Any] | None = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - our own address
            self.url + path,
            data=json.dumps(body).encode() if body is not None else None,
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own address
            return json.load(response)


@contextmanager
def portal(
    *,
    engine: Engine = "ministack",
    seed: bool = True,
    google: ProviderConfig | None = None,
    options: Sequence[str] = (),
) -> Iterator[PortalProcess]:
    """Run a portal on a free port until the context ends. Several can run side by side.

    `google` is the OpenID Connect provider in place of Google. None means the stand-in, `provider_choice.OFF` means no
    provider.

    :raises StartError: the portal does not start. The message is what it printed.
    """
    with tempfile.TemporaryDirectory(prefix="latchkey-logs-") as folder:
        ready, output = Path(folder, "ready.json"), Path(folder, "output.txt")
        command = [sys.executable, "-m", "local", "--port", "0", "--dynamodb", engine, "--logs", f"{folder}/logs"]
        command += ["--ready-file", str(ready), "--until-stdin-closes", "--quiet", *options]
        if not seed:
            command.append("--no-seed")
        environment = {name: value for name, value in os.environ.items() if name not in VARIABLES}
        with output.open("wb") as printed:
            process = subprocess.Popen(
                command,
                cwd=PROJECT,
                env=environment | (google.variables() if google else {}),
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=printed,
                start_new_session=True,
            )
        try:
            _wait(process, ready, output)
            document = json.loads(ready.read_text())
            yield PortalProcess(
                document["url"], Address(**document["address"]), document["functions"], Path(document["logs"])
            )
        finally:
            process.communicate()


def _wait(process: subprocess.Popen[bytes], ready: Path, output: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_SECONDS
    while not ready.exists():
        if process.poll() is not None or time.monotonic() > deadline:
            raise StartError(output.read_text())
        time.sleep(0.02)
