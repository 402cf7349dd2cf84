"""Details of the OpenAPI document that the routes do not declare: codes, headers, examples and names of parameters."""

import re
from collections.abc import Mapping
from typing import Any

from latchkey.http.openapi import ALLOW, RETRY_AFTER, problem_schema
from latchkey.http.requests import JSON, PROBLEM

PARAMETER_NAMES = {"client": "client_id", "contact": "contact_id"}
"""Path parameters by their name in the routes. A generated program has other things called `client`."""

REPLAYED = {
    "description": "`true` in the stored response to a repeated request with the same idempotency key.",
    "schema": {"type": "string", "enum": ["true"]},
}

ULIDS = {"id": "01JZ8Q4Z6M3V9T2X7B5K1N0PAR", "contact": "01JZ8Q51C8W4R6Y2D3F7H9JKMN"}
EXAMPLES: dict[str, Any] = {
    **ULIDS,
    "accent": "#2a6f5e",
    "actor": "3f0c9b52-7c44-4d0e-9f5e-2f7a52a1c001",
    "address": "ana@example.com",
    "advice": ["Please spell the email address that you type."],
    "banner": "Ana Reyes hasn't signed in yet.",
    "body": "Here is the way into your Client Portal:\n\n{link}",
    "client_id": ULIDS["id"],
    "code": "not_found",
    "contact_id": ULIDS["contact"],
    "email": "ana@example.com",
    "external_id": "MRN-20417",
    "footer": "You can always reach {practice} at {phone}.",
    "greeting": "Dear {name},",
    "html": "<p>Hello Ana Reyes,</p>",
    "import_id": ULIDS["id"],
    "items": ["Intake form"],
    "kind": "individual",
    "message": "Hello {name},\nhere is your invitation.",
    "name": "Ana Reyes",
    "next": None,
    "note": ["The address on file is ana@example.com. Compare it with the one they spell."],
    "people": [],
    "phone": "(555) 010-0142",
    "pin": "042817",
    "portal_url": "https://portal.example.com/willow",
    "practice": "willow",
    "reference": "K7M-4QX",
    "relation": "guardian",
    "say": ["Please spell the email address that you type."],
    "slug": "willow",
    "status": "invited",
    "subject": "3f0c9b52-7c44-4d0e-9f5e-2f7a52a1c001",
    "tags": ["Invited March 3, 2026"],
    "text": "Hello Ana Reyes,\n",
    "time_zone": "America/New_York",
    "website": True,
    "welcome": "Good to see you here.",
}
"""Values of fields and parameters by name. A schema that does not allow the value has a value of its own."""
TIME = "2026-03-03T12:00:00Z"


def complete(contract: dict[str, Any]) -> None:
    """Add the details to a document, in place."""
    schemas = contract["components"]["schemas"]
    for operations in contract["paths"].values():
        for operation in operations.values():
            _complete_responses(operation)
            _add_examples(operation, schemas)
    contract["paths"] = {_renamed(path): operations for path, operations in contract["paths"].items()}


def _renamed(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda match: f"{{{PARAMETER_NAMES.get(match[1], match[1])}}}", path)


def _complete_responses(operation: dict[str, Any]) -> None:
    keyed = any(parameter["name"] == "Idempotency-Key" for parameter in operation["parameters"])
    operation["responses"]["405"] = {
        "description": "`method_not_allowed`: The path does not take this method.",
        "content": {PROBLEM: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    operation["responses"] = dict(sorted(operation["responses"].items()))
    for status, response in operation["responses"].items():
        content, headers = response.get("content", {}), {}
        if status == "401":
            # A missing token is refused by API Gateway, which has no problem documents. A wrong one looks the same.
            content.pop(PROBLEM, None)
        if PROBLEM in content:
            # API Gateway's own refusals have another media type. Their description says so.
            content.pop(JSON, None)
            codes = re.findall(r"(?<!With )`(\w+)`:", response["description"])
            content[PROBLEM]["schema"] = problem_schema(codes)
        match status:
            case "429" | "503":
                headers["Retry-After"] = RETRY_AFTER
            case "405":
                headers["Allow"] = ALLOW
            case _ if keyed and status.startswith("2"):
                headers["Idempotency-Replayed"] = REPLAYED
        if headers:
            response["headers"] = headers


def _add_examples(operation: dict[str, Any], schemas: Mapping[str, Any]) -> None:
    for parameter in operation["parameters"]:
        if parameter["in"] == "path":
            parameter["name"] = PARAMETER_NAMES.get(parameter["name"], parameter["name"])
            parameter["example"] = example(parameter["schema"], schemas, parameter["name"])
    for media in operation.get("requestBody", {}).get("content", {}).values():
        bodies = [choice for choice in media["schema"].get("anyOf", ()) if "$ref" in choice]
        if bodies:
            # A body that may be left out is not null.
            media["schema"] = bodies[0]
        media["example"] = example(media["schema"], schemas, "")
    for status, response in operation["responses"].items():
        for media in response.get("content", {}).values():
            if status.startswith("2"):
                media["example"] = example(media["schema"], schemas, "")


def example(schema: Mapping[str, Any], schemas: Mapping[str, Any], name: str) -> Any:
    """Return a value that the schema allows. `name` is the field's, for a value that people recognize."""
    if "$ref" in schema:
        return example(schemas[schema["$ref"].rpartition("/")[2]], schemas, name)
    choices = [choice for choice in schema.get("anyOf", ()) if choice.get("type") != "null"]
    if choices:
        is_nullable = len(choices) < len(schema["anyOf"])
        return None if is_nullable and EXAMPLES.get(name, "") is None else example(choices[0], schemas, name)
    if "enum" in schema:
        return EXAMPLES[name] if EXAMPLES.get(name) in schema["enum"] else schema["enum"][0]
    match schema.get("type"):
        case "object":
            return _example_object(schema, schemas)
        case "array":
            known = EXAMPLES.get(name)
            is_known = isinstance(known, list) and (not known or "$ref" not in schema["items"])
            return known if is_known else [example(schema["items"], schemas, "")]
        case "boolean":
            return True
        case "integer":
            return max(schema.get("minimum", 0), 1)
        case _:
            return _example_text(schema, name)


def _example_object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    properties = schema.get("properties", {})
    left_out = {"email", "contact"} & properties.keys() - set(schema.get("required", ()))
    if "additionalProperties" in schema and not properties and schema["additionalProperties"]:
        return {"documents": example(schema["additionalProperties"], schemas, "")}
    shown = {name: value for name, value in properties.items() if name not in left_out or "subject" not in properties}
    if {"email", "subject", "role"} <= properties.keys() and not schema.get("required", ["subject"]).count("subject"):
        shown = {name: value for name, value in properties.items() if name != "subject"}
    return {name: example(value, schemas, name) for name, value in shown.items()}


def _example_text(schema: Mapping[str, Any], name: str) -> str:
    pattern, known = schema.get("pattern"), EXAMPLES.get(name)
    candidates = [known, *schema.get("examples", ()), ULIDS["id"], "en", "willow", "https://willow.example/"]
    if schema.get("format") == "date-time":
        return TIME
    for candidate in candidates:
        if isinstance(candidate, str) and (pattern is None or re.search(pattern, candidate)):
            return candidate
    raise ValueError(f"no example for {name}: {pattern}")
