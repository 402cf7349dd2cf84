"""Tests of a clinician's work in the console: search, invitations, addresses, PINs and the end of access."""

import pytest

from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal


def new_client(browser: StaffBrowser, name: str, email: str, **fields: str) -> str:
    """Put a client on file by the form. Return the path of their page."""
    values = {"name": name, "kind": "individual", "client_language": "en", "email": email, "email_ok": "yes"} | fields
    sent = browser.send_form("/admin/willow/clients/new", **values)
    assert sent.status == 303, sent
    return sent.location.partition("?")[0].removesuffix("/email")


def test_a_pin_that_is_read_out_signs_a_client_in_and_the_console_says_so(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    """B98 to B101: the client is found by a part of the name, with four presses."""
    home = lee.get("/admin/willow").page
    assert home.all("input", name="q")[0].attributes.get("autofocus") is not None
    found = lee.get("/admin/willow/clients?q=cart").page
    page = lee.get(found.links["Sam Carter"])
    assert page.page.heading == "Sam Carter: Client Portal"
    card = lee.press(found.links["Sam Carter"], found.links["Sam Carter"] + "/pin").page
    pin = card.one("p", **{"class": "pin"}).text.replace(" ", "")
    assert "with sam@example.com" in card.text
    assert "S, A, M, at, example, dot, com" in card.text

    are_they_in = card.links["Are they in?"]
    assert "Nobody has tried" in lee.get(are_they_in).page.text
    guess = f"{(int(pin) + 1) % 10**6:06d}"
    live_portal.browser().enter_pin("sam@example.com", guess)
    assert "Last try: A Pin Code was refused." in lee.get(are_they_in).page.text
    assert live_portal.browser().enter_pin("sam@example.com", pin).status == 303
    text = lee.get(are_they_in).page.text
    assert "Signed in 0 seconds ago." in text or "Signed in 1 second ago." in text
    assert "By Pin Code." in text


def test_a_name_that_is_misspelt_is_found_by_its_starts(lee: StaffBrowser) -> None:
    page = lee.get("/admin/willow/clients?q=Sam+Karter").page
    assert "Nobody was found." in page.text
    assert "Names that begin with “kar”" in page.links
    found = lee.get(f"/admin/willow/clients{page.links['Names that begin with “sam”']}").page
    assert "Sam Carter" in found.links
    assert "begin with" not in lee.get("/admin/willow/clients?q=zzz").page.text
    assert "begin with" not in lee.get("/admin/willow/clients?q=nobody@example.com").page.text


def test_an_invitation_is_shown_as_it_goes_and_a_client_who_has_signed_in_gets_no_other(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    """B42, B44, B45, B51, B52, B53, B61"""
    path = new_client(lee, "Ida Moss", "ida@example.com")
    form = lee.get(f"{path}/email").page
    assert "The letter as it will go" in form.text
    changed = lee.send_form(f"{path}/email", email="ida@example.com", message="See you soon.", preview="yes")
    assert "See you soon." in changed.page.text
    assert not live_portal.letters("ida@example.com")

    sent = lee.press(f"{path}/email", email="ida@example.com", message="See you soon.", items="Intake form")
    assert "An invitation to ida@example.com is on its way." in sent.page.text
    assert sent.page.all("iframe")
    letter = live_portal.letter("ida@example.com")
    assert "See you soon." in letter["text"]
    assert "Ida Moss hasn’t signed in yet." in lee.get(path).page.text
    assert "Resend email invitation" in lee.get(path).page.links

    live_portal.browser().post(letter["url"].removeprefix(live_portal.url))
    page = lee.get(path).page
    assert "Resend email invitation" not in page.links
    assert "Ida Moss has already signed in. Send them the Client Portal link instead" in page.text
    assert "has already signed in" in lee.get(f"{path}/email").page.text


def test_no_invitation_goes_without_consent(live_portal: LivePortal, lee: StaffBrowser) -> None:
    """B48"""
    path = new_client(lee, "Noa Reed", "noa@example.com", email_ok="")
    assert "has not agreed to receive email" in lee.get(path).page.text
    refused = lee.send_form(f"{path}/email", email="noa@example.com")
    assert refused.status == 422
    assert "Nothing was sent." in refused.page.text
    assert not live_portal.letters("noa@example.com")


def test_a_change_of_address_needs_a_second_press_and_ends_the_old_sign_in(
    live_portal: LivePortal, lee: StaffBrowser
) -> None:
    """B55, B57, B58"""
    path = new_client(lee, "Eve Hart", "eve@example.com")
    lee.press(f"{path}/email", email="eve@example.com")
    old = live_portal.letter("eve@example.com")["url"].removeprefix(live_portal.url)
    question = lee.send_form(f"{path}/address", email="eve.new@example.com", email_ok="yes")
    assert question.page.heading == "Update Client Portal access?"
    assert "Yes, Disable and Resend" in question.page.buttons
    assert not live_portal.letters("eve.new@example.com")

    values = {
        field.attributes["name"]: field.attributes["value"] for field in question.page.all("input", type="hidden")
    }
    done = lee.follow(lee.post(f"{path}/address", values))
    assert "The old sign-in has ended. An invitation to eve.new@example.com is on its way." in done.page.text
    assert live_portal.letter("eve.new@example.com")
    assert live_portal.browser().post(old).status == 410


def test_a_bounce_is_named_with_its_address(live_portal: LivePortal, lee: StaffBrowser) -> None:
    path = new_client(lee, "Bo Lane", "bo@example.com")
    lee.press(f"{path}/email", email="bo@example.com")
    live_portal.letter("bo@example.com")
    live_portal.portal._fetch("/local/mail-events", {"to": "bo@example.com", "event": "bounce"})  # noqa: SLF001
    assert "Email to bo@example.com bounced on" in lee.get(path).page.text
    line = lee.get(f"{path}/mail-line?n=0")
    assert "bounced" in line.page.text
    assert 'http-equiv="refresh"' not in line.body


def test_the_line_about_the_last_email_stops_by_itself(live_portal: LivePortal, lee: StaffBrowser) -> None:
    path = new_client(lee, "Lu Barr", "lu@example.com")
    lee.press(f"{path}/email", email="lu@example.com")
    live_portal.letter("lu@example.com")
    line = lee.get(f"{path}/mail-line?n=0")
    assert f'content="4;url={path}/mail-line?n=1"' in line.body
    assert "frame-ancestors 'self'" in line.headers["content-security-policy"]
    assert "Stop updating" in line.page.links
    assert 'http-equiv="refresh"' not in lee.get(f"{path}/mail-line?n=12").body
    assert "frame-ancestors 'none'" in lee.get(path).headers["content-security-policy"]


def test_a_guardian_is_found_by_address_and_gets_a_pin_of_their_own(live_portal: LivePortal, lee: StaffBrowser) -> None:
    """B155"""
    path = new_client(lee, "Tim Vale", "", email_ok="", kind="minor")
    added = lee.press(
        f"{path}/people", person_name="Gus Vale", person_email="gus@example.com", relation="guardian", person_ok="yes"
    )
    assert "They can open the profile of Tim Vale." in added.page.text
    assert "Opened by 1 person" in added.page.text
    assert lee.get("/admin/willow/clients?q=gus@example.com").location == path

    (action,) = [
        form.attributes["action"]
        for form in lee.get(path).page.all("form")
        if "/people/" in form.attributes.get("action", "")
    ]
    card = lee.press(path, action).page
    assert card.heading == "Pin Code for Gus Vale"
    pin = card.one("p", **{"class": "pin"}).text.replace(" ", "")
    assert live_portal.browser().enter_pin("gus@example.com", pin).status == 303


def test_access_ends_for_those_who_are_ticked_and_for_nobody_without_a_tick(lee: StaffBrowser) -> None:
    """B62, B154"""
    path = new_client(lee, "Ann Frost", "annf@example.com")
    lee.press(f"{path}/email", email="annf@example.com")
    lee.press(
        f"{path}/people", person_name="Max Frost", person_email="max@example.com", relation="partner", person_ok="yes"
    )
    refused = lee.send_form(f"{path}/end")
    assert refused.status == 409
    assert "Nothing was ended." in refused.page.text
    (box,) = refused.page.all("input", name="person")
    ended = lee.press(f"{path}/end", person=box.attributes["value"])
    assert "Access has ended" in ended.page.text
    assert lee.press(path, f"{path}/pin").status in (403, 409)
    history = lee.get(f"{path}/history").page.text
    assert "Client Portal access was disabled. By Dr. Lee" in history


def test_sharing_says_first_that_it_gives_access(live_portal: LivePortal, lee: StaffBrowser) -> None:
    """B64, B65, B66"""
    path = new_client(lee, "Kit Shaw", "kit@example.com")
    first = lee.send_form(f"{path}/share", items="Care plan\nIntake form")
    assert "Sharing gives Kit Shaw Client Portal access. An invitation goes to kit@example.com." in first.page.text
    assert not live_portal.letters("kit@example.com")
    values = {"form": lee.token(first, f"{path}/share"), "items": "Care plan\nIntake form", "agreed": "yes"}
    assert "Shared with Kit Shaw." in lee.follow(lee.post(f"{path}/share", values)).page.text
    assert live_portal.letter("kit@example.com")
    assert "Mark as done: Care plan" in lee.get(f"{path}/share").page.buttons


def test_a_client_is_erased_only_when_the_name_is_typed(lee: StaffBrowser) -> None:
    path = new_client(lee, "Zed Quill", "zed@example.com")
    refused = lee.send_form(f"{path}/forget", name="Zed")
    assert refused.status == 400
    assert lee.get(path).status == 200
    assert "The client was erased." in lee.press(f"{path}/forget", name="zed quill").page.text
    assert lee.get(path).status == 404


def test_a_name_with_markup_and_marks_of_direction_stays_text(lee: StaffBrowser) -> None:
    name = "<script>alert(1)</script> " + "א" * 170
    page = lee.get(new_client(lee, name, "", email_ok="")).page
    assert page.heading.startswith(name.strip())
    assert not page.all("script")


def test_other_addresses_come_and_go(lee: StaffBrowser) -> None:
    """B159"""
    path = new_client(lee, "Pia Wolf", "pia@example.com")
    added = lee.press(f"{path}/address", f"{path}/addresses", other="pia.work@example.com", other_ok="yes")
    assert "The address is on file. Nothing was sent." in added.page.text
    page = lee.get(f"{path}/address").page
    assert "Remove pia.work@example.com" in page.buttons
    removed = lee.press(f"{path}/address", f"{path}/addresses", remove="pia.work@example.com")
    assert "The address is no longer on file." in removed.page.text


@pytest.mark.parametrize("path", ["/admin/willow/clients/x", "/admin/willow/clients/01ARZ3NDEKTSV4RRFFQ69G5FAV"])
@pytest.mark.parametrize(
    "below", ["", "/pin", "/email", "/address", "/people", "/share", "/end", "/history", "/mail-line"]
)
def test_a_client_who_is_not_there_gets_a_page(lee: StaffBrowser, path: str, below: str) -> None:
    missing = lee.get(path + below)
    assert (missing.status, missing.page.heading) == (404, "There is nothing here")


def test_the_console_speaks_spanish(lee: StaffBrowser) -> None:
    path = lee.client_path("Sam Carter")
    page = lee.get(f"{path}?lang=es")
    assert page.page.heading == "Sam Carter: Portal de clientes"
    assert "Generar código PIN" in page.page.buttons
    assert "Por favor, deletree la dirección de correo que escribe." in page.page.text
    assert "spell" not in page.page.text
    assert lee.get("/admin/willow").page.heading == "Buscar un cliente"


# ── practice ──


def test_an_admin_changes_settings_and_a_letter(live_portal: LivePortal, desk: StaffBrowser) -> None:
    page = desk.get("/admin/harbor/settings").page
    assert page.one("input", id="name").attributes["value"] == "Harbor Family Counseling"
    fields = {
        "name": "Harbor Family Counseling", "phone": "(206) 555-0199", "language": "en",
        "time_zone": "America/Los_Angeles", "sender": "yourprovider", "unknown_address": "same_answer",
        "feature": "messages",
    }  # fmt: skip
    assert "The settings are saved." in desk.press("/admin/harbor/settings", **fields).page.text
    (harbor,) = live_portal.items("Practices", slug="harbor")
    assert harbor["phone"] == "(206) 555-0199"
    refused = desk.send_form("/admin/harbor/settings", **fields | {"time_zone": "Nowhere/Atlantis"})
    assert "Enter a time zone" in refused.page.text
    assert refused.page.one("input", id="time_zone").attributes["value"] == "Nowhere/Atlantis"

    letter = "/admin/harbor/letters/invitation/en"
    wrong = desk.send_form(letter, greeting="Hello {nobody}", body="", footer="")
    assert wrong.status == 422
    assert "Hello {nobody}" in wrong.body
    saved = desk.press(letter, greeting="Hello {name}, from all of us", body="", footer="")
    assert "Hello Ana Reyes, from all of us" in saved.page.text
    usual = desk.press(letter, usual="yes")
    assert "from all of us" not in usual.page.text


def test_an_admin_invites_a_colleague_who_is_out_once_removed(live_portal: LivePortal, desk: StaffBrowser) -> None:
    added = desk.press("/admin/willow/staff", person_name="Dr. Nova", email="nova@willow.example", role="clinician")
    assert "They are a member now." in added.page.text
    path = added.page.links["Dr. Nova"]
    assert "They were removed." in desk.press(path, remove="yes").page.text
    assert not live_portal.items("Members", name="Dr. Nova")
    assert "A member was changed. By Front desk" in desk.get("/admin/willow/history").page.text


def test_an_operator_creates_a_practice_and_replaces_none(live_portal: LivePortal) -> None:
    browser = StaffBrowser(live_portal)
    browser.sign_in_as("ops@operators.example")
    fields = {"name": "Cedar Care", "phone": "", "language": "en", "time_zone": "America/Chicago"}
    refused = browser.send_form("/admin/new-practice", slug="willow", **fields)
    assert "Another practice has this short name" in refused.page.text
    for slug in ("v1", "sign-in", "admin"):
        assert browser.send_form("/admin/new-practice", slug=slug, **fields).status == 400
    made = browser.press("/admin/new-practice", slug="cedar", **fields)
    assert made.page.heading == "Find a client"
    assert live_portal.items("Practices", slug="cedar", name="Cedar Care")
