"""The command line: what there is to do, and what is said of it.

Exit codes: 0 done, 2 refused or impossible, with one line on standard error that says why.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from operate import access_token, architecture, keys, operators, parameters, practices, records, release, restore
from operate.errors import CommandError

TOKEN_HELP = "An operator's or clinician's access token; else LATCHKEY_TOKEN in the environment"  # noqa: S105 - help text


def main(arguments: Sequence[str]) -> int:
    """Do what is asked; returns the exit code."""
    asked = parser().parse_args(arguments)
    try:
        asked.do(asked)
    except CommandError as trouble:
        said = str(trouble)
    except (BotoCoreError, ClientError) as error:
        said = f"AWS: {error}"
    except KeyboardInterrupt:
        said = "stopped"
    else:
        return 0
    print(f"operate: {said}", file=sys.stderr)
    return 2


def parser() -> argparse.ArgumentParser:
    """Everything that can be asked."""
    parser = argparse.ArgumentParser(prog="python -m operate", description="Look after a deployed stack.")
    commands = parser.add_subparsers(required=True, metavar="command")

    one = _command(
        commands, "first-operator", operators.enter, "Let someone make practices, here and in every practice"
    )
    _stack(one)
    who = one.add_mutually_exclusive_group(required=True)
    who.add_argument("--email", help="entered into the stack's user pool, which mails a temporary password")
    who.add_argument("--subject", help="`sub` of the tokens of someone who is known already, or to another issuer")
    one.add_argument("--no-mail", action="store_true", help="print the temporary password, and mail nothing")

    one = _command(commands, "token", access_token.show, "Sign in at the stack's user pool and print the access token")
    _stack(one, changes=False)
    _pool(one)

    one = _command(commands, "practice", practices.put, "Create a practice")
    _stack(one)
    _pool(one)
    one.add_argument("--api", help="origin of the portal; else the stack's output PortalUrl")
    one.add_argument("--token", help=TOKEN_HELP + "; else you sign in")
    one.add_argument("--slug", required=True, help="its place in every URL: a-z, 0-9 and -, 3 to 40 characters")
    one.add_argument("--name", required=True)
    one.add_argument("--phone", required=True, help="shown wherever someone is stuck")
    one.add_argument("--time-zone", default="UTC", help="as the IANA database names it: America/Chicago")
    one.add_argument("--language", default="en", choices=("en", "es"))

    one = _command(commands, "rotate", keys.rotate, "Replace a key: a new one now, the old one dropped a day later")
    _stack(one)
    one.add_argument("--key", required=True, choices=keys.RINGS, help="the secret, as the template names it")
    one.add_argument("--finish", action="store_true", help="drop the keys before the current one, 25 hours after it")
    one.add_argument("--at-once", action="store_true", help="do not wait, as when a key is out; says what that breaks")

    one = _command(commands, "restore", restore.run, "Bring items of a table back as they were at a time")
    _stack(one)
    one.add_argument("--table", required=True, choices=restore.TABLES, help="as the template names it")
    one.add_argument("--from-time", required=True, help="RFC 3339 in UTC: 2026-03-03T12:00:00Z")
    one.add_argument(
        "--overwrite", action="store_true", help="also what is there and differs; else only what is missing"
    )
    one.add_argument("--from-table", help="a table that was restored already, instead of making one")
    one.add_argument("--keep", action="store_true", help="keep the restored side table")

    for name, do, about in (
        ("export", records.export, "Print everything on file about a client, as JSON"),
        ("erase", records.erase, "Forget a client, and say what stays and why"),
    ):
        one = _command(commands, name, do, about)
        one.add_argument("--api", required=True, help="origin of the portal: https://portal.example.com")
        one.add_argument("--practice", required=True, help="the practice's slug")
        one.add_argument("--client", required=True, help="the client's id")
        one.add_argument("--token", help=TOKEN_HELP)
        if do is records.erase:
            _dry_run(one)

    one = _command(commands, "parameters", parameters.run, "Write the template's parameters into docs/operations.md")
    one.add_argument("--check", action="store_true", help="only say whether they are there as they should be")

    one = _command(commands, "architecture", architecture.run, "Hold a deployment to the processor that was built for")
    one.add_argument("--built", default=architecture.BUILT, help="the folder that `sam build` wrote")

    one = _command(commands, "release", release.run, "Tag a version, with its part of the changelog as notes")
    one.add_argument("version", help="x.y.z")
    one.add_argument("--in", dest="folder", type=Path, default=release.PROJECT, help=argparse.SUPPRESS)
    _dry_run(one)
    return parser


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, do: object, about: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about + ".")
    command.set_defaults(do=do)
    return command


def _stack(command: argparse.ArgumentParser, *, changes: bool = True) -> None:
    command.add_argument("--stack", required=True, help="the stack's name, in AWS_REGION and by AWS_PROFILE")
    if changes:
        _dry_run(command)


def _dry_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="say what would be done, and change nothing")


def _pool(command: argparse.ArgumentParser) -> None:
    command.add_argument("--sign-in", help="the pool's authorize endpoint; else the stack's output ClinicianSignIn")
    command.add_argument("--paste", action="store_true", help="no browser here: paste the address that it ends at")
