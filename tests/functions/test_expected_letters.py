"""Tests of the page after a request for a link: the letter to look for, help while waiting, and mistyped addresses."""

import re
from email.utils import formataddr

import pytest

from tests.kit.browser import App, Browser
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW

MINUTE = 60
SENDER = "yourprovider@mail.example.com"


def request_links(browser: Browser, portal: Portal, times: int, address: str, practice: str = "willow") -> None:
    """Ask for links, a little more than a minute apart."""
    for _ in range(times):
        assert browser.request_link(address, practice).status == 303
        portal.now += MINUTE + 1


# ── the page after asking ──


@pytest.mark.parametrize(("practice", "address"), [("willow", "ana@example.com"), ("harbor", "ana@example.com")])
def test_the_page_after_asking_names_sender_and_subject_of_the_letter(
    browser: Browser, portal: Portal, practice: str, address: str
) -> None:
    """B141"""
    browser.link(address, practice)
    page, sent = browser.get(f"/{practice}/sign-in/sent").page, portal.letters[-1].arguments
    sender, subject, time = page.all("dd")

    assert formataddr((sender.text.removesuffix(f" {SENDER}"), SENDER)) == sent["FromEmailAddress"]
    assert subject.text == sent["Content"]["Simple"]["Subject"]["Data"]
    assert time.text.startswith("today at ")


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ("gmail.com", "Open Gmail"),
        ("Hotmail.com", "Open Outlook"),
        ("yahoo.com.mx", "Open Yahoo Mail"),
        ("icloud.com", "Open iCloud Mail"),
        ("example.com", None),
        ("gmail.com.example.com", None),
    ],
)
def test_the_mailbox_of_a_known_domain_opens_with_one_press(browser: Browser, domain: str, words: str | None) -> None:
    """B141: the page is the same for a client's address and for an unknown one."""
    browser.request_link(f"nobody@{domain}", "harbor")
    page = browser.get("/harbor/sign-in/sent").page
    opening = [text for text in page.links if text.startswith("Open ")]

    assert opening == ([words] if words else [])
    assert ("Open the app or page where you read your email." in page.text) == (words is None)


def test_one_press_requests_one_more_link_and_says_from_when(browser: Browser, portal: Portal) -> None:
    """B141: a request that comes too early sends nothing, and the page says so."""
    portal.now = portal.now // MINUTE * MINUTE + 30
    browser.link("ana@example.com")
    early = browser.get("/willow/sign-in/sent").page
    assert re.search(r"You can send it again at \d+:\d\d [AP]M\.", early.text)
    fields = {field.attributes["name"]: field.attributes["value"] for field in early.all("input", type="hidden")}

    browser.post("/willow/sign-in", fields)
    assert portal.deliver() == 0
    assert "We just sent you a link." in browser.get("/willow/sign-in/sent").page.text

    portal.now += 90
    later = browser.get("/willow/sign-in/sent").page
    assert "You can send it again" not in later.text
    browser.post("/willow/sign-in", fields)
    assert portal.deliver() == 1
    assert "We sent a new link at" in browser.get("/willow/sign-in/sent").page.text


def test_no_heading_promises_a_letter_that_may_not_come(portal: Portal) -> None:
    """B143: for known and unknown addresses. The condition comes first in the sentence."""
    pages = []
    for address in ("ana@example.com", "nobody@example.com"):
        browser = portal.browser()
        browser.request_link(address, "harbor")
        pages.append(browser.get("/harbor/sign-in/sent").page)
        main = pages[-1].one("main").text
        assert main.startswith(
            f"Check your email If {address} is the address that Harbor Street Counseling has for you"
        )
        assert "on its way" not in main
        assert "We sent" not in main

    assert {page.heading for page in pages} == {"Check your email"}


# ── an older link ──


def test_an_older_link_leads_to_the_newest_letter_and_ends_nothing_by_one_press(
    browser: Browser, portal: Portal, another: Browser
) -> None:
    """B136"""
    older = browser.link("ana@example.com")
    portal.now += MINUTE + 1
    newer = browser.link("ana@example.com")

    answer = another.get(older)
    page = answer.page
    assert answer.status == 410
    assert page.heading == "There’s a newer link in your inbox"
    assert [row.text for row in page.all("dd")][:2] == [f"{WILLOW.name} {SENDER}", "Sign in to your Client Portal"]
    assert "Open the newest email and use the link in it." in page.text
    folded = page.one("details").text
    assert "The link that is now in your email will stop working." in folded
    assert "Send link" in folded
    assert "Send link" not in page.one("main").text.replace(folded, "")
    assert another.post(newer).status == 303


