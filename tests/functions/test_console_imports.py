"""Imports in the console: a check of each row, one import of a form, counts, and files that cannot be read."""

import json
import re
from typing import Any

import pytest

from latchkey.console import import_sentences
from latchkey.rules.imports import FILE_SENTENCES, KEEP_SECONDS, MAX_BYTES, MAX_ROWS, MAX_UNFINISHED, SENTENCES
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.members import Role
from latchkey.rules.refusals import FileProblem
from tests.functions.console_forms import invited_client, press
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

HOME = "/admin/willow"
IMPORTS, CHECK = f"{HOME}/imports", f"{HOME}/imports/check"
HEADER = "name,email,email_ok,external_id,invite,kind,language"
ROWS = (
    "Noa Becker,noa@example.com,yes,M-1,yes,,es",
    '"Becker, ""Tom"" <b>",,,M-2,,minor,',
    ",x@example.com,,,,,",
    ",y@example.com,,,,,",
    "Other Person,lee.park@example.com,,M-4,,,",
    ",z@example.com,,,,,",
)


@pytest.fixture
def staff(portal: Portal) -> Browser:
    return portal.staff()


@pytest.fixture
def lee_park(portal: Portal, staff: Browser) -> None:
    """Put a client on file whose address one of `ROWS` has."""
    invited_client(staff, "Lee Park", "lee.park@example.com")
    portal.deliver()


def csv(*rows: str) -> bytes:
    """A file as spreadsheets write it."""
    return ("\ufeff" + "\r\n".join([HEADER, *rows, ""])).encode()


def token(page: HttpResponse, action: str) -> str:
    """Return the token of the form that is sent there."""
    _, _, form = page.body.partition(f'action="{action}"')
    return form.partition('name="form" value="')[2].partition('"')[0]


def send(
    staff: Browser, content: bytes | None, form: str = "", target: str = CHECK, *, is_file: bool = True
) -> HttpResponse:
    """Send a form with a file, or with the rows that the page of the check has kept."""
    form = form or token(staff.get(IMPORTS), CHECK)
    parts = [f'Content-Disposition: form-data; name="form"\r\n\r\n{form}'.encode()]
    if content is not None:
        name = '; filename="clients.csv"\r\nContent-Type: text/csv' if is_file else ""
        parts.append(f'Content-Disposition: form-data; name="file"{name}\r\n\r\n'.encode() + content)
    body = b"".join(b"--XbX\r\n" + part + b"\r\n" for part in parts) + b"--XbX--\r\n"
    headers = {"origin": staff.portal.origin, "sec-fetch-site": "same-origin"}
    return staff.send("POST", target, headers | {"content-type": "multipart/form-data; boundary=XbX"}, body)


def start(staff: Browser, check: HttpResponse) -> HttpResponse:
    """Press the button on the page of a check."""
    rows = check.page.one("input", name="file", type="hidden").attributes["value"]
    return send(staff, (rows or "").encode(), token(check, IMPORTS), IMPORTS, is_file=False)


def turn(portal: Portal, place: str) -> None:
    """Let the worker process one message about the import with this page."""
    body = json.dumps({"practice": "willow", "import": place.rpartition("/")[2]})
    assert portal.invoke("ImportClients", {"Records": [{"messageId": "m", "body": body}]}) == {"batchItemFailures": []}


def imports(portal: Portal) -> list[dict[str, Any]]:
    """The imports that were accepted."""
    return [item for item in portal.at_rest()["Imports"] if "row_count" in item]


def names(portal: Portal) -> set[str]:
    return {item["name"]["S"] for item in portal.at_rest()["Clients"] if "name" in item}


@pytest.mark.usefixtures("lee_park")
def test_a_check_says_which_rows_have_which_problem_and_stores_nothing(portal: Portal, staff: Browser) -> None:
    """B230"""
    form = token(staff.get(IMPORTS), CHECK)
    before = {table: items for table, items in portal.at_rest().items() if table != "StaffSessions"}
    checked = send(staff, csv(*ROWS), form)
    assert checked.status == 200, checked
    text = checked.page.text
    for line in ("Nothing is put on file yet.", "Rows: 6", "Put on file: 2", "Invited by email: 1", "Can’t be used: 4"):
        assert line in text
    assert re.findall(r"Rows? [\d, –]+", text) == ["Rows 4–5, 7", "Row 6"]
    assert "There is no name." in text
    assert "Another client has the email address." in text
    assert send(staff, csv(*ROWS), form).status == 200  # a reload asks once more
    assert {table: items for table, items in portal.at_rest().items() if table != "StaffSessions"} == before


