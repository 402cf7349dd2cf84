"""The command line of `python -m operate`.

Exit codes: 0 if the command succeeded, 2 if it failed. A failure prints one line on standard error that says why.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from operate import (
    access_token,
    architecture,
    audit_archive,
    change_sets,
    copy_time,
    doctor,
    first_deploy,
    guide,
    keys,
    operators,
    packages,
    parameters,
    practices,
    preflight,
    records,
    release,
    restore,
    smoke,
    state,
)
from operate.copying import Part
from operate.errors import CommandError

RELEASE = Path(".local/release")
TOKEN_HELP = "access token of an operator or clinician (default: LATCHKEY_TOKEN from the environment)"  # noqa: S105 - help text


def main(arguments: Sequence[str]) -> int:
    """Run a command. Return the exit code."""
    args = parser().parse_args(arguments)
    try:
        args.do(args)
    except CommandError as error:
        message = str(error)
    except (BotoCoreError, ClientError) as error:
        message = f"AWS: {error}"
    except KeyboardInterrupt:
        message = "stopped"
    else:
        return 0
    print(f"operate: {message}", file=sys.stderr)
    return 2


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = argparse.ArgumentParser(prog="python -m operate", description="Operate a deployed stack.")
    commands = parser.add_subparsers(required=True, metavar="command")

    command = _command(
        commands, "first-operator", operators.add_operator, "Add an operator, who may create practices and act in all"
    )
    _stack(command)
    person = command.add_mutually_exclusive_group(required=True)
    person.add_argument("--email", help="added to the stack's user pool, which mails a temporary password")
    person.add_argument("--subject", help="`sub` of the person's tokens, for an existing user or another issuer")
    command.add_argument("--no-mail", action="store_true", help="print the temporary password instead of mailing it")

    command = _command(
        commands, "token", access_token.show, "Sign in at the stack's user pool and print the access token"
    )
    _stack(command, changes=False)
    _pool(command)

    command = _command(commands, "practice", practices.put, "Create a practice")
    _stack(command)
    _pool(command)
    command.add_argument("--api", help="origin of the portal (default: the stack's output PortalUrl)")
    command.add_argument("--token", help=TOKEN_HELP + "; without a token you sign in")
    command.add_argument(
        "--slug", required=True, help="name of the practice in URLs: a-z, 0-9 and -, 3 to 40 characters"
    )
    command.add_argument("--name", required=True)
    command.add_argument("--phone", required=True, help="shown on pages to people who need help")
    command.add_argument("--time-zone", default="UTC", help="a name of the IANA database, such as America/Chicago")
    command.add_argument("--language", default="en", choices=("en", "es"))

    command = _command(
        commands, "rotate", keys.rotate, "Replace a key: add a new one now, drop the old one a day later"
    )
    _stack(command)
    command.add_argument("--key", required=True, choices=keys.RINGS, help="logical id of the secret in the template")
    command.add_argument("--finish", action="store_true", help="drop the older keys, 25 hours after the new one")
    command.add_argument(
        "--at-once",
        action="store_true",
        help="do not wait, for a key that has leaked; prints what becomes invalid",
    )

    command = _command(commands, "restore", restore.run, "Copy items of a table back as they were at a time")
    _stack(command)
    command.add_argument("--table", required=True, choices=restore.TABLES, help="logical id in the template")
    command.add_argument("--from-time", required=True, help="RFC 3339 in UTC: 2026-03-03T12:00:00Z")
    command.add_argument(
        "--overwrite", action="store_true", help="also replace items that differ (default: only copy missing items)"
    )
    command.add_argument("--from-table", help="use this restored table instead of restoring a new one")
    command.add_argument("--keep", action="store_true", help="keep the restored side table")
    _copy_options(command)

    command = _command(commands, "copy-time", copy_time.show, "Compute how long `restore` copies a table of some rows")
    copy_time.add_arguments(command)

    _add_checks(commands)
    _add_state(commands)

    _add_records(commands)
    _add_guide(commands)
    _add_audit(commands)
    _add_build(commands)
    _add_release(commands)
    command = _command(commands, "release", release.run, "Tag a version, with its section of the changelog as notes")
    command.add_argument("version", help="x.y.z")
    command.add_argument("--in", dest="folder", type=Path, default=release.PROJECT, help=argparse.SUPPRESS)
    _dry_run(command)
    return parser


def _add_state(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _command(commands, "protect", state.protect, "Let no update replace a table, and nobody delete the stack")
    _stack(command)
    command = _command(commands, "adopt", state.adopt, "Create a stack of the state that a deleted stack has left")
    command.add_argument("--stack", required=True, help="the stack's name, which no stack has now")
    command.add_argument("--former", help=argparse.SUPPRESS)
    command.add_argument(
        "--resource",
        action="append",
        default=[],
        metavar="NAME=ID",
        help="physical id of a resource, such as Accounts=its-table; can be repeated",
    )
    command.add_argument(
        "--leave", action="append", default=[], help="a resource that is not imported; can be repeated"
    )
    _dry_run(command)


def _copy_options(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--segments",
        type=int,
        choices=range(1, 65),
        default=restore.SEGMENTS,
        metavar="1..64",
        help=f"segments that are copied in parallel (default: {restore.SEGMENTS})",
    )
    command.add_argument(
        "--part",
        type=Part.parse,
        default=Part(),
        metavar="I/N",
        help="copy this part of the segments only, while other machines copy the others: 1/4, 2/4, ...",
    )
    command.add_argument(
        "--progress", type=Path, default=restore.PROGRESS, help="folder of the file by which a stopped copy goes on"
    )


def _add_records(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    for name, do, about in (
        ("export", records.export, "Print all data about a client, as JSON"),
        ("erase", records.erase, "Erase a client, and print what is retained and why"),
    ):
        command = _command(commands, name, do, about)
        command.add_argument("--api", required=True, help="origin of the portal: https://portal.example.com")
        command.add_argument("--practice", required=True, help="the practice's slug")
        command.add_argument("--client", required=True, help="the client's id")
        command.add_argument("--token", help=TOKEN_HELP)
        if do is records.erase:
            _dry_run(command)


def _add_checks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _command(commands, "first-deploy", first_deploy.run, "Ask what only you know, then deploy what was built")
    first_deploy.add_arguments(command)
    command = _command(commands, "doctor", doctor.run, "Check a deployed stack, and say how to fix what is wrong")
    _stack(command, changes=False)
    command = _command(commands, "preflight", preflight.run, "Check the account and region before the first deployment")
    command.add_argument("--stack", required=True, help="name of the stack to be")
    command.add_argument("--domain", required=True, help="domain to send mail from, the parameter SenderDomain")
    command.add_argument("--certificate", help="ARN of the certificate, the parameter CertificateArn")


def _add_guide(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _command(commands, "guide", guide.write, "Print a practice's guide for clients, and store it in a stack")
    command.add_argument("--practice", required=True, help="the practice's slug")
    command.add_argument("--stack", help="store the guides in this stack, whose portal then serves them")
    command.add_argument("--origin", help="origin of the portal (default: the stack's output PortalUrl)")
    command.add_argument("--out", type=Path, default=Path(".local/guides"), help="folder of the files")
    _dry_run(command)


def _add_build(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _command(
        commands, "parameters", parameters.run, "Write the template's parameters into docs/operations.md"
    )
    command.add_argument("--check", action="store_true", help="write nothing; fail if the table is out of date")

    command = _command(
        commands, "architecture", architecture.run, "Limit a deployment to the processor that the layers were built for"
    )
    command.add_argument("--built", default=architecture.BUILT, help="the folder that `sam build` wrote")


def _add_release(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    command = _command(commands, "package", packages.package, "Upload one build, and record what was uploaded")
    command.add_argument("--bucket", required=True, help="bucket that gets the build")
    command.add_argument("--built", type=Path, default=packages.BUILT, help="template that `sam build` wrote")
    command.add_argument("--release", type=Path, default=RELEASE, help="folder that gets the release")

    for name, do, about in (
        ("propose", change_sets.propose, "Create a change set of a release, and print what it changes"),
        ("execute", change_sets.execute, "Execute an approved change set by its ARN"),
    ):
        command = _command(commands, name, do, about)
        command.add_argument("--release", type=Path, default=RELEASE, help="folder of the release")
        command.add_argument("--digest", help="digest of the release, as `package` printed it; another one is refused")
        command.add_argument("--poll-seconds", type=int, default=10, help=argparse.SUPPRESS)
        if do is change_sets.propose:
            command.add_argument("--stage", required=True, help="section of samconfig.toml")
        else:
            command.add_argument("--change-set", required=True, help="its ARN, as `propose` printed it")

    command = _command(commands, "smoke", smoke.run, "Send a few requests to a deployed portal")
    command.add_argument("--stack", help="the stack's name: the portal and the version are in its outputs")
    command.add_argument("--origin", help="origin of the portal (default: the stack's output PortalUrl)")
    command.add_argument("--patience", type=float, default=smoke.PATIENCE_SECONDS, help="seconds to retry")


def _add_audit(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    group = commands.add_parser("audit", help="Compare the audit table with its archive").add_subparsers(
        required=True, metavar="command"
    )
    command = _command(group, "verify", audit_archive.verify, "Print how the audit table and its archive differ")
    _stack(command, changes=False)
    _days(command)
    for name, what in (
        ("--restored-on", "the table Events was restored, which wrote rows of earlier times"),
        ("--refilled-on", "rows were archived by `operate audit refill`"),
    ):
        help_text = f"a day on which {what}; can be repeated"
        command.add_argument(name, type=date.fromisoformat, action="append", default=[], help=help_text)
    command.add_argument(
        "--skip-table-scan",
        action="store_true",
        help="do not read the whole table; a row that only the table holds is then not found",
    )
    command.add_argument("--archive", help="bucket of an earlier stack (default: the stack's output AuditArchive)")
    command = _command(group, "refill", audit_archive.refill, "Archive the rows that the stream could not bring")
    _stack(command)
    _days(command)


def _days(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--from", dest="from_day", type=date.fromisoformat, help="first day: 2026-03-03 (default: all)"
    )
    command.add_argument("--to", dest="to_day", type=date.fromisoformat, help="last day (default: today)")


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, do: object, about: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about + ".")
    command.set_defaults(do=do)
    return command


def _stack(command: argparse.ArgumentParser, *, changes: bool = True) -> None:
    command.add_argument("--stack", required=True, help="the stack's name, in the shell's AWS profile and region")
    if changes:
        _dry_run(command)


def _dry_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dry-run", action="store_true", help="print what would be done; change nothing")


def _pool(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--sign-in", help="the pool's authorize endpoint (default: the stack's output ClinicianSignIn)"
    )
    command.add_argument("--paste", action="store_true", help="paste the final address, on a machine without a browser")
