"""The documented commands, run as an engineer runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local.aws import ROOT, Address
from local.sam_template import REGION
from local.stack import PROJECT
from rehearsal.trouble import Trouble

PATIENCE_SECONDS = 60.0
URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Commands:
    """`python -m operate`, in one account."""

    address: Address

    def run(self, command: str, *options: str, **variables: str) -> str:
        """What the command prints.

        :raises Trouble: it fails.
        """
        done = subprocess.run(
            _line(command, *options),
            env=self._environment(variables),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        if done.returncode:
            said = done.stderr.strip() or done.stdout.strip()
            raise Trouble(f"operate {command} ended with {done.returncode}: {said}")
        return done.stdout

    def token(self, stack: str, sign_in: str, browse: Callable[[str], str]) -> str:
        """The access token of whoever signs in; `browse` opens an address and returns the one it ends at.

        :raises Trouble: nobody does.
        """
        line = _line("token", "--stack", stack, "--sign-in", sign_in, "--paste")
        pipe = subprocess.PIPE
        with subprocess.Popen(
            line, env=self._environment({}), cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as process:
            try:
                ended_at = browse(_address(process.stderr))
                token, trouble = process.communicate(f"{ended_at}\n", timeout=PATIENCE_SECONDS)
            finally:
                process.kill()
        if process.returncode:
            raise Trouble(f"operate token ended with {process.returncode}: {trouble.strip()}")
        return token.strip()

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        known = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"}
        account = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.address.endpoint, "AWS_CONFIG_FILE": os.devnull}
        return known | ROOT | account | {"AWS_SHARED_CREDENTIALS_FILE": os.devnull} | variables


def _address(printed: Iterable[str] | None) -> str:
    """The first address that a command prints."""
    said = ""
    for line in printed or ():
        said += line
        if found := URL.search(line):
            return found[0]
    raise Trouble(f"operate token names no address to sign in at: {said.strip()}")


def _line(command: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "operate", command, *options]
