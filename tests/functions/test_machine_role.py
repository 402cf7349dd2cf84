"""The role of the practice systems' function allows what a practice system does about a client with access."""

import base64
from urllib.parse import urlencode

from latchkey.rules.members import Role
from tests.kit.clinician import ISSUER, OAUTH_CLIENT, ClinicianApi
from tests.kit.portal import Portal

FORM = "application/x-www-form-urlencoded"


def test_a_practice_system_invites_and_reads_a_client(portal: Portal) -> None:
    """B191: `Portal.invoke` fails on a call that the role does not allow."""
    portal.parameters |= {"TokenIssuer": ISSUER, "TokenClientIds": OAUTH_CLIENT}
    portal.staff("head", Role.ADMIN)
    made = portal.clinician("head").request("POST", "/credentials", {"name": "Practice system"}).document
    basic = base64.b64encode(f"{made['client_id']}:{made['client_secret']}".encode()).decode()
    form = urlencode({"grant_type": "client_credentials"}).encode()
    headers = {"authorization": f"Basic {basic}", "content-type": FORM}
    token = portal.send("POST", "/admin/m1/token", headers, form).document["access_token"]
    system = ClinicianApi(portal, f"Bearer {token}", base="/admin/m1")
    client = system.add_client("Noa Becker", "noa@example.com", invite=True)
    assert system.access(client)["status"] == "invited"
    assert system.get("/clients").status == 200
    rows = b"name,external_id\nTom Reed,M-2\n"
    accepted = system.request("POST", "/clients/import", raw=rows, headers={"content-type": "text/csv"})
    assert system.get("/imports/{id}", id=accepted.document["id"]).document["counts"]["waiting"] == 1
    assert system.request("DELETE", "/imports/{id}", id=accepted.document["id"]).status == 204