@pytest.mark.usefixtures("lee_park")
def test_the_rows_that_were_checked_are_put_on_file_and_the_counts_say_so(portal: Portal, staff: Browser) -> None:
    """B230"""
    started = start(staff, send(staff, csv(*ROWS)))
    assert started.status == 303
    assert len(imports(portal)) == 1
    page = staff.get(started.location).page
    (frame,) = (one.attributes["src"] for one in page.all("iframe"))
    running = staff.get(f"{started.location}/progress?n=0")
    assert frame == f"{started.location}/progress?n=0"
    assert "Rows done: 3 of 6" in running.page.text
    assert 'http-equiv="refresh"' in running.body
    turn(portal, started.location)
    framed = staff.get(f"{started.location}/progress?n=1")
    assert "Show the result" in framed.page.links
    assert "refresh" not in framed.body
    done = staff.get(started.location).page
    for line in ("Done", "Rows done: 6 of 6", "Put on file: 2", "Can’t be used: 4", "Invitations on their way: 1"):
        assert line in done.text
    assert "Rows 4–5, 7" in done.text
    assert 'Becker, "Tom" <b>' in names(portal)
    assert portal.deliver() == 1
    listed = staff.get(IMPORTS).page
    assert started.location in listed.links.values()
    client = staff.get(f"{HOME}/clients?q=noa").page.links["Noa Becker"]
    record = staff.get(f"{client}/history?part=record").page.text
    assert "The client was put on file. By an import. By Dr. Willow" in record

    second = send(staff, csv(*ROWS)).page
    assert "On file already, and left as they are: 2" in second.text
    assert "Nobody in this file would be put on file." in second.text
    assert not second.all("input", name="file", type="hidden")


def test_a_double_press_makes_one_import(portal: Portal, staff: Browser) -> None:
    """B231: both presses lead to the same import, and a third with other rows starts none."""
    checked = send(staff, csv(*ROWS))
    first, second = start(staff, checked), start(staff, checked)
    assert (first.status, second.location) == (303, first.location)
    assert len(imports(portal)) == 1
    other = send(staff, csv("Eve,,,M-9,,,"), token(checked, IMPORTS), IMPORTS, is_file=False)
    assert other.status == 422
    assert "This form was sent already with other contents." in other.page.text
    assert len(imports(portal)) == 1


