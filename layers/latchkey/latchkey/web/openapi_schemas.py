"""Schemas and examples of the clients' JSON, from the types in `web.documents`."""

from collections.abc import Mapping
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from latchkey.web import documents

PROFILE = {"id": "01JZ8Q4Z6M3V9T2X7B5K1N0PAR", "name": "Ana Reyes", "kind": "individual"}
SESSION = {
    "account": "01JZ8Q51C8W4R6Y2D3F7H9JKMN",
    "profile": PROFILE["id"],
    "profiles": [PROFILE],
    "features": {"appointments": True, "messages": True, "documents": True, "payments": False},
    "signed_in_at": "2026-03-03T12:00:00Z",
    "expires_at": "2026-03-03T12:20:00Z",
    "method": "link",
}
DEVICE = {
    "id": "01JZ8Q6D2V5T8X1Z4B7N0Q3RKM",
    "name": "Ana's phone",
    "signed_in_at": "2026-03-03T12:00:00Z",
    "expires_at": "2026-06-01T12:00:00Z",
    "current": True,
}
EXAMPLES: dict[type, Any] = {
    documents.LinkSent: {"status": "sent"},
    documents.LinkConfirmation: {"status": "confirm", "email": "a•••@example.com"},
    documents.SessionDocument: SESSION,
    documents.AppSessionDocument: SESSION
    | {
        "device": DEVICE["id"],
        "session_token": "AWpvYi1pZC1hbmQtc2Vzc2lvbi10b2tlbg",
        "refresh_token": "AWpvYi1pZC1hbmQtcmVmcmVzaC10b2tlbg",
        "refresh_expires_at": DEVICE["expires_at"],
    },
    documents.AppDeviceList: {"devices": [DEVICE]},
    documents.DeviceEnded: {"status": "ended"},
    documents.SignOutDocument: {"status": "signed_out"},
    documents.HealthDocument: {"status": "ok", "version": "1.0.0"},
    documents.LinkRequest: {"email": "ana@example.com"},
    documents.LinkRedemption: {},
    documents.PinSignIn: {"email": "ana@example.com", "pin": "042817"},
    documents.ProviderStart: {},
    documents.ChosenProfile: {"profile": PROFILE["id"]},
    documents.AppConsent: {"challenge": "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM", "state": "af0ifjsldkj"},
    documents.AppSessionRequest: {
        "code": "Kx8mQ2vT5wZ1nR4bY7cD0fG3hJ6kL9pS-aE8uW2iO5M",
        "verifier": "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
        "device": DEVICE["name"],
    },
    documents.DeviceToEnd: {"device": DEVICE["id"]},
    documents.Nothing: {},
    dict: {"applinks": {"details": [{"appIDs": ["ABCDE12345.com.example.app"], "components": [{"/": "/*/link/*"}]}]}},
    list: [{"relation": ["delegate_permission/common.handle_all_urls"], "target": {"namespace": "android_app"}}],
}
"""An example of each body and answer."""
PLAIN: dict[type, dict[str, Any]] = {
    dict: {"type": "object", "additionalProperties": True},
    list: {"type": "array", "items": {"type": "object", "additionalProperties": True}},
}
"""Schemas of documents whose format is not ours."""


def schemas() -> dict[str, Any]:
    """Return the schemas of all documents and bodies, from their types."""
    described = [documents.ProblemDocument, *(kind for kind in EXAMPLES if kind not in PLAIN)]
    for name in dir(documents):
        kind = getattr(documents, name)
        if isinstance(kind, type) and kind.__module__ == documents.__name__:
            setattr(kind, "__pydantic_config__", ConfigDict(use_attribute_docstrings=True))  # noqa: B010 - not in its type
    _, made = TypeAdapter.json_schemas(
        [(kind, "serialization", TypeAdapter(kind)) for kind in described], ref_template="#/components/schemas/{model}"
    )
    found: dict[str, Any] = made["$defs"]
    whole = {name: _simplified(schema, found) for name, schema in found.items()}
    return {
        _name(name): schema for name, schema in sorted(whole.items()) if "properties" in schema or name == "Nothing"
    }


def _simplified(schema: Any, known: Mapping[str, Any]) -> Any:
    """Return a schema without titles, in which closed lists and their keys stand where they are used."""
    if isinstance(schema, list):
        return [_simplified(part, known) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if (values := _values(schema, known)) is not None:
        return {name: text for name, text in schema.items() if name == "description"} | {
            "type": "string",
            "enum": values,
        }
    if "$ref" in schema:
        return schema | {"$ref": "#/components/schemas/" + _name(schema["$ref"].rpartition("/")[2])}
    if "propertyNames" in schema:
        names = _values(schema["propertyNames"], known) or []
        return {
            **{name: text for name, text in schema.items() if name == "description"},
            "type": "object",
            "properties": dict.fromkeys(names, schema["additionalProperties"]),
            "required": names,
        }
    return {
        name: {key: _simplified(part, known) for key, part in value.items()}
        if name == "properties"
        else _simplified(value, known)
        for name, value in schema.items()
        if name != "title"
    }


def _values(schema: Mapping[str, Any], known: Mapping[str, Any]) -> list[str] | None:
    """Return the values of a closed list, which may consist of other lists. None for any other schema."""
    if "$ref" in schema:
        return _values(known[schema["$ref"].rpartition("/")[2]], known)
    if "const" in schema:
        return [schema["const"]]
    if "anyOf" in schema:
        lists = [_values(choice, known) for choice in schema["anyOf"]]
        return None if None in lists else [value for values in lists if values for value in values]
    return schema.get("enum")


def _name(name: str) -> str:
    return name.removesuffix("Document")


def schema_of(content: tuple[type, ...]) -> dict[str, Any]:
    """Return the schema of a body, or of an answer that is one of several documents."""
    choices = [PLAIN.get(kind) or {"$ref": f"#/components/schemas/{_name(kind.__name__)}"} for kind in content]
    return choices[0] if len(choices) == 1 else {"oneOf": choices}
