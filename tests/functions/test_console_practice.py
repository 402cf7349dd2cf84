"""Practice admin in the console: colour, words and logo with a preview, and samples of letters (B148, B170)."""

import io
import json
from typing import Any

import pytest
from PIL import Image

from latchkey.rules.members import Member, Role
from latchkey.rules.staff import StaffPerson
from latchkey.store import members
from tests.functions.console_forms import press
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal

HOME = "/admin/willow"
BRAND = f"{HOME}/brand"
LETTER = f"{HOME}/letters/invitation/en"
PURPLE = "#7a1f5c"
YELLOW = "#ffd400"
OWN = "willow.head@example.com"
DAY = 24 * 3600


@pytest.fixture
def staff(portal: Portal) -> Browser:
    return portal.staff(role=Role.ADMIN)


def png(size: tuple[int, int] = (300, 100)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, PURPLE).save(file, "PNG")
    return file.getvalue()


def token(staff: Browser, action: str = f"{BRAND}/logo") -> str:
    _, _, form = staff.get(BRAND).body.partition(f'action="{action}"')
    return form.partition('name="form" value="')[2].partition('"')[0]


def upload(staff: Browser, content: bytes | None, form: str = "", target: str = f"{BRAND}/logo") -> HttpResponse:
    """Send the form as a browser does."""
    parts = [f'Content-Disposition: form-data; name="form"\r\n\r\n{form or token(staff)}'.encode()]
    if content is not None:
        head = 'Content-Disposition: form-data; name="logo"; filename="l\u00f6go \\"1\\"; name=x.png"'
        parts.append(head.encode() + b"\r\nContent-Type: image/png\r\n\r\n" + content)
    body = b"".join(b"--XbX\r\n" + part + b"\r\n" for part in parts) + b"--XbX--\r\n"
    headers = {"origin": staff.portal.origin, "sec-fetch-site": "same-origin"}
    return staff.send("POST", target, headers | {"content-type": "multipart/form-data; boundary=XbX"}, body)


def verify_address(portal: Portal, subject: str = "dr-willow", email: str = OWN) -> None:
    """Sign a member in, with an address that their provider has verified."""
    with portal._environment("Console"):  # noqa: SLF001 - as the sign-in does
        person = StaffPerson(subject, "Dr. Willow", email, email)
        members.record_sign_in(Member("willow", subject, Role.ADMIN), person, portal.now)


def practice(portal: Portal) -> dict[str, Any]:
    """The practice as it is stored."""
    (item,) = (row for row in portal.at_rest()["Practices"] if row["slug"]["S"] == "willow")
    return item


def test_a_colour_is_seen_in_a_page_and_a_letter_before_it_is_saved(portal: Portal, staff: Browser) -> None:
    before = practice(portal)
    shown = press(staff, BRAND, accent=PURPLE, preview="yes")
    assert shown.status == 200
    assert "Nothing is saved yet." in shown.page.text
    page, letter = (frame.attributes["src"] or "" for frame in shown.page.all("iframe"))
    assert (page, letter) == (f"{BRAND}/page?accent=7a1f5c", f"{BRAND}/letter?accent=7a1f5c")
    framed, mailed = staff.get(page), staff.get(letter)
    assert f"--accent:{PURPLE}" in framed.body
    assert "Send link" in framed.page.text
    assert PURPLE in mailed.body
    assert "Hello Ana Reyes," in mailed.page.text
    for response in (framed, mailed):
        assert response.headers["x-frame-options"] == "SAMEORIGIN"
        assert "frame-ancestors 'self'" in response.headers["content-security-policy"]
        assert "script" not in response.headers["content-security-policy"]
    assert practice(portal) == before


def test_colour_and_words_are_saved(portal: Portal, staff: Browser) -> None:
    fields = {"accent": PURPLE.upper(), "word_en": "coach", "word_es": "", "address": "1 Main St\r\nAustin"}
    legal = {"legal_privacy": "https://willow.example/privacy", "legal_terms": "", "legal_accessibility": ""}
    welcome = {"welcome_en": "Welcome, and take your time.", "welcome_es": ""}
    saved = press(staff, BRAND, **fields, **legal, **welcome)
    assert saved.location == f"{BRAND}?done=saved"
    found = practice(portal)
    assert (found["accent"]["S"], found["address"]["S"]) == (PURPLE, "1 Main St\nAustin")
    assert "coach" in str(found["clinician_word"])
    assert found["welcomes"]["M"] == {"en": {"S": "Welcome, and take your time."}}
    assert "https://willow.example/privacy" in str(found["legal"])
    assert f"--accent:{PURPLE}" in portal.browser().get("/willow").body
    assert ("practice_changed", "accent,address,clinician_word,legal,welcome,welcomes") in portal.audit()


