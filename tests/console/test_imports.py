"""Tests of imports in the console over HTTP, with the worker: presses at once, and a file that is far too large."""

from concurrent.futures import ThreadPoolExecutor
from html import unescape

from tests.console.staff_browser import StaffBrowser
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal

IMPORTS, CHECK = "/admin/willow/imports", "/admin/willow/imports/check"
ROWS = b"name,external_id\r\nRace One,RACE-1\r\nRace Two,RACE-2\r\n"
PRESSES = 6


def upload(browser: StaffBrowser, target: str, token: str, content: bytes, name: str = "") -> HttpResponse:
    """Send a form with a file, or with the rows that a page has rows."""
    file = f'; filename="{name}"' if name else ""
    body = (
        f'--b\r\nContent-Disposition: form-data; name="form"\r\n\r\n{token}\r\n'
        f'--b\r\nContent-Disposition: form-data; name="file"{file}\r\n\r\n'
    ).encode() + content + b"\r\n--b--\r\n"  # fmt: skip
    headers = {"origin": browser.portal.origin, "sec-fetch-site": "same-origin"}
    return browser.send("POST", target, headers | {"content-type": "multipart/form-data; boundary=b"}, body)


def test_presses_at_once_make_one_import(live_portal: LivePortal, lee: StaffBrowser) -> None:
    """B231, on the engine that the portal runs on."""
    before = len(live_portal.items("Imports", practice="willow"))
    checked = upload(lee, CHECK, lee.token(lee.get(IMPORTS), CHECK), ROWS, "clients.csv")
    rows = unescape(checked.body.partition('name="file" value="')[2].partition('"')[0])
    token = lee.token(checked, IMPORTS)
    with ThreadPoolExecutor(PRESSES) as pool:
        answers = list(pool.map(lambda _: upload(lee, IMPORTS, token, rows.encode()), range(PRESSES)))
    places = {answer.location for answer in answers if answer.status == 303}
    assert len(places) == 1
    assert {answer.status for answer in answers} <= {303, 409}
    for waiting in (answer for answer in answers if answer.status == 409):
        assert lee.token(waiting, IMPORTS) == token
    assert upload(lee, IMPORTS, token, rows.encode()).location == places.pop()
    assert len(live_portal.items("Imports", practice="willow")) == before + 1


def test_a_file_of_four_megabytes_gets_a_sentence(lee: StaffBrowser) -> None:
    """A larger one does not reach a function: API Gateway refuses it with 413."""
    refused = upload(lee, CHECK, lee.token(lee.get(IMPORTS), CHECK), b"name\n" + b"x" * 4_000_000, "clients.csv")
    assert (refused.status, "larger than 1 MB" in refused.page.text) == (422, True)
    assert upload(lee, CHECK, "x", b"x" * 11_000_000, "clients.csv").status == 413