@pytest.mark.parametrize("end", ["used", "expired"])
def test_an_older_link_with_a_dead_successor_shows_the_form(
    browser: Browser, portal: Portal, another: Browser, end: str
) -> None:
    """B136: no page sends people to a mailbox without a valid link."""
    older = browser.link("ana@example.com")
    portal.now += MINUTE + 1
    newer = browser.link("ana@example.com")
    if end == "used":
        another.post(newer)
        another.cookies.clear()
    else:
        portal.now += 24 * 3600

    page = another.get(older).page
    assert page.heading == "This link no longer works"
    assert not page.all("details")
    assert "Send link" in page.buttons


# ── waiting ──


@pytest.mark.parametrize(
    ("practice", "advice"),
    [
        ("willow", "You don’t need another one. Open the newest email and use the link in it."),
        ("harbor", "If an email arrived, open the newest one and use the link in it."),
    ],
)
def test_a_wait_tells_what_this_browser_has_requested_and_until_when(
    browser: Browser, portal: Portal, practice: str, advice: str
) -> None:
    """B137"""
    request_links(browser, portal, 3, "ana@example.com", practice)

    answer = browser.request_link("ana@example.com", practice)
    assert answer.status == 429
    assert answer.page.heading == "Please wait a little"
    assert re.search(r"You asked for a link 3 times, the last time at \d+:\d\d [AP]M", answer.page.text)
    assert advice in answer.page.text
    assert re.search(r"You can ask for a link again at \d+:\d\d [AP]M.*, in 12 minutes\.", answer.page.text)
    assert "You don’t have to wait to use a Pin Code." in answer.page.text
    assert "Too many" not in answer.page.text


def test_a_wait_tells_another_browser_nothing_of_these_links(
    browser: Browser, portal: Portal, another: Browser
) -> None:
    """B137"""
    request_links(browser, portal, 3, "ana@example.com", "harbor")

    answer = another.request_link("ana@example.com", "harbor")
    assert answer.status == 429
    assert "You asked for" not in answer.page.text
    assert "If an email arrived" not in answer.page.text


def test_a_wait_for_one_address_names_no_links_of_another(browser: Browser, portal: Portal, another: Browser) -> None:
    """B137"""
    request_links(another, portal, 3, "lee@example.com")
    browser.request_link("ana@example.com")

    answer = browser.request_link("lee@example.com")
    assert answer.status == 429
    assert "You asked for" not in answer.page.text


def test_a_wait_is_the_same_for_a_client_and_for_nobody(portal: Portal) -> None:
    """B137, at a practice that gives every address the same response."""
    seen = []
    for address in ("ana@example.com", "nobody@example.com"):
        browser, at = portal.browser(), portal.now
        request_links(browser, portal, 3, address, "harbor")
        body = browser.request_link(address, "harbor").body
        seen.append(re.sub("<code>.*?</code>", "", body).replace(address, ""))
        portal.now = at

    assert seen[0] == seen[1]


def test_after_several_unknown_addresses_nobody_is_blamed(browser: Browser) -> None:
    """B137"""
    for number in range(5):
        assert browser.request_link(f"guess{number}@example.com").status == 422

    answer = browser.request_link("ana@example.com")
    assert answer.status == 429
    assert "We got several email addresses that are not on file." in answer.page.text


# ── the stored address ──


@pytest.mark.parametrize("typed", ["ana@", "ana", "nobody@example.com"])
def test_a_change_of_language_after_an_error_keeps_what_was_typed(browser: Browser, typed: str) -> None:
    """B138"""
    answer = browser.request_link(typed)
    assert answer.status == 422

    spanish = browser.get("/willow/sign-in" + answer.page.links["Español"]).page
    assert spanish.one("input", id="email").attributes["value"] == typed
    assert browser.get("/willow/sign-in/sent").location == "/willow/sign-in"


