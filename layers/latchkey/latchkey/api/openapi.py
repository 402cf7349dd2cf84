"""The APIs as OpenAPI 3.1 documents, from the routes.

`python -m latchkey.api.openapi` prints the clinicians', and with `machine` that of practice systems. With `--check` and
files it fails unless the files are the same.
"""

import json
import sys
from dataclasses import dataclass
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import (
    HTTPBearer,
    License,
    OAuth2,
    OAuthFlowClientCredentials,
    OAuthFlows,
    SecurityScheme,
    Server,
    Tag,
)

import latchkey
from latchkey.api import app, dispatch, idempotency, machine_app, openapi_details
from latchkey.api.routes import BASE, STACK_BASE, ResourceRoutes
from latchkey.http.openapi import PRACTICE, check, to_text
from latchkey.http.problems import PROBLEMS
from latchkey.http.requests import PROBLEM
from latchkey.identity.providers import PROVIDERS
from latchkey.rules.machines import SCOPE, TOKEN_PATH
from latchkey.rules.refusals import RateLimited, Refusal

DESCRIPTION = """\
The API by which a practice manages its clients' sign-in. Every request has an access token of the stack's user pool,
with the OAuth scope `latchkey/admin`. The memberships in this service decide what its owner may do at a practice.

Times are RFC 3339 in UTC, ids are ULIDs. A refusal is a problem document (RFC 9457) with a stable `code`. Unknown
fields are refused.
"""
MACHINE_DESCRIPTION = """\
The API by which a practice system manages the sign-in of its practice's clients. An admin makes the credentials. An
access token from the token endpoint (OAuth 2.0, client credentials) is valid for an hour, and ends at once when the
credentials are revoked. A system may send 600 requests a minute.

Times are RFC 3339 in UTC, ids are ULIDs. A refusal is a problem document (RFC 9457) with a stable `code`. Unknown
fields are refused.
"""
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A repeated request with the same key runs once. For a day it gets the same response.",
    "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.MAX_KEY_LENGTH, "pattern": "^[!-~]+$"},
}
TAGS = {
    "stack": "The person who asks, and the practices of the stack.",
    "practices": "A practice and its settings.",
    "members": "The members of a practice and their roles.",
    "credentials": "The credentials with which a practice system calls the API.",
    "webhooks": "The addresses of a practice to which events are sent, and the log of what was sent.",
    "letters": "A practice's own wording in its mails, in each language.",
    "clients": "The clients on file.",
    "imports": "Many clients at once, from a file.",
    "access": "A client's sign-in: invitations, address, PINs, sessions, {providers}, and the end of access.".format(
        providers=", ".join(provider.label for provider in PROVIDERS)
    ),
    "devices": "Phones and tablets on which a client, or a contact, is signed in to an app.",
    "items": "What the practice shares with a client, until it is done.",
    "emails": "Addresses on file besides the one that a client signs in with.",
    "contacts": "Other people who may open a client's profile.",
    "events": "Audit events of a client's sign-in, and the diagnosis to read out on the phone.",
}
UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""Powertools' own error documents. Problem documents replace them."""


@dataclass(frozen=True, slots=True)
class Api:
    """One of the APIs."""

    title: str
    description: str
    resources: tuple[ResourceRoutes, ...]
    security: SecurityScheme
    scopes: tuple[str, ...] = ()
    common_refusals: tuple[type[Refusal], ...] = ()
    """Refusals of every route, in addition to those that the routes declare."""


CLINICIANS = Api("Latchkey for clinicians", DESCRIPTION, app.RESOURCES, HTTPBearer(bearerFormat="JWT"))
MACHINES = Api(
    "Latchkey for practice systems",
    MACHINE_DESCRIPTION,
    machine_app.RESOURCES,
    OAuth2(
        flows=OAuthFlows(
            clientCredentials=OAuthFlowClientCredentials(
                tokenUrl=TOKEN_PATH, scopes={SCOPE: "Act for a practice's clients."}
            )
        )
    ),
    (SCOPE,),
    (RateLimited,),
)
FILES = {"openapi.json": CLINICIANS, "openapi-machine.json": MACHINES}
COMMANDS = {"openapi.json": "latchkey.api.openapi", "openapi-machine.json": "latchkey.api.openapi machine"}


def document(api: Api = CLINICIANS) -> dict[str, Any]:
    """Return the OpenAPI document of an API."""
    schema = dispatch.resolver(api.resources).get_openapi_json_schema(
        title=api.title,
        version=latchkey.__version__,
        description=api.description,
        license_info=License(name="Apache-2.0", identifier="Apache-2.0"),
        servers=[Server(url="/", description="The portal's own origin.")],
        tags=[Tag(name=name, description=TAGS[name]) for name in dict.fromkeys(row.resource for row in api.resources)],
        security_schemes={"token": api.security},
        security=[{"token": list(api.scopes)}],
    )
    contract: dict[str, Any] = json.loads(schema)
    # Powertools knows the routes and their documents. It does not know the practice in the path, idempotency keys,
    # bodies that are not JSON, and refusals. Its own error responses go, because this API answers with problems.
    rules = {key: rule for routes in api.resources for key, rule in routes.rules.items()}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            rule = rules[f"{method.upper()} {path}"]
            parameters = [
                *([PRACTICE] if "{practice}" in path else []),
                *operation.get("parameters", ()),
                *([KEY] if rule.idempotent else ()),
            ]
            responses = {
                status: response
                for status, response in operation["responses"].items()
                if status != "500" and _is_contract(response)
            }
            for refusal in api.common_refusals:
                _add_refusal(responses, refusal)
            if rule.content_types:
                schema_of_bytes = {"schema": {"type": "string", "format": "binary"}}
                operation["requestBody"] = {
                    "required": True,
                    "content": dict.fromkeys(rule.content_types, schema_of_bytes),
                }
            operation |= {
                "parameters": parameters,
                "responses": dict(sorted(responses.items())),
                "x-least-role": rule.role.name.lower(),
            }
    openapi_details.complete(contract)
    for name in UNUSED:
        contract["components"]["schemas"].pop(name, None)
    contract["info"]["contact"] = {"name": "The operator of this stack"}
    contract["paths"] = dict(
        sorted(contract["paths"].items(), key=lambda item: item[0].removeprefix(BASE).removeprefix(STACK_BASE))
    )
    return contract


def text(api: Api = CLINICIANS) -> str:
    """Return the text of an API's file."""
    return to_text(document(api))


def _add_refusal(responses: dict[str, Any], refusal: type[Refusal]) -> None:
    problem = PROBLEMS[refusal]
    response = responses[str(problem.status)]
    sentence = f"`{problem.code}`: {problem.title}."
    if sentence not in response["description"]:
        response["description"] = f"{sentence} {response['description']}"
    response.setdefault("content", {})[PROBLEM] = {"schema": {"$ref": "#/components/schemas/Problem"}}


def _is_contract(response: dict[str, Any]) -> bool:
    return not any(name in json.dumps(response) for name in UNUSED)


def main(arguments: list[str]) -> int:
    """Print the document, or compare a file with it. Return the exit status."""
    if arguments[:1] != ["--check"]:
        sys.stdout.write(text(MACHINES if arguments == ["machine"] else CLINICIANS))
        return 0
    return check(arguments[1:], lambda name: text(FILES[name]), lambda name: COMMANDS[name])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
