"""Servers on ports of this machine that nobody else can reach."""

from aiohttp import web


async def listen(server: web.BaseRunner) -> str:
    """Start a server on a free port. Return its host and port, such as `127.0.0.1:49152`."""
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", 0).start()
    host, port = server.addresses[0][:2]
    return f"{host}:{port}"
