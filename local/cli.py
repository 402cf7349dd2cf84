"""The command line of `python -m local`: options, output, and when it stops."""

import argparse
import asyncio
import json
import logging
import os
import signal
import sys
from dataclasses import asdict
from pathlib import Path

from local import provider_choice, stack


def main() -> int:
    """Run the stack until it is stopped. Return the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stdout)
    args = _arguments()
    try:
        provider = provider_choice.from_environment(os.environ)
    except ValueError as error:
        print(error)
        return 1
    forget_the_real_aws()
    if not args.quiet:
        logging.getLogger("local").setLevel(logging.INFO)
    options = stack.Options(
        port=args.port,
        engine=args.dynamodb,
        logs=args.logs,
        build=args.build,
        seed=args.seed,
        prestart=args.prestart,
        google=provider,
        parameters=dict(each.split("=", 1) for each in args.parameter),
        tls=args.tls,
        services=tuple(args.example),
    )
    try:
        return asyncio.run(_until_stopped(options, args))
    except stack.PortInUseError:
        print(f"Port {options.port} is in use. Stop the program that listens there, or choose another port: PORT=8001")
    except stack.StartError as error:
        print(f"The portal does not start: {error}")
    return 1


def forget_the_real_aws() -> None:
    """Remove AWS credentials and configuration from the environment, so that no call can reach a real account."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    no_config = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "*"}
    os.environ.update(no_config)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description="Run the portal on this machine until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8000, help="port of the portal (0: any free port)")
    parser.add_argument("--dynamodb", choices=("ministack", "dynamodb-local"), default="ministack")
    parser.add_argument("--logs", type=Path, help="folder for the logs of functions and ministack")
    parser.add_argument("--build", type=Path, default=stack.BUILD, help="folder that `sam build` wrote")
    parser.add_argument("--no-seed", dest="seed", action="store_false", help="start with empty tables")
    parser.add_argument(
        "--cold", dest="prestart", action="store_false", help="start a function at its first event, as Lambda does"
    )
    parser.add_argument("--quiet", action="store_true", help="do not print a line for each request")
    parser.add_argument("--ready-file", type=Path, help="JSON file with all URLs, written when the portal answers")
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="stop when standard input is closed by the starting process"
    )
    parser.add_argument(
        "--parameter", action="append", default=[], metavar="NAME=VALUE", help="value of a template parameter"
    )
    parser.add_argument(
        "--example", action="append", default=[], type=Path, metavar="FOLDER", help="folder of a service's template"
    )
    parser.add_argument("--tls", action="store_true", help="functions call AWS by TLS")
    return parser.parse_args()


async def _until_stopped(options: stack.Options, args: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    def stdin_closed() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    if args.until_stdin_closes:
        loop.add_reader(sys.stdin, stdin_closed)
    serving = asyncio.create_task(_serve(options, args.ready_file))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        return serving.result()
    serving.cancel()
    await asyncio.wait({serving})
    return 0


async def _serve(options: stack.Options, ready_file: Path | None) -> int:
    async with stack.running(options) as running:
        if ready_file:
            # written under another name first, so that a reader never sees half a file
            unfinished = ready_file.with_suffix(".part")
            unfinished.write_text(json.dumps(_ready_document(running)))
            unfinished.replace(ready_file)
        _print_ready(running)
        print(await running.ended)
        return 1


def _ready_document(running: stack.Running) -> dict[str, object]:
    return {
        "url": running.url,
        "address": asdict(running.address),
        "functions": running.functions,
        "logs": str(running.logs),
    }


def _print_ready(running: stack.Running) -> None:
    print("The portal is ready. Press Ctrl-C to stop it.\n")
    for practice in running.practices:
        print(f"  {running.url}/{practice['slug']:<16}{practice['name']}")
    print(f"  {running.url}/local/mail      the mailbox")
    print(f"  {running.url}/local           people on file, clinicians' tokens, Google, the clock\n", flush=True)
