"""Replacement for Lambda's API. Functions invoke each other by it, if their role allows that."""

import json
import re
from collections.abc import Mapping
from urllib.parse import unquote

from aiohttp import web

from local import loopback
from local.aws import ROOT
from local.clock import Clock
from local.runtime import FunctionFailed, Pool
from local.sam_template import Template, function_name

PATH = "/2015-03-31/functions/{name}/invocations"
ACCESS_KEY = re.compile(r"Credential=([^/,\s]+)/")
INVOKE = "lambda:InvokeFunction"
OWNER = ROOT["AWS_ACCESS_KEY_ID"]
"""Access key of the account itself, which may invoke every function."""


class Invocations:
    """Lambda's operation Invoke on a port of its own."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pools: Mapping[str, Pool] = {}
        self._callers: dict[str, frozenset[str]] = {}
        self._server: web.AppRunner | None = None

    async def open(self) -> str:
        """Start listening on a free port. Return the URL."""
        app = web.Application()
        app.router.add_post(PATH, self._invoke)
        self._server = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        return f"http://{await loopback.listen(self._server)}"

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            await self._server.cleanup()

    def serve(self, pools: Mapping[str, Pool], callers: Mapping[str, frozenset[str]]) -> None:
        """Respond from now on. `callers` says which functions the holder of an access key may invoke."""
        self._pools, self._callers = pools, dict(callers)

    async def _invoke(self, request: web.Request) -> web.StreamResponse:
        name = function_name(unquote(request.match_info["name"]))
        key = ACCESS_KEY.search(request.headers.get("authorization", ""))
        caller = key[1] if key else ""
        if name not in self._pools or (caller != OWNER and name not in self._callers.get(caller, frozenset())):
            return web.json_response(
                {"message": f"not authorized to perform: {INVOKE}"},
                status=403,
                headers={"x-amzn-errortype": "AccessDeniedException"},
            )
        try:
            context = json.dumps({"custom": {"now": str(self._clock.now_ms())}})
            result = await self._pools[name].invoke(await request.read(), context)
        except FunctionFailed as failure:
            error = {"errorType": "Error", "errorMessage": str(failure)}
            return web.json_response(error, headers={"x-amz-function-error": "Unhandled"})
        return web.Response(body=result, content_type="application/json")


def invocable_by(template: Template, role: str) -> frozenset[str]:
    """Return the functions that the policies of a role allow it to invoke. `role` is the role's ARN."""
    found: set[str] = set()
    for logical_id, properties in template.resources("AWS::IAM::Role").items():
        if template.names.resolve({"Fn::GetAtt": [logical_id, "Arn"]}) != role:
            continue
        for policy in properties.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow" and statement.get("Action") == INVOKE:
                    found.add(function_name(template.names.resolve(statement["Resource"])))
    return frozenset(found)