def settings_with(**changed: str) -> dict[str, str]:
    """Return the fields of the settings as the page has them, with changes."""
    usual = {"name": "Willow", "phone": "", "language": "en", "time_zone": "America/Chicago", "sender": "no-reply"}
    return usual | {"reply_to": "", "unknown_address": "tell", "feature": "appointments"} | changed


def test_a_feature_gets_the_page_that_home_opens(portal: Portal, staff: Browser) -> None:
    saved = press(staff, f"{HOME}/settings", **settings_with(link_appointments="https://willow.example/book"))
    assert saved.location == f"{HOME}/settings?done=saved"
    assert practice(portal)["links"]["M"] == {"appointments": {"S": "https://willow.example/book"}}
    page = staff.get(f"{HOME}/settings")
    assert 'value="https://willow.example/book"' in page.body
    press(staff, f"{HOME}/settings", **settings_with(link_appointments=""))
    assert "links" not in practice(portal)


def test_a_feature_gets_no_page_of_another_practice(portal: Portal, staff: Browser) -> None:
    before = practice(portal)
    refused = press(staff, f"{HOME}/settings", **settings_with(link_appointments="/harbor/book"))
    assert refused.status == 422
    assert "A web address begins with https://" in refused.page.text
    assert 'value="/harbor/book"' in refused.body
    assert practice(portal) == before


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"accent": YELLOW}, "Text in that colour can’t be read"),
        ({"accent": "red"}, "Text in that colour can’t be read"),
        ({"word_en": "the coach"}, "The word for the clinician has 2 to 40 letters"),
        ({"legal_privacy": "javascript:alert(1)"}, "A web address begins with https://"),
        ({"legal_terms": "/harbor/terms"}, "A web address begins with https://"),
        ({"address": "x" * 301}, "That text is too long"),
        ({"address": "1 Main\u202e St"}, "characters that can’t be shown"),
    ],
)
def test_what_pages_cannot_use_is_refused_and_stays_in_the_form(
    portal: Portal, staff: Browser, fields: dict[str, str], sentence: str
) -> None:
    before = practice(portal)
    refused = press(staff, BRAND, **({"accent": "", "word_en": "coach"} | fields))
    assert refused.status in (400, 422)
    assert sentence in refused.page.text
    typed = refused.page.one("input", name="word_en").attributes["value"]
    assert typed == fields.get("word_en", "coach")
    assert practice(portal) == before


def test_a_colour_that_is_hard_to_read_is_answered_with_the_nearest_that_works(staff: Browser) -> None:
    refused = press(staff, BRAND, accent=YELLOW)
    nearest = refused.page.one("p", id="nearest").text
    assert "The nearest colour that works is #" in nearest
    colour = nearest.partition("works is ")[2][:7]
    assert f"{BRAND}/page?accent={colour[1:]}" in refused.body
    assert press(staff, BRAND, accent=colour).status == 303


def test_a_logo_is_sent_shown_and_removed(portal: Portal, staff: Browser) -> None:
    assert upload(staff, png()).location == f"{BRAND}?done=logo"
    shown = staff.get(f"{BRAND}?done=logo").page
    assert "The logo is saved." in shown.text
    image = shown.one("img", alt="Your logo").attributes["src"] or ""
    served = portal.browser().get(image)
    assert (served.status, served.headers["content-type"]) == (200, "image/png")
    assert image in staff.get(f"{BRAND}/page").body

    gone = press(staff, BRAND, f"{BRAND}/logo", remove="yes")
    assert gone.location == f"{BRAND}?done=no_logo"
    assert "logo" not in practice(portal)
    assert not staff.get(BRAND).page.all("img", alt="Your logo")


@pytest.mark.parametrize("content", [None, b"", b"GIF89a" + b"x" * 40, png()[:-40], png() + b"\0" * 64 * 1024])
def test_a_file_that_is_no_logo_is_refused_and_the_logo_stays(
    portal: Portal, staff: Browser, content: bytes | None
) -> None:
    assert upload(staff, png()).status == 303
    before = practice(portal)["logo"]
    refused = upload(staff, content)
    assert refused.status == 422
    assert "Choose a PNG or JPEG of 64 KB and 4 million pixels at most." in refused.page.text
    assert practice(portal)["logo"] == before


def test_a_logo_that_is_sent_twice_by_one_form_is_saved_once(portal: Portal, staff: Browser) -> None:
    form = token(staff)
    answers = [upload(staff, png(), form).location for _ in range(2)]
    assert answers == [f"{BRAND}?done=logo"] * 2
    assert portal.audit().count(("practice_changed", "logo")) == 1
    other = upload(staff, png((90, 90)), form)
    assert other.status == 422
    assert "This form was sent already" in other.page.text


def test_a_file_without_the_forms_token_or_origin_changes_nothing(portal: Portal, staff: Browser) -> None:
    assert upload(staff, png(), form="x.y").status == 403
    headers = {"origin": "https://evil.example", "content-type": "multipart/form-data; boundary=XbX"}
    assert staff.send("POST", f"{BRAND}/logo", headers, b"--XbX--").status == 403
    assert upload(staff, png(), target=BRAND).status == 400
    assert "logo" not in practice(portal)


