"""The contract as OpenAPI 3.1, from the routes themselves: `python -m latchkey.api.openapi` prints it, and with
`--check` and a file says whether that file is as it should be."""

import json
import sys
from pathlib import Path
from typing import Any

from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, License, Server, Tag

import latchkey
from latchkey.api import app, dispatch, idempotency
from latchkey.api.routes import BASE
from latchkey.identity.providers import PROVIDERS

DESCRIPTION = """\
What a practice does about its clients' sign-in. Every request carries an access token of the stack's user pool, with
the scope `latchkey/admin`; what its owner may do where is decided by a membership in this service alone.

Times are RFC 3339 in UTC, ids are ULIDs. What is refused is a problem document (RFC 9457) with a stable `code`. Fields
that are not named here are refused.
"""
PRACTICE = {
    "name": "practice",
    "in": "path",
    "required": True,
    "description": "The practice's slug: its place in every URL.",
    "schema": {"type": "string", "pattern": "^[a-z0-9][a-z0-9-]{1,38}[a-z0-9]$"},
}
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "Makes a repeated send one send: for a day, the same key is answered the same way.",
    "schema": {"type": "string", "minLength": 1, "maxLength": idempotency.MAX_KEY_LENGTH, "pattern": "^[!-~]+$"},
}
TAGS = {
    "practices": "A practice and its settings.",
    "members": "Who may act for it, and as what.",
    "letters": "What its mails say, in each language.",
    "clients": "Whom it has on file.",
    "access": "A client's sign-in: invitations, address, PINs, sessions, {providers}, and its end.".format(
        providers=", ".join(provider.label for provider in PROVIDERS)
    ),
    "contacts": "Who else may open a client's profile.",
    "events": "What happened to a client's sign-in, and what to say on the phone.",
}
UNUSED = ("HTTPValidationError", "ValidationError", "ResponseValidationError")
"""Powertools' own answers, which ours stand in for."""


def document() -> dict[str, Any]:
    """Return the whole contract."""
    written = dispatch.resolver(app.RESOURCES).get_openapi_json_schema(
        title="Latchkey for clinicians",
        version=latchkey.__version__,
        description=DESCRIPTION,
        license_info=License(name="Apache-2.0", identifier="Apache-2.0"),
        servers=[Server(url="/", description="The portal's own origin.")],
        tags=[Tag(name=routes.resource, description=TAGS[routes.resource]) for routes in app.RESOURCES],
        security_schemes={"token": HTTPBearer(bearerFormat="JWT")},
        security=[{"token": []}],
    )
    contract: dict[str, Any] = json.loads(written)
    rules = {key: rule for routes in app.RESOURCES for key, rule in routes.rules.items()}
    for path, operations in contract["paths"].items():
        for method, operation in operations.items():
            rule = rules[f"{method.upper()} {path}"]
            parameters = [PRACTICE, *operation.get("parameters", ()), *([KEY] if rule.idempotent else ())]
            answers = {
                status: one for status, one in operation["responses"].items() if status != "500" and _is_contract(one)
            }
            operation |= {
                "parameters": parameters,
                "responses": dict(sorted(answers.items())),
                "x-least-role": rule.role.name.lower(),
            }
    for name in UNUSED:
        contract["components"]["schemas"].pop(name, None)
    contract["paths"] = dict(sorted(contract["paths"].items(), key=lambda one: one[0].removeprefix(BASE)))
    return contract


def text() -> str:
    """Return the contract as it stands in the file."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def _is_contract(answer: dict[str, Any]) -> bool:
    return not any(name in json.dumps(answer) for name in UNUSED)


def main(arguments: list[str]) -> int:
    """Print the contract, or compare a file with it."""
    if arguments[:1] != ["--check"]:
        sys.stdout.write(text())
        return 0
    if Path(arguments[1]).read_text() == text():
        return 0
    sys.stderr.write(f"{arguments[1]} is not what the routes say: python -m latchkey.api.openapi > {arguments[1]}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
