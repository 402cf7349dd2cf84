"""Services behind the sign-in on one machine: each has a template of its own, as `examples/api` has (`EXAMPLE=`).

A service gets the portal's outputs as parameters of the same names. Its API gets a prefix of the portal's host.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote, urlsplit

import boto3
from aiohttp import web

from local import aws
from local.runtime import FunctionFailed, Pool, SharedEnvironment
from local.sam_template import Function, Route, Template

SDK = Path(boto3.__file__).parent.parent
"""The folder of boto3, which Lambda's runtime has and the runtime client has not."""


async def start(
    folders: Iterable[Path],
    portal: Template,
    url: str,
    address: aws.Address,
    pools: dict[str, Pool],
    environments: Callable[[dict[str, Function]], dict[str, SharedEnvironment]],
) -> list[Route]:
    """Create the resources of each service, add its functions to `pools`, and return its routes.

    `url` is the portal's. `environments` returns the environments of functions by name.

    :raises OSError: a folder has no template.
    :raises LookupError: a parameter of a template is no output of the portal.
    :raises ValueError: two templates have a function of one name.
    """
    portal.names.name("PortalDomain", Ref=urlsplit(url).hostname or "")
    routes = []
    for folder in folders:
        needed = Template(folder, {}).parameters
        template = Template(folder, {name: portal.output(name) for name in needed})
        await asyncio.to_thread(aws.create, template, address)
        functions = template.functions()
        if shared := functions.keys() & pools.keys():
            raise ValueError(f"Two templates have a function of this name: {', '.join(sorted(shared))}")
        for name, environment in environments(functions).items():
            pools[name] = Pool(functions[name], replace(environment, sdk=SDK))
        routes += template.routes()
    return routes


async def serve_invocations(pools: Mapping[str, Pool], exit_stack: AsyncExitStack) -> dict[str, str]:
    """Serve Lambda's `Invoke` for the functions of this machine until the context ends. Return its variable."""

    async def invoke(request: web.Request) -> web.Response:
        name = unquote(request.match_info["function"]).partition(":function:")[2].partition(":")[0]
        if name not in pools:
            missing = {"x-amzn-errortype": "ResourceNotFoundException"}
            return web.json_response({"Type": "User"}, status=404, headers=missing)
        try:
            return web.Response(body=await pools[name].invoke(await request.read()))
        except FunctionFailed as failure:
            return web.json_response({"errorMessage": str(failure)}, headers={"X-Amz-Function-Error": "Unhandled"})

    app = web.Application(client_max_size=6 * 1024 * 1024)
    app.router.add_post("/2015-03-31/functions/{function}/invocations", invoke)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    exit_stack.push_async_callback(runner.cleanup)
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    return {"AWS_ENDPOINT_URL_LAMBDA": f"http://{host}:{port}"}
