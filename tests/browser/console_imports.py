"""Spreadsheets, imports under way and a phone with the app, for pages of the console."""

from latchkey import tokens
from tests.browser.chromium import Window
from tests.browser.people import LUIS
from tests.kit.live_portal import LivePortal

SHEET = (
    "\ufeffname;email;email_ok;invite;external_id\r\n"
    "Nora Sheet;nora.sheet@example.com;yes;yes;SHEET-1\r\n"
    "Omar Sheet;;;;SHEET-2\r\n"
    ";x@example.com;;;\r\n"
    ";y@example.com;;;\r\n"
    "Pia Sheet;;;;\r\n"
    '"=HYPERLINK(""https://x.example"")";no address;;;SHEET-3\r\n'
).encode()
"""A file as a spreadsheet of another language writes it, with three rows that cannot be used and a formula."""
WRONG = "Name;Teléfono;email\r\nNora;1;nora@example.com".encode("latin-1")
"""A file that is not in UTF-8."""


def choose(window: Window, content: bytes) -> None:
    """Choose a file on the page of imports, and check it."""
    window.page.locator("#file").set_input_files({"name": "clients.csv", "mimeType": "text/csv", "buffer": content})
    window.click("form[action$='/imports/check'] button")


def waiting_import(live_portal: LivePortal) -> str:
    """Store an import that no worker gets. Return the path of its page."""
    table, now = live_portal.portal.address.client("dynamodb"), int(live_portal.now())
    import_id = tokens.new_ulid(now * 1000)
    rows = [
        {"status": {"S": "created"}, "client": {"S": import_id}, "invitation": {"S": "queued"}},
        {"status": {"S": "waiting"}, "name": {"S": "Nora"}, "kind": {"S": "individual"}, "external_id": {"S": "N-1"}},
        {"status": {"S": "refused"}, "code": {"S": "name_missing"}},
        {
            "status": {"S": "created"},
            "client": {"S": import_id},
            "invitation": {"S": "refused"},
            "code": {"S": "erased"},
        },
    ]
    facts = {"created_by": "dr-lee", "origin": live_portal.url, "support_code": "K7M4QX"}
    item = {name: {"S": value} for name, value in facts.items()} | {
        "practice": {"S": "willow"},
        "id": {"S": import_id},
        "created_at_ms": {"N": str(now * 1000)},
        "row_count": {"N": str(len(rows))},
    }
    gone = {"sweep_at": {"N": str(now + 3600)}}  # before the next test, which begins a day later
    table.put_item(TableName="Imports", Item=item | gone)
    for number, row in enumerate(rows, 2):
        key = {"practice": {"S": f"willow#rows#{import_id}"}, "id": {"S": f"{number:010d}"}}
        table.put_item(TableName="Imports", Item=key | row | gone)
    return f"/admin/willow/imports/{import_id}"


def signed_in_phone(live_portal: LivePortal) -> str:
    """Sign the app in on a phone of Luis Ortega. Return the id of the device."""
    browser, verifier = live_portal.signed_in(LUIS), tokens.random_secret()
    back = browser.post("/willow/app", {"challenge": tokens.s256(verifier), "state": "s"}).location
    code = back.partition("code=")[2].partition("&")[0]
    sent = {"code": code, "verifier": verifier, "device": "The phone of Luis with quite a long name"}
    return str(live_portal.app().post("/willow/app/session", sent).document["device"])
