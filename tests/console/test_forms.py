"""Tests of the console's forms: forged, repeated, sent by another session, and sent after the session has ended."""

import pytest

from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal


def pins(live_portal: LivePortal) -> int:
    """Return the number of PINs that were made."""
    return len(live_portal.items("Events", kind="pin_created"))


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "", "sec-fetch-site": ""},
    ],
)
def test_a_form_of_another_site_does_nothing(
    live_portal: LivePortal, lee: StaffBrowser, headers: dict[str, str]
) -> None:
    path = lee.client_path("Sam Carter") + "/pin"
    token = lee.token(lee.get(path), path)
    before = pins(live_portal)
    refused = lee.post(path, {"form": token}, **headers)
    assert refused.status == 403
    assert pins(live_portal) == before


def test_a_form_without_a_token_does_nothing_and_offers_what_was_typed(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    path = "/admin/willow/clients/new"
    page = lee.post(path, {"name": "Uma <b>Stone</b>", "kind": "individual", "client_language": "en", "email": ""})
    assert (page.status, page.page.heading) == (403, "Check this and press once more")
    assert "Uma <b>Stone</b>" in page.page.text
    assert not live_portal.items("Clients", name="Uma <b>Stone</b>")

    values = {field.attributes["name"]: field.attributes["value"] for field in page.page.all("input", type="hidden")}
    assert lee.post(path, values).status == 303
    assert live_portal.items("Clients", name="Uma <b>Stone</b>")


def test_a_token_belongs_to_one_session_and_one_place(live_portal: LivePortal, lee: StaffBrowser) -> None:
    path = lee.client_path("Sam Carter")
    token = lee.token(lee.get(path), f"{path}/pin")
    before = pins(live_portal)
    other = StaffBrowser(live_portal)
    other.sign_in_as("dr.lee@willow.example")
    assert other.post(f"{path}/pin", {"form": token}).status == 403
    luis = lee.client_path("Luis Ortega")
    assert lee.post(f"{luis}/pin", {"form": token}).status == 403
    for changed in (token[:-1] + ("A" if token[-1] != "A" else "B"), token.partition(".")[0], ".", "x.y", "é.é"):
        assert lee.post(f"{path}/pin", {"form": changed}).status == 403
    assert pins(live_portal) == before
    assert lee.post(f"{path}/pin", {"form": token}).status == 200


def test_a_double_press_makes_one_pin_and_a_reload_shows_no_digits(live_portal: LivePortal, lee: StaffBrowser) -> None:
    path = lee.client_path("Sam Carter")
    token = lee.token(lee.get(path), f"{path}/pin")
    before = pins(live_portal)
    card = lee.post(f"{path}/pin", {"form": token})
    digits = card.page.one("p", **{"class": "pin"}).text.replace(" ", "")
    assert len(digits) == 6
    reloaded = lee.post(f"{path}/pin", {"form": token})
    assert reloaded.location == f"{path}/pin"
    shown = lee.get(reloaded.location)
    assert "This Pin Code was shown already. We can’t show it again." in shown.page.text
    assert digits not in shown.body
    assert pins(live_portal) == before + 1
    assert digits not in str(live_portal.at_rest()["Replays"])


def test_a_token_that_was_used_does_nothing_else(lee: StaffBrowser) -> None:
    path = lee.client_path("Kim Lee")
    token = lee.token(lee.get(f"{path}/share"), f"{path}/share")
    assert lee.post(f"{path}/share", {"form": token, "items": "Plan", "agreed": "yes"}).status == 303
    reused = lee.post(f"{path}/share", {"form": token, "items": "Other plan", "agreed": "yes"})
    assert reused.status == 422
    assert "This form was sent already with other contents" in reused.page.text
    assert "Other plan" in reused.body


def test_a_session_that_ends_in_mid_form_loses_nothing(live_portal: LivePortal, lee: StaffBrowser) -> None:
    path = "/admin/willow/clients/new"
    fields = {
        "form": lee.token(lee.get(path), path),
        "name": "Vera Long",
        "kind": "individual",
        "client_language": "es",
        "email": "",
    }
    live_portal.wait(21 * 60)
    ended = lee.post(path, fields)
    assert (ended.status, ended.page.heading) == (401, "You were signed out")
    assert "Vera Long" in ended.page.text
    values = {field.attributes["name"]: field.attributes["value"] for field in ended.page.all("input", type="hidden")}
    lee.sign_in_as("dr.lee@willow.example")
    offered = lee.post(path, values)
    assert offered.status == 403
    values = {field.attributes["name"]: field.attributes["value"] for field in offered.page.all("input", type="hidden")}
    assert lee.post(path, values).status == 303
    assert live_portal.items("Clients", name="Vera Long", language="es")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"name=%ff", "application/x-www-form-urlencoded", 400),
        (b"{}", "application/json", 400),
        (b"a" * (33 * 1024), "application/x-www-form-urlencoded", 413),
        (b"&".join(b"a=1" for _ in range(200)), "application/x-www-form-urlencoded", 400),
    ],
)
def test_a_body_that_is_no_form_gets_a_page(lee: StaffBrowser, body: bytes, kind: str, status: int) -> None:
    headers = {"origin": lee.portal.origin, "sec-fetch-site": "same-origin", "content-type": kind}
    response = lee.send("POST", "/admin/willow/clients/new", headers, body)
    assert response.status == status
    assert response.page.heading


