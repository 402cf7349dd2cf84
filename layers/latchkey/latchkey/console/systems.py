"""Practice systems: their credentials, which an admin makes, sees once and revokes (B173)."""

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.dispatch import SHOWN_ONCE
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules.machines import SCOPE, TOKEN_PATH, Machine
from latchkey.rules.refusals import RecordNotFound
from latchkey.usecases import machines

routes = ConsoleRoutes()

REVOKED_SHOWN = 10
"""Revoked credentials on a page. The live ones are all shown."""


@routes.get("/systems", machines.list_credentials, machines.add_credential)
def systems_page(current: Current) -> Response:
    """Show the practice systems, the newest of those that were revoked, and the form for another one."""
    found = machines.list_credentials(current.context)
    revoked = sorted(
        (machine for machine in found.machines if machine.revoked_at), key=lambda machine: machine.id, reverse=True
    )
    before = current.query("before")
    earlier = [row for row in revoked if not before or row.id < before]
    return render.signed_in_page(
        current,
        "systems.html",
        systems=[
            *(row for row in found.machines if not row.revoked_at and not before),
            *earlier[:REVOKED_SHOWN],
        ],
        names=found.names,
        next_id=earlier[REVOKED_SHOWN - 1].id if len(earlier) > REVOKED_SHOWN else None,
        typed=current.values(name=""),
        done=current.query("done"),
    )


@routes.form("/systems", machines.add_credential, machines.list_credentials, page=systems_page)
def add_system(current: Current) -> Response:
    """Make credentials, and show the secret once. A reload does not show it again."""
    made = machines.add_credential(current.context, current.form.checked_text("name", "name"))
    origin = current.request.origin
    shown = render.signed_in_page(
        current,
        "system_secret.html",
        system=made.machine,
        secret=made.secret,
        token_url=origin + TOKEN_PATH,
        scope=SCOPE,
        api_url=origin + made.machine.api_path,
    )
    return shown.with_headers({SHOWN_ONCE: f"{current.home}/systems/{made.machine.id}?done=shown"})


@routes.get("/systems/{system}", machines.list_credentials)
def system_page(current: Current) -> Response:
    """Show a practice system: its id, who made it, and when it was used last."""
    return _page(current, "system.html")


@routes.get("/systems/{system}/revoke", machines.revoke_credential, machines.list_credentials)
def revoke_page(current: Current) -> Response:
    """Say what ends before the credentials are revoked."""
    return _page(current, "revoke.html")


@routes.form("/systems/{system}/revoke", machines.revoke_credential, machines.list_credentials, page=revoke_page)
def revoke_system(current: Current) -> Response:
    """Revoke the credentials. The next request of the system is refused."""
    machines.revoke_credential(current.context, current.ulid("system"))
    return see_other(f"{current.home}/systems?done=revoked")


def _page(current: Current, template: str) -> Response:
    found = machines.list_credentials(current.context)
    return render.signed_in_page(
        current,
        template,
        system=_system(found.machines, current.ulid("system")),
        names=found.names,
        done=current.query("done"),
    )


def _system(every: tuple[Machine, ...], machine_id: str) -> Machine:
    """Return the practice system with this id.

    :raises RecordNotFound: the practice has no such system.
    """
    for machine in every:
        if machine.id == machine_id:
            return machine
    raise RecordNotFound