def test_a_clinician_changes_neither_colour_nor_logo(portal: Portal) -> None:
    clinician = portal.staff("dr-other")
    for path in ("", "/logo"):
        assert clinician.post(f"{BRAND}{path}", {"form": "x"}).status == 403
    assert clinician.get(BRAND).status == 403
    assert clinician.get(LETTER).status == 403


def test_a_sample_goes_to_the_members_own_address_with_the_typed_words(portal: Portal, staff: Browser) -> None:
    verify_address(portal)
    sent = press(staff, LETTER, greeting="Welcome {name}!", body="", footer="", sample="yes")
    assert sent.status == 200
    assert f"A sample is on its way to you, at {OWN}." in sent.page.text
    assert sent.page.one("textarea", name="greeting").text.strip() == "Welcome {name}!"
    (job,) = portal.waiting()
    assert "@" not in job.replace("https://", "")
    assert portal.deliver() == 1
    letter = portal.letters[-1]
    assert letter.to == [OWN]
    subject = letter.arguments["Content"]["Simple"]["Subject"]["Data"]
    assert subject == "Sample: Your invitation to the Client Portal"
    assert "Welcome Ana Reyes!" in letter.text
    assert portal.browser().get(letter.path).status in (404, 410)
    assert staff.get(LETTER).page.one("textarea", name="greeting").text.strip() == ""
    assert ("sample_requested", "letter_invitation_en") in portal.audit()


def test_a_report_about_a_sample_changes_nothing(portal: Portal, staff: Browser) -> None:
    verify_address(portal)
    press(staff, LETTER, sample="yes")
    portal.deliver()
    tags = {tag["Name"]: [tag["Value"]] for tag in portal.letters[-1].arguments["EmailTags"]}
    assert tags.keys() == {"practice"}
    before = portal.at_rest()
    mail = {"messageId": "m", "tags": tags}
    bounce = {"detail": {"eventType": "Bounce", "mail": mail, "bounce": {"bounceType": "Permanent"}}}
    portal.handle_event("MailEvents", bounce)
    assert portal.at_rest() == before


def test_ten_samples_a_day(portal: Portal, staff: Browser) -> None:
    verify_address(portal)
    for _ in range(10):
        assert press(staff, LETTER, sample="yes").status == 200
    refused = press(staff, LETTER, greeting="Hi", sample="yes")
    assert refused.status == 429
    assert "That was enough for today. Try again in 24 hours." in refused.page.text
    assert refused.page.one("textarea", name="greeting").text.strip() == "Hi"
    assert portal.deliver() == 10
    # The colleague's own ten are not used up, and a PIN is another limit.
    other = portal.staff("head-two", Role.ADMIN)
    verify_address(portal, "head-two", "two@example.com")
    assert press(other, LETTER, sample="yes").status == 200
    portal.now += DAY
    later = portal.staff(role=Role.ADMIN)
    assert press(later, LETTER, sample="yes").status == 200


def test_an_address_that_an_admin_typed_gets_no_sample(portal: Portal, staff: Browser) -> None:
    """Only the provider's word counts. Else an admin could write to anybody in the practice's name."""
    with portal._environment("Console"):  # noqa: SLF001 - as an admin adds a person of another provider
        members.save(Member("willow", "dr-willow", Role.ADMIN, email="victim@example.org"))
        members.record_sign_in(
            Member("willow", "dr-willow", Role.ADMIN), StaffPerson("dr-willow", None, "victim@example.org"), portal.now
        )
    refused = press(staff, LETTER, sample="yes")
    assert refused.status == 409
    assert "Your sign-in provider has confirmed no address of yours. Nothing was sent." in refused.page.text
    assert portal.waiting() == []


def test_a_member_who_was_removed_meanwhile_gets_no_sample(portal: Portal, staff: Browser) -> None:
    verify_address(portal)
    press(staff, LETTER, sample="yes")
    with portal._environment("Console"):  # noqa: SLF001
        members.remove("willow", "dr-willow")
    assert portal.deliver() == 0


def test_a_sample_that_nobody_expects_any_more_is_not_sent(portal: Portal, staff: Browser) -> None:
    verify_address(portal)
    press(staff, LETTER, sample="yes")
    portal.now += 6 * 3600
    assert portal.deliver() == 0


@pytest.mark.parametrize("change", [{"letter": "pin_made"}, {"language": "xx"}, {"request": "!"}, {"letter": None}])
def test_a_message_that_asks_for_no_sample_goes_back(portal: Portal, staff: Browser, change: dict[str, str]) -> None:
    verify_address(portal)
    press(staff, LETTER, sample="yes")
    (job,) = portal.waiting()
    assert portal.work(json.dumps(json.loads(job) | change)) == [0]
