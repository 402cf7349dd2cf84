"""Checks that request the portal's pages by its public address, without a cookie and without a token."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from http.client import HTTPException
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from operate import aws
from operate.findings import Finding, fault, ok

TIMEOUT_SECONDS = 15
AT_ONCE = 8
"""Requests in parallel. A portal that accepts connections and is silent would otherwise hold up each route in turn."""
VALUES = {"practice": "portal-probe", "token": "0"}
"""Values of path parameters. The practice is the probe's own. Other parameters get `doctor`."""
NO_ANSWER = 0


class _NoRedirects(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


_opener = build_opener(_NoRedirects())


def routes(stack: aws.Stack) -> Finding:
    """Check that every route answers, and that the clinicians' API asks for a token."""
    wrong = []
    keys = list(_route_keys(stack.resource("Portal")))
    paths = [_path(key) for key in keys]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = list(pool.map(lambda path: status_of(f"{stack.origin}{path}"), paths))
    for key, path, status in zip(keys, paths, statuses, strict=True):
        closed = path.startswith("/admin/v1/")
        if status in (NO_ANSWER, HTTPStatus.FORBIDDEN) or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            wrong.append(f"{key} says {status or 'nothing'}")
        elif closed and status != HTTPStatus.UNAUTHORIZED:
            wrong.append(f"{key} says {status} without a token")
    if wrong:
        fix = "Read the log of the route's function. An answer of 500 without a log means a missing permission."
        return fault("routes", f"{len(wrong)} of {len(keys)} routes: {'; '.join(wrong[:3])}", fix)
    return ok("routes", f"all {len(keys)} routes answer, and the clinicians' API asks for a token")


def own_address(stack: aws.Stack, parameters: dict[str, str]) -> Finding:
    """Check that the API answers by the portal's address and by no other."""
    if not parameters.get("PortalOrigin"):
        return ok("own-address", "the stack has no domain, so the API answers by its own address")
    endpoint = stack.outputs.get("ApiEndpoint", "")
    status = status_of(f"{endpoint}/healthz")
    if status == HTTPStatus.OK:
        fix = "apigatewayv2 update-api --disable-execute-api-endpoint --api-id ..."
        return fault("own-address", f"{endpoint} answers too", fix)
    return ok("own-address", "the API answers by the portal's address alone")


def status_of(url: str) -> int:
    """Return the status of a GET request, or 0 if there is no response."""
    request = Request(url, headers={"Accept": "text/html", "User-Agent": "latchkey-doctor"})  # noqa: S310 - our own URL
    try:
        with _opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return int(response.status)
    except HTTPError as error:
        return error.code
    except (URLError, OSError, HTTPException):
        return NO_ANSWER


def _path(key: str) -> str:
    """Return a path that a route fits. The default route gets one that no other route has."""
    path = re.sub(r"\{(\w+)\+?\}", lambda name: VALUES.get(name[1], "doctor"), key.rpartition(" ")[2])
    return path if path.startswith("/") else "/doctor/unknown"


def _route_keys(api: str) -> Iterator[str]:
    client, token = aws.client("apigatewayv2"), None
    while True:
        page = client.get_routes(ApiId=api, **({"NextToken": token} if token else {}))
        yield from (route["RouteKey"] for route in page["Items"])
        token = page.get("NextToken")
        if not token:
            return