@pytest.mark.parametrize("name", ["", "x" * 201, "\u202eevil", "a\x00b"])
def test_a_name_that_no_page_can_show_is_refused_and_stays_in_the_form(lee: StaffBrowser, name: str) -> None:
    page = lee.send_form(
        "/admin/willow/clients/new", name=name, kind="couple", client_language="en", email="x@example.com"
    )
    assert page.status in (400, 422)
    assert page.page.one("input", id="email").attributes["value"] == "x@example.com"
    assert page.page.title.startswith("Error: ")


def test_every_other_method_is_refused_with_a_page(lee: StaffBrowser) -> None:
    refused = lee.send("DELETE", "/admin/willow/clients")
    assert (refused.status, refused.headers["allow"]) == (405, "GET, HEAD")
    assert lee.head("/admin/willow").status == 200


def test_two_tabs_of_different_practices_keep_apart(live_portal: LivePortal, desk: StaffBrowser) -> None:
    """The front desk is an admin of both practices. A form of one tab is refused at the practice of the other."""
    willow, harbor = "/admin/willow/clients/new", "/admin/harbor/clients/new"
    tokens = {path: desk.token(desk.get(path), path) for path in (willow, harbor)}
    fields = {"name": "Tab Client", "kind": "individual", "client_language": "en", "email": ""}
    assert desk.post(harbor, {"form": tokens[willow], **fields}).status == 403
    assert not live_portal.items("Clients", name="Tab Client")
    for path in (willow, harbor):
        assert desk.post(path, {"form": tokens[path], **fields}).status == 303
    assert {item["practice"] for item in live_portal.items("Clients", name="Tab Client")} == {"willow", "harbor"}


def test_a_member_who_is_removed_in_mid_form_changes_nothing_there_and_goes_on_elsewhere(
    live_portal: LivePortal, desk: StaffBrowser
) -> None:
    path = "/admin/willow/clients/new"
    fields = {"name": "Late Client", "kind": "individual", "client_language": "en", "email": ""}
    token = desk.token(desk.get(path), path)
    (removed,) = [item for item in live_portal.items("Members", name="Front desk") if item["practice"] == "willow"]
    table = live_portal.portal.address.client("dynamodb")
    key = {"practice": {"S": "willow"}, "subject": {"S": removed["subject"]}}
    item = table.get_item(TableName="Members", Key=key)["Item"]
    table.delete_item(TableName="Members", Key=key)
    try:
        assert desk.post(path, {"form": token, **fields}).status == 404
        assert desk.get("/admin/harbor").status == 200
    finally:
        table.put_item(TableName="Members", Item=item)
    assert not live_portal.items("Clients", name="Late Client")


def test_a_name_of_200_characters_with_markup_and_marks_stays_text_on_every_page(lee: StaffBrowser) -> None:
    """The name has HTML markup, right-to-left letters and a right-to-left mark."""
    name = ("<b onclick=x>&amp;</b> \u05d0\u200f" + "\u05d1" * 200)[:200]
    fields = {"name": name, "kind": "individual", "client_language": "es", "email": "rtl@example.com"}
    sent = lee.send_form("/admin/willow/clients/new", **fields, email_ok="yes")
    if sent.status != 303:
        assert sent.page.one("input", id="name").attributes["value"] == name
        fields["name"] = name.replace("\u200f", "")
        sent = lee.send_form("/admin/willow/clients/new", **fields, email_ok="yes")
    path = sent.location.partition("?")[0].removesuffix("/email")
    for below in ("", "/email", "/people", "/share", "/end", "/history", "/forget", "/pin"):
        page = lee.get(path + below)
        assert page.status == 200
        assert "<b onclick" not in page.body
        assert not page.page.all("script")
