"""The API as an OpenAPI 3.1 document, from the routes.

`python -m latchkey.api.openapi` prints it. With `--check` and a file it fails unless the file is the same.
"""

import json
import sys
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, License, Server, Tag

import latchkey
from latchkey.api import app, dispatch, idempotency, openapi_details
from latchkey.api.routes import BASE, STACK_BASE
from latchkey.identity.providers import PROVIDERS

DESCRIPTION = """\
The API by which a practice manages its clients' sign-in. Every request has an access token of the stack's user pool,
with the OAuth scope `latchkey/admin`. The memberships in this service decide what its owner may do at a practice.

Times are RFC 3339 in UTC, ids are ULIDs. A refusal is a problem document (RFC 9457) with a stable `code`. Unknown
fields are refused.
"""
PRACTICE = {
    "name": "practice",
    "in": "path",
    "required": True,
    "description": "The practice's slug, which is part of every URL.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"},
}
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
    "letters": "A practice's own wording in its mails, in each language.",
    "clients": "The clients on file.",
    "access": "A client's sign-in: invitations, address, PINs, sessions, {providers}, and the end of access.".format(
        providers=", ".join(provider.label for provider in PROVIDERS)
    ),
    "items": "What the practice shares with a client, until it is done.",
    "emails": "Addresses on file besides the one that a client signs in with.",
    "contacts": "Other people who may open a client's profile.",
    "events": "Audit events of a client's sign-in, and the diagnosis to read out on the phone.",
}
UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""Powertools' own error documents. Problem documents replace them."""


def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    schema = dispatch.resolver(app.RESOURCES).get_openapi_json_schema(
        title="Latchkey for clinicians",
        version=latchkey.__version__,
        description=DESCRIPTION,
        license_info=License(name="Apache-2.0", identifier="Apache-2.0"),
        servers=[Server(url="/", description="The portal's own origin.")],
        tags=[Tag(name=name, description=TAGS[name]) for name in dict.fromkeys(one.resource for one in app.RESOURCES)],
        security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
        security=[{"token": []}],
    )
    contract: dict[str, Any] = json.loads(schema)
    rules = {key: rule for routes in app.RESOURCES for key, rule in routes.rules.items()}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            rule = rules[f"{method.upper()} {path}"]
            parameters = [
                *([PRACTICE] if path.startswith(BASE) else []),
                *operation.get("parameters", ()),
                *([KEY] if rule.idempotent else ()),
            ]
            responses = {
                status: response
                for status, response in operation["responses"].items()
                if status != "500" and _is_contract(response)
            }
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


def text() -> str:
    """Return the text of the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _is_contract(response: dict[str, Any]) -> bool:
    return not any(name in json.dumps(response) for name in UNUSED)


def main(arguments: list[str]) -> int:
    """Print the document, or compare a file with it. Return the exit status."""
    if arguments[:1] != ["--check"]:
        sys.stdout.write(text())
        return 0
    if Path(arguments[1]).read_text() == text():
        return 0
    sys.stderr.write(f"{arguments[1]} differs from the routes. Run: python -m latchkey.api.openapi > {arguments[1]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