@pytest.mark.parametrize(
    ("content", "status", "sentence"),
    [
        (None, 400, "Choose a file that is not empty."),
        (b"", 400, "Choose a file that is not empty."),
        (b"\xef\xbb\xbf\r\n", 422, "The file has no rows."),
        (HEADER.encode(), 422, "The file has no rows."),
        ("name,external_id\nJos\xe9,L-1".encode("latin-1"), 422, "Row 2 can’t be read. Choose CSV UTF-8"),
        ("name\nx".encode("utf-16"), 422, "The file can’t be read. Choose CSV UTF-8"),
        (b"PK\x03\x04\x14\x00\x06\x00\xff", 422, "Row 1 can’t be read."),
        (b"name,external_id\na\x00b,1", 422, "Row 2 has a character that is no text."),
        ("name,external_id\na\ufffd,1".encode(), 422, "Row 2 has a character that was lost."),
        (b'name,external_id\n"a"b,1', 422, "In row 2 a quotation mark is not closed"),
        (b"Ana Reyes,ana@example.com", 422, "The first row names the columns, and one of them is name."),
        (b"name,phone\na,1", 422, "Column 2 has none of these names: name, kind,"),
        (b"name,name\na,1", 422, "Column 2 has the name of an earlier one."),
        (b"name,external_id\n" + b"a,1\n" * (MAX_ROWS + 1), 422, "The file has more than 1,000 rows. Divide it."),
        (b"name\n" + b"x" * MAX_BYTES, 422, "The file is larger than 1 MB. Divide it."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_gets_a_sentence_and_nothing_is_stored(
    portal: Portal, staff: Browser, content: bytes | None, status: int, sentence: str
) -> None:
    """B230"""
    refused = send(staff, content)
    assert refused.status == status
    assert sentence in refused.page.text
    assert "Nothing was put on file." in refused.page.text
    assert refused.page.title.startswith("Error: ")
    assert refused.page.one("input", id="file", type="file").attributes["aria-invalid"] == "true"
    assert imports(portal) == []


def test_a_file_of_1_mb_is_checked_and_the_page_keeps_it_whole(staff: Browser) -> None:
    """The longest file that can be sent, of characters that HTML writes in five bytes."""
    row = b"&" * (MAX_BYTES // MAX_ROWS - 4) + b",1\r\n"
    content = b"name,kind\r\n" + row * (MAX_ROWS - 1)
    checked = send(staff, content)
    assert checked.status == 200
    assert "The name is longer than 200 characters" in checked.page.text
    assert len(checked.body) < 6_000_000  # bytes that a Lambda function can answer


def test_a_formula_is_text_in_the_form_and_on_file(portal: Portal, staff: Browser) -> None:
    started = start(staff, send(staff, csv('"=HYPERLINK(""https://x.example"",""a"")",,,M-1,,,')))
    turn(portal, started.location)
    assert '=HYPERLINK("https://x.example","a")' in names(portal)


def test_what_was_checked_stays_when_too_many_imports_are_under_way(portal: Portal, staff: Browser) -> None:
    for number in range(MAX_UNFINISHED):
        assert start(staff, send(staff, csv(f"Client {number},,,X-{number},,,"))).status == 303
    checked = send(staff, csv("Last,,,X-L,,,"))
    refused = start(staff, checked)
    assert refused.status == 409
    assert "5 imports are under way" in refused.page.text
    assert len(imports(portal)) == MAX_UNFINISHED
    assert token(refused, IMPORTS) == token(checked, IMPORTS)  # a press that is still being answered is found again
    first = f"{IMPORTS}/{min(item['id']['S'] for item in imports(portal))}"
    turn(portal, first)
    assert start(staff, refused).status == 303
    assert len(imports(portal)) == MAX_UNFINISHED + 1


def test_an_import_is_stopped_after_a_question_and_what_is_on_file_stays(portal: Portal, staff: Browser) -> None:
    started = start(staff, send(staff, csv("Noa,noa@example.com,yes,M-1,yes,,", ",,,,,,x")))
    stop = f"{started.location}/stop"
    assert staff.get(started.location).page.links["Stop the import"] == stop
    assert staff.get(stop).page.heading == "Stop the import?"
    assert not [item for item in imports(portal) if "stopped_at" in item]
    assert press(staff, stop).location == started.location
    turn(portal, started.location)
    page = staff.get(started.location).page
    assert "Stopped" in page.text
    assert "The import was stopped before this row." in page.text
    assert staff.get(stop).location == started.location
    assert "Noa" not in names(portal)


def test_the_counts_read_themselves_so_often_and_no_more(staff: Browser) -> None:
    """Each reading keeps the session alive, so an unattended screen stops."""
    started = start(staff, send(staff, csv(*ROWS)))
    for number, updates in (("0", True), ("23", True), ("24", False), ("99", False), ("x", False), ("", False)):
        framed = staff.get(f"{started.location}/progress?n={number}")
        assert ("refresh" in framed.body) is updates
        assert ("Stop updating" in framed.page.links) is updates
        assert framed.headers["x-frame-options"] == "SAMEORIGIN"


def test_a_form_of_a_file_needs_its_token_and_its_origin(portal: Portal, staff: Browser) -> None:
    for target in (CHECK, IMPORTS):
        lost = send(staff, csv(*ROWS), "x.y", target)
        assert (lost.status, lost.page.heading) == (403, "Check this and press once more")
        assert "Noa Becker" in lost.page.text
    headers = {"origin": "https://evil.example", "content-type": "multipart/form-data; boundary=b"}
    assert staff.send("POST", CHECK, headers, b"--b--").status == 403
    assert imports(portal) == []


@pytest.mark.usefixtures("lee_park")
def test_a_file_that_is_sent_after_the_session_ended_is_not_lost(portal: Portal, staff: Browser) -> None:
    """B231: the page keeps the rows, and they are checked after the sign-in."""
    form = token(staff.get(IMPORTS), CHECK)
    portal.now += 21 * 60
    ended = send(staff, csv(*ROWS), form)
    assert (ended.status, ended.page.heading) == (401, "You were signed out")
    fresh = portal.staff()
    fields = {field.attributes["name"]: field.attributes["value"] for field in ended.page.all("input", type="hidden")}
    offered = fresh.post(CHECK, fields)
    assert offered.status == 403
    fields = {field.attributes["name"]: field.attributes["value"] for field in offered.page.all("input", type="hidden")}
    checked = fresh.post(CHECK, fields)
    assert (checked.status, "Put on file: 2" in checked.page.text) == (200, True)


@pytest.mark.parametrize("below", ["", "/progress?n=0", "/stop"])
def test_an_import_of_another_practice_or_of_none_is_not_found(portal: Portal, staff: Browser, below: str) -> None:
    place = start(staff, send(staff, csv(*ROWS))).location
    other = portal.staff("head", Role.ADMIN, "harbor")
    assert other.get(place + below).status == 404
    assert other.get(place.replace("willow", "harbor") + below).status == 404
    for strange in ("01ARZ3NDEKTSV4RRFFQ69G5FAV", "nothing"):
        assert staff.get(f"{IMPORTS}/{strange}{below}").status == 404
    portal.now += KEEP_SECONDS
    assert portal.staff().get(place + below).status == 404


def test_the_address_of_a_check_leads_to_the_form(staff: Browser) -> None:
    assert staff.get(f"{CHECK}?lang=es").location == IMPORTS
    assert "Importar clientes" in staff.get(IMPORTS).page.text


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_reason_has_a_sentence(language: Any) -> None:
    assert import_sentences.row_sentences(language).keys() == SENTENCES.keys()
    assert import_sentences.file_sentences(FileProblem("nul", 1, 1), language).keys() == FILE_SENTENCES.keys()


def test_an_outage_of_the_queue_loses_nothing(portal: Portal, staff: Browser) -> None:
    checked = send(staff, csv(*ROWS))
    portal.aws.refuse("SendMessage", "ServiceUnavailable", times=1)
    refused = start(staff, checked)
    assert refused.status == 503
    assert imports(portal) == []
    assert start(staff, refused).status == 303
