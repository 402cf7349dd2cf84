"""An import by a practice system, from its credentials to a client who signs in (B183 to B186)."""

import base64
import time
from typing import Any
from urllib.parse import urlencode

from tests.kit.clinician import ClinicianApi
from tests.kit.live_portal import LivePortal

CSV = {"content-type": "text/csv"}
ROWS, INVITED = 50, 5
WAIT_SECONDS = 90


def practice_system(live_portal: LivePortal) -> ClinicianApi:
    """A practice system with new credentials."""
    admin = live_portal.clinician(role="admin")
    made = admin.request("POST", "/credentials", {"name": "Practice system"}).document
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    headers = {"authorization": f"Basic {basic}", "content-type": "application/x-www-form-urlencoded"}
    form = urlencode({"grant_type": "client_credentials"}).encode()
    token = live_portal.send("POST", "/admin/m1/token", headers, form, "192.0.2.44").document["access_token"]
    return ClinicianApi(live_portal, f"Bearer {token}", base="/admin/m1")


def done(system: ClinicianApi, import_id: str) -> Any:
    """The counts of an import, as soon as it is done."""
    deadline = time.monotonic() + WAIT_SECONDS
    while (document := system.get("/imports/{id}", id=import_id).document)["status"] != "done":
        assert time.monotonic() < deadline, document
        time.sleep(0.2)
    return document["counts"]


def test_fifty_clients_are_imported_and_those_who_are_invited_sign_in(live_portal: LivePortal) -> None:
    system = practice_system(live_portal)
    lines = [
        f"Journey {number},{f'journey{number}@example.com,yes,yes' if number < INVITED else ',,'},JRN-{number}"
        for number in range(ROWS)
    ]
    content = "\r\n".join(["\ufeffname,email,email_ok,invite,external_id", *lines, ",,,,JRN-nameless"]).encode()
    checked = system.request("POST", "/clients/import", raw=content, headers=CSV, query={"dry_run": "true"})
    assert (checked.status, checked.document["counts"]["created"]) == (200, ROWS)
    assert checked.document["rows"][-1]["code"] == "name_missing"

    started = system.request("POST", "/clients/import", raw=content, headers=CSV, key="journey")
    repeated = system.request("POST", "/clients/import", raw=content, headers=CSV, key="journey")
    assert (started.status, repeated.document) == (202, started.document)
    counts = done(system, started.document["id"])
    assert (counts["rows"], counts["created"], counts["refused"], counts["invited"]) == (ROWS + 1, ROWS, 1, INVITED)
    assert "journey" not in str(live_portal.at_rest()["Imports"])

    letter = live_portal.letter(f"journey{INVITED - 1}@example.com")
    assert live_portal.browser().post(letter["url"]).status == 303
    found = system.request("GET", "/clients", query={"external_id": "JRN-49"}).document["clients"]
    assert [client["name"] for client in found] == ["Journey 49"]

    second = system.request("POST", "/clients/import", raw=content, headers=CSV).document["id"]
    assert done(system, second)["unchanged"] == ROWS
    assert len(live_portal.letters(f"journey{INVITED - 1}@example.com")) == 1


def test_a_file_of_fifty_megabytes_and_one_in_latin_1_are_refused(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    large = clinician.request("POST", "/clients/import", raw=b"name\n" + b"x" * 50_000_000, headers=CSV)
    assert large.status == 413
    content = "name,external_id\r\nJosé Peña,L-1\r\n".encode("latin-1")
    refused = clinician.request("POST", "/clients/import", raw=content, headers=CSV)
    assert (refused.status, refused.code) == (422, "import_invalid")
    assert refused.document["errors"][0]["location"] == "row 2"
