"""Files of clients: encodings, types, sizes and lines that cannot be read (B183)."""

import base64
import json

import pytest

from latchkey.rules.imports import MAX_ROWS
from tests.functions.imports.requests import accepted, csv, names, send, turn
from tests.kit import gateway_events
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

LATIN_1 = csv("Ana Reyes,,,M-1,,,", "José Peña,,,M-2,,,").encode("latin-1")
BROKEN: dict[str, tuple[bytes, str, str]] = {
    "latin-1": (LATIN_1, "row 3", "UTF-8"),
    "utf-16": (csv("Ana,,,M-1,,,").encode("utf-16"), "row 1", "UTF-16"),
    "lost characters": (csv("Ana,,,M-1,,,", "Jos\ufffd,,,M-2,,,").encode(), "row 3", "lost"),
    "NUL": (csv("Ana,,,M-1,,,", "To\0m,,,M-2,,,").encode(), "row 3", "NUL"),
    "empty": (b"", "file", "no rows"),
    "BOM alone": (b"\xef\xbb\xbf", "file", "no rows"),
    "header alone": (csv().encode(), "file", "no rows"),
    "no header": (b"Ana Reyes,ana.reyes@example.com\r\n", "row 1", "one of them is name"),
    "unknown column": (b"name,phone\r\nAna,1\r\n", "row 1", "Column 2"),
    "column twice": (b"name,name\r\nAna,Ana\r\n", "row 1", "twice"),
    "quote not closed": (csv("Ana,,,M-1,,,", '"Tom,,,M-2,,,').encode(), "row 3", "quotation mark"),
    "quote inside": (csv('"Ana"x,,,M-1,,,').encode(), "row 2", "quotation mark"),
    "1,001 rows": (csv(*(f"P,,,M-{n},,," for n in range(MAX_ROWS + 1))).encode(), "row 1002", "1,000"),
    "a header of commas": (b"name" + b"," * 1_000_000, "row 1", "Column 2"),
}


@pytest.mark.parametrize(("content", "place", "words"), BROKEN.values(), ids=BROKEN)
def test_a_file_that_cannot_be_read_is_refused_with_the_row_and_nothing_is_stored(
    portal: Portal, clinician: ClinicianApi, content: bytes, place: str, words: str
) -> None:
    """B183"""
    before = portal.at_rest()["Imports"]
    for headers in ("text/csv", "Text/CSV; charset=UTF-8"):
        # API Gateway passes a text on as base64 if it is no UTF-8
        response = as_base64(portal, clinician, content, headers)
        assert (response.status, response.document["code"]) == (422, "import_invalid"), response.body
        assert response.document["errors"][0]["location"] == place
        assert words in " ".join(error["message"] for error in response.document["errors"])
        assert "Reyes" not in response.body
    assert portal.at_rest()["Imports"] == before


def as_base64(portal: Portal, api: ClinicianApi, content: bytes, content_type: str) -> HttpResponse:
    """The response to a file that API Gateway passes on as base64."""
    headers = {"authorization": api.authorization, "content-type": content_type}
    sent = gateway_events.Sent("POST", "/admin/v1/practices/willow/clients/import", headers, b"x")
    event = gateway_events.event(sent, portal.now * 1000)
    event |= {"body": base64.b64encode(content).decode(), "isBase64Encoded": True}
    return portal.respond("Admin", event)


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "text/csv; charset=latin-1", ""])
def test_a_file_of_another_type_is_refused(clinician: ClinicianApi, content_type: str) -> None:
    refused = send(clinician, csv("Ana,,,M-1,,,"), content_type=content_type)
    assert (refused.status, refused.document["errors"][0]["location"]) == (400, "header.content-type")


def test_a_file_above_one_mebibyte_is_too_large(clinician: ClinicianApi) -> None:
    start = csv("Ana,,,M-1,,,").encode()
    assert send(clinician, start + b"\n" * (1024 * 1024 - len(start)), dry_run=True).status == 200
    assert send(clinician, start + b"\n" * (1024 * 1024 - len(start) + 1)).status == 413


ROWS: dict[str, str | None] = {
    '{"name": "Noa", "external_id": "J-1"}': None,
    '{"name": "Noa", "email": "noa.j@example.com", "email_ok": true, "invite": true}': None,
    "not json": "row_invalid",
    '["Noa"]': "row_invalid",
    '{"name": "Noa", "name": "Tom"}': "row_invalid",
    "[" * 5000: "row_invalid",
    '{"name": "Noa", "phone": "1", "external_id": "J-2"}': "field_unknown",
    '{"name": 7, "external_id": "J-3"}': "field_invalid",
    '{"name": "Noa", "invite": "yes", "external_id": "J-4"}': "flag_invalid",
    '{"name": "\\ud800", "external_id": "J-5"}': "name_invalid",
    '{"name": "a\\u0000b", "external_id": "J-6"}': "name_invalid",
    json.dumps({"name": "x" * 200, "external_id": "J-7"}): None,
    json.dumps({"name": "x" * 201, "external_id": "J-8"}): "name_invalid",
    json.dumps({"name": "Noa", "external_id": "9" * 100}): None,
    json.dumps({"name": "Noa", "external_id": "9" * 101}): "external_id_invalid",
    '{"name": "Noa", "external_id": "J 9"}': "external_id_invalid",
    '{"name": "Noa", "external_id": "J-10", "kind": "family"}': "kind_unknown",
    '{"name": "Noa", "external_id": "J-11", "language": "fr"}': "language_unknown",
    '{"name": "Noa", "email": "no address"}': "email_invalid",
    '{"name": "Noa", "external_id": "J-12", "invite": true}': "email_missing",
}


def test_each_line_of_json_is_decided_for_itself(clinician: ClinicianApi) -> None:
    response = send(clinician, "\n".join(ROWS), dry_run=True, content_type="application/x-ndjson")
    assert [(row["row"], row["code"]) for row in response.document["rows"]] == list(enumerate(ROWS.values(), 1))


def test_spreadsheets_may_write_a_bom_semicolons_and_empty_rows(clinician: ClinicianApi) -> None:
    lines = (
        "\ufeffName;External_ID;Email_OK",
        "José Peña;S-1;YES",
        ";;",
        '"Reyes; Ana";S-2;0',
        "Tom;S-3;maybe",
        "Lee;S-4;1;x",
    )
    text = "\r\n".join(lines)
    rows = send(clinician, text, dry_run=True).document["rows"]
    assert [(row["row"], row["code"]) for row in rows] == [
        (2, None), (4, None), (5, "flag_invalid"), (6, "cells_invalid"),
    ]  # fmt: skip


def test_a_formula_is_text(portal: Portal, clinician: ClinicianApi) -> None:
    formulas = ["=cmd|'/c calc'!A0", "+1+1", "@SUM(A1)", "-2"]
    rows = [f'"{formula}",,,"=F{number}",,,' for number, formula in enumerate(formulas)]
    turn(portal, accepted(clinician, csv(*rows)))
    assert set(formulas) <= set(names(clinician))
    assert (
        clinician.request("GET", "/clients", query={"external_id": "=F0"}).document["clients"][0]["name"] == formulas[0]
    )
