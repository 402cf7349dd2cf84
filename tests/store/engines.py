"""A DynamoDB that runs on this machine."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

from local import aws, processes
from tests.kit import sam_template

type Started = Coroutine[Any, Any, tuple[asyncio.subprocess.Process, str]]


@dataclass(frozen=True, slots=True)
class Engine:
    """A running engine in place of DynamoDB, with the template's tables."""

    url: str
    client: Any
    """A boto3 client, to read the tables directly."""

    def items(self) -> dict[str, list[dict[str, Any]]]:
        """Return every item of every table."""
        return sam_template.items(self.client)


def running(start: Callable[[], Started]) -> Iterator[Engine]:
    """Start an engine with `start`, and yield it."""
    with asyncio.Runner() as runner:
        process, url = runner.run(start())
        try:
            client = aws.Address(url, url).client("dynamodb")
            sam_template.create_tables(client)
            yield Engine(url, client)
        finally:
            runner.run(processes.stop(process))
