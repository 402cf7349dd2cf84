"""Services behind the sign-in on one machine: each has a template of its own, as `examples/api` has (`EXAMPLE=`).

A service gets the portal's outputs as parameters of the same names. Its API gets a prefix of the portal's host.
"""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

import boto3

from local import aws
from local.invocations import invocable_by
from local.runtime import Pool, SharedEnvironment
from local.sam_template import Function, Route, Template

SDK = Path(boto3.__file__).parent.parent
"""The folder of boto3, which Lambda's runtime has and the runtime client has not."""


@dataclass(frozen=True, slots=True)
class Services:
    """Services that were started."""

    routes: list[Route]
    callers: dict[str, frozenset[str]]
    """Functions that the holder of an access key may invoke."""


async def start(
    folders: Iterable[Path],
    portal: Template,
    url: str,
    address: aws.Address,
    pools: dict[str, Pool],
    environments: Callable[[dict[str, Function]], dict[str, SharedEnvironment]],
) -> Services:
    """Create the resources of each service, and add its functions to `pools`. Return the services.

    `url` is the portal's. `environments` returns the environments of functions by name.

    :raises OSError: a folder has no template.
    :raises LookupError: a parameter of a template is no output of the portal.
    :raises ValueError: two templates have a function of one name.
    """
    portal.names.name("PortalDomain", Ref=urlsplit(url).hostname or "")
    routes: list[Route] = []
    callers: dict[str, frozenset[str]] = {}
    for folder in folders:
        needed = Template(folder, {}).parameters
        template = Template(folder, {name: portal.output(name) for name in needed})
        await asyncio.to_thread(aws.create, template, address)
        functions = template.functions()
        if shared := functions.keys() & pools.keys():
            raise ValueError(f"Two templates have a function of this name: {', '.join(sorted(shared))}")
        for name, environment in environments(functions).items():
            pools[name] = Pool(functions[name], replace(environment, sdk=SDK))
            callers[environment.variables["AWS_ACCESS_KEY_ID"]] = invocable_by(template, functions[name].role)
        routes += template.routes()
    return Services(routes, callers)
