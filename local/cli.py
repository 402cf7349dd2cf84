"""The command line: what a run is told, what it prints, and when it ends."""

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
    """Run the stack; returns the exit code."""
    logging.basicConfig(format="%(message)s", level=logging.WARNING, stream=sys.stdout)
    arguments = _arguments()
    try:
        named = provider_choice.named(os.environ)
    except ValueError as trouble:
        print(trouble)
        return 1
    forget_the_real_aws()
    if not arguments.quiet:
        logging.getLogger("local").setLevel(logging.INFO)
    options = stack.Options(
        port=arguments.port,
        engine=arguments.dynamodb,
        logs=arguments.logs,
        build=arguments.build,
        seed=arguments.seed,
        google=named,
        parameters=dict(each.split("=", 1) for each in arguments.parameter),
    )
    try:
        return asyncio.run(_until_stopped(options, arguments))
    except stack.PortTakenError:
        print(f"Port {options.port} is taken: stop what listens there, or choose another with PORT=8001.")
    except stack.StartError as trouble:
        print(f"The stack does not start: {trouble}")
    return 1


def forget_the_real_aws() -> None:
    """Whatever this shell knows of AWS, nothing here shall ever reach it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    nothing = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "NO_PROXY": "*"}
    os.environ.update(nothing)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local", description="The portal on this machine until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8000, help="0 for any that is free")
    parser.add_argument("--dynamodb", choices=("ministack", "dynamodb-local"), default="ministack")
    parser.add_argument("--logs", type=Path, help="folder for the logs of functions and ministack")
    parser.add_argument("--build", type=Path, default=stack.BUILD, help="folder that sam build wrote")
    parser.add_argument("--no-seed", dest="seed", action="store_false", help="start with empty tables")
    parser.add_argument("--quiet", action="store_true", help="print no line for each request")
    parser.add_argument("--ready-file", type=Path, help="written when the portal answers; says where everything is")
    parser.add_argument("--until-stdin-closes", action="store_true", help="stop when whoever started this is gone")
    parser.add_argument("--parameter", action="append", default=[], metavar="NAME=VALUE", help="one of the template's")
    return parser.parse_args()


async def _until_stopped(options: stack.Options, arguments: argparse.Namespace) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)

    def starter_is_gone() -> None:
        loop.remove_reader(sys.stdin)
        stop.set()

    if arguments.until_stdin_closes:
        loop.add_reader(sys.stdin, starter_is_gone)
    serving = asyncio.create_task(_serve(options, arguments.ready_file))
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
            unfinished = ready_file.with_suffix(".part")
            unfinished.write_text(json.dumps(_told(running)))
            unfinished.replace(ready_file)
        _print_ready(running)
        print(await running.ended)
        return 1


def _told(running: stack.Running) -> dict[str, object]:
    return {
        "url": running.url,
        "address": asdict(running.address),
        "functions": running.functions,
        "logs": str(running.logs),
    }


def _print_ready(running: stack.Running) -> None:
    print("The portal is ready. Ctrl-C stops it.\n")
    for practice in running.practices:
        print(f"  {running.url}/{practice['slug']:<16}{practice['name']}")
    print(f"  {running.url}/local/mail      the mailbox")
    print(f"  {running.url}/local           who is here, clinicians' tokens, Google, the clock\n", flush=True)
