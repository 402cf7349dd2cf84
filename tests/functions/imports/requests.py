"""Files that are sent, and what becomes of their rows."""

import json

from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

CSV = {"content-type": "text/csv"}
JSON_LINES = {"content-type": "application/x-ndjson"}
HEADER = "name,email,email_ok,external_id,invite,kind,language"


def send(api: ClinicianApi, text: str | bytes, *, dry_run: bool = False, key: str = "", **headers: str) -> HttpResponse:
    """Send a file."""
    content = text.encode() if isinstance(text, str) else text
    query = {"dry_run": "true"} if dry_run else {}
    given = {name.replace("_", "-"): value for name, value in headers.items()} or CSV
    return api.request("POST", "/clients/import", raw=content, headers=given, query=query, key=key)


def csv(*rows: str) -> str:
    """A file with the usual header."""
    return "\r\n".join([HEADER, *rows, ""])


def turn(portal: Portal, import_id: str) -> None:
    """Let the worker process one message."""
    body = json.dumps({"practice": "willow", "import": import_id})
    assert portal.invoke("ImportClients", {"Records": [{"messageId": "m", "body": body}]}) == {"batchItemFailures": []}


def accepted(api: ClinicianApi, text: str) -> str:
    """Send a file that is accepted, and return the import's id."""
    response = send(api, text)
    assert response.status == 202, response.body
    return str(response.document["id"])


def counts(api: ClinicianApi, import_id: str) -> dict[str, int]:
    """The counts that are not 0."""
    document = api.get("/imports/{id}", id=import_id).document
    return {name: count for name, count in document["counts"].items() if count}


def answers(api: ClinicianApi, import_id: str) -> list[tuple[int, str, str | None]]:
    """Number, status and code of each row."""
    rows = api.get("/imports/{id}/rows", id=import_id).document["rows"]
    return [(row["row"], row["status"], row["code"]) for row in rows]


def names(api: ClinicianApi) -> list[str]:
    """The names on file."""
    return [client["name"] for client in api.get("/clients?limit=100").document["clients"]]
