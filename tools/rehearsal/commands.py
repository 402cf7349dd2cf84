"""The commands of the documentation, run as an engineer runs them."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from local.aws import ROOT, Address
from local.sam_template import REGION
from local.stack import PROJECT
from tools.rehearsal.errors import RehearsalError

TIMEOUT_SECONDS = 60.0
URL = re.compile(r"https?://\S+")


@dataclass(frozen=True, slots=True)
class Commands:
    """The commands of `python -m operate`, in one account."""

    address: Address

    def run(self, command: str, *options: str, **variables: str) -> str:
        """Run a command. Return its output.

        :raises RehearsalError: the command fails.
        """
        done = subprocess.run(
            _command(command, *options),
            env=self._environment(variables),
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )
        if done.returncode:
            message = done.stderr.strip() or done.stdout.strip()
            raise RehearsalError(f"operate {command} ended with {done.returncode}: {message}")
        return done.stdout

    def token(self, stack: str, sign_in: str, browse: Callable[[str], str]) -> str:
        """Return the access token of a person who signs in.

        `browse` opens a URL, signs in there, and returns the URL of the last redirect.

        :raises RehearsalError: the command prints no URL, or no token after the sign-in.
        """
        command = _command("token", "--stack", stack, "--sign-in", sign_in, "--paste")
        pipe = subprocess.PIPE
        with subprocess.Popen(
            command, env=self._environment({}), cwd=PROJECT, stdin=pipe, stdout=pipe, stderr=pipe, text=True
        ) as process:
            try:
                last_url = browse(_first_url(process.stderr))
                token, errors = process.communicate(f"{last_url}\n", timeout=TIMEOUT_SECONDS)
            finally:
                process.kill()
        if process.returncode:
            raise RehearsalError(f"operate token ended with {process.returncode}: {errors.strip()}")
        return token.strip()

    def _environment(self, variables: dict[str, str]) -> dict[str, str]:
        own = {"PATH": os.environ.get("PATH", os.defpath), "PYTHONDONTWRITEBYTECODE": "1"}
        account = {"AWS_REGION": REGION, "AWS_ENDPOINT_URL": self.address.endpoint, "AWS_CONFIG_FILE": os.devnull}
        return own | ROOT | account | {"AWS_SHARED_CREDENTIALS_FILE": os.devnull} | variables


def _first_url(printed: Iterable[str] | None) -> str:
    """Return the first URL that a command prints."""
    output = ""
    for line in printed or ():
        output += line
        if url := URL.search(line):
            return url[0]
    raise RehearsalError(f"operate token prints no URL to sign in at: {output.strip()}")


def _command(command: str, *options: str) -> list[str]:
    return [sys.executable, "-m", "operate", command, *options]
