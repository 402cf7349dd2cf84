"""The API of practice systems: the clinicians' routes that need no person, below a path of their own.

These routes have no JWT authorizer, because API Gateway's accepts tokens of one issuer only. The function checks the
tokens itself (docs/decisions/0027).
"""

from latchkey import aws
from latchkey.api import access, clients, contacts, dispatch, emails, events, imports, items, machine_tokens
from latchkey.api.routes import BASE, ResourceRoutes, RouteRule
from latchkey.rules.machines import API_PATH
from latchkey.rules.members import Role
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.usecases import machine_tokens as access_tokens

MACHINE_BASE = f"{API_PATH}/practices/{{practice}}"
FOR_PEOPLE = ("/pin-codes", "/diagnosis", "/support-codes/{code}", *(f"/{name}" for name in PROVIDER_NAMES))
"""Ends of the paths that need a person: digits and sentences to read out, and the identity of a caller."""


def _is_for_machines(path: str, rule: RouteRule) -> bool:
    return rule.role is Role.CLINICIAN and path.startswith(BASE) and not path.endswith(FOR_PEOPLE)


RESOURCES: tuple[ResourceRoutes, ...] = tuple(
    module.routes.below(MACHINE_BASE, _is_for_machines)
    for module in (clients, imports, emails, access, items, contacts, events)
)
CALLERS = dispatch.Callers(machine_tokens.bearer, access_tokens.authorize, machine_tokens.respond)


def entry() -> aws.GatewayHandler:
    """Return the Lambda handler of all routes of practice systems."""
    return dispatch.handler_for(RESOURCES, CALLERS)