def test_requesting_a_new_link_keeps_the_address_in_a_field_that_can_be_changed(browser: Browser) -> None:
    """B138: one button clears the field."""
    browser.request_link("ana@example.com")
    page = browser.get("/willow/sign-in").page
    field = page.one("input", id="email").attributes

    assert field["value"] == "ana@example.com"
    assert "readonly" not in field
    cleared = browser.follow(browser.post("/willow/sign-in", {"clear": "yes"}))
    assert cleared.page.one("input", id="email").attributes["value"] == ""
    assert "The address was cleared." in cleared.page.text


# ── typing mistakes ──


@pytest.mark.parametrize(("practice", "local"), [("willow", "ana"), ("willow", "nobody"), ("harbor", "nobody")])
def test_a_mistyped_domain_gets_a_hint_that_fills_the_field(
    browser: Browser, portal: Portal, practice: str, local: str
) -> None:
    """B142: nothing is counted or sent, and the hint does not depend on who is on file."""
    answer = browser.request_link(f"{local}@Gmial.com", practice)

    assert answer.status == 422
    assert answer.page.buttons[:2] == ["Did you mean gmail.com?", "No, gmial.com is right"]
    assert portal.waiting() == []
    fixed = browser.post(f"/{practice}/sign-in", {"email": f"{local}@gmial.com", "domain": "gmail.com"})
    assert fixed.location == f"/{practice}/sign-in"
    assert browser.follow(fixed).page.one("input", id="email").attributes["value"] == f"{local}@gmail.com"


def test_a_domain_that_is_right_after_all_is_used_as_typed(browser: Browser, portal: Portal) -> None:
    """B142"""
    answer = browser.post("/harbor/sign-in", {"email": "ana@gmial.com", "as_typed": "gmial.com"})

    assert answer.location == "/harbor/sign-in/sent"
    assert len(portal.waiting()) == 1


def test_a_domain_of_the_form_never_replaces_another(browser: Browser) -> None:
    """B142: the form's own value is used only if it is the suggestion for the typed address."""
    answer = browser.post("/harbor/sign-in", {"email": "ana@gmial.com", "domain": "evil.example"})

    assert answer.status == 422


def test_an_app_gets_no_hint(app: App) -> None:
    """B142"""
    assert app.request_link("ana@gmial.com", "harbor").status == 202


# ── two devices ──

ANDROID = "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 Chrome/126.0 Mobile Safari/537.36"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Mobile Safari/604.1"
IPAD = "Mozilla/5.0 (iPad; CPU OS 12_5 like Mac OS X) AppleWebKit/605.1.15 Version/12.1 Mobile Safari/604.1"
MAC_OR_IPAD = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.5 Safari/605.1.15"
WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"
LINUX = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/126.0 Safari/537.36"


@pytest.mark.parametrize(
    ("agent", "platform", "device", "dispositivo"),
    [
        (ANDROID, "Android", "this phone", "este teléfono"),
        (IPHONE, "", "this phone", "este teléfono"),
        (IPAD, "", "this tablet", "esta tableta"),
        (ANDROID.replace(" Mobile", ""), "Android", "this tablet", "esta tableta"),
        (WINDOWS, "Windows", "this computer", "esta computadora"),
        (MAC_OR_IPAD, "", "this device", "este dispositivo"),
        (MAC_OR_IPAD, "macOS", "this computer", "esta computadora"),
        (LINUX, "Linux", "this device", "este dispositivo"),
        ("", "", "this device", "este dispositivo"),
    ],
)
def test_the_button_names_the_device_that_will_be_signed_in(
    browser: Browser, portal: Portal, agent: str, platform: str, device: str, dispositivo: str
) -> None:
    """B144"""
    link = browser.link("ana@example.com")
    hint = f'"{platform}"' if platform else ""
    opening = portal.browser("198.51.100.9", user_agent=agent, sec_ch_ua_platform=hint)

    english = opening.get(link).page
    assert english.buttons[0] == f"Sign in on {device}"
    assert f"You will be signed in here, on {device}," in english.text
    assert "Leave this page, and open the email there." in english.text
    assert opening.get(f"{link}?lang=es").page.buttons[0] == f"Iniciar sesión en {dispositivo}"


def test_the_page_after_asking_says_where_to_open_the_letter(browser: Browser) -> None:
    """B144"""
    browser.request_link("ana@example.com")

    text = browser.get("/willow/sign-in/sent").page.text
    assert "Open the email on the phone or computer where you want to sign in." in text
