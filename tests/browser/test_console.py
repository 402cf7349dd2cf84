"""Tests of the console in Chromium: sizes and widths, axe, both languages, light and dark."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium

from tests.browser import chromium
from tests.browser.appearance import check_appearance
from tests.browser.chromium import PageWindows, Window
from tests.browser.console_imports import SHEET, WRONG, choose, signed_in_phone, waiting_import
from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal

WIDTHS = (320, 360, 1280)
PHONE = 740
"""The height of a small phone in pixels."""
MAX_PAGE_BYTES = 12 * 1024
LEE, DESK, OPS = "dr.lee@willow.example", "front.desk@willow.example", "ops@operators.example"
RECEIVER = "https://booking-program.example/latchkey/events?practice=willow"


def _at(path: str, email: str = LEE) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        staff = StaffBrowser(window.live_portal)
        staff.sign_in_as(email)
        window.become(staff)
        window.go(path)

    return go


def _client(name: str, below: str = "") -> Callable[[Window], None]:
    def go(window: Window) -> None:
        staff = StaffBrowser(window.live_portal)
        staff.sign_in_as(LEE)
        window.become(staff)
        window.go(staff.client_path(name) + below)

    return go


def _pressed(name: str, below: str, button: str) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        _client(name, below)(window)
        window.click(f"form[method=post] {button}")

    return go


def _brand(button: str) -> Callable[[Window], None]:
    """Type a colour that is hard to read."""

    def go(window: Window) -> None:
        _at("/admin/willow/brand", DESK)(window)
        window.page.locator("#accent").fill("#ffd400")
        window.click("button[name=preview]" if "first" in button else "form button:not([name])")

    return go


def _sample(window: Window) -> None:
    """Ask for the sample that nobody gets: the pool of a test run verifies no address of the desk."""
    _at("/admin/willow/letters/invitation/en", DESK)(window)
    window.click("button[name=sample]")


def _member(below: str) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        staff = StaffBrowser(window.live_portal)
        staff.sign_in_as(DESK)
        links = staff.get("/admin/willow/staff").page.links
        path = next(path for path in links.values() if path.startswith("/admin/willow/staff/"))
        window.become(staff)
        window.go(path + below)

    return go


def _made(path: str, below: str = "", *, shows_secret: bool = False, **fields: str) -> Callable[[Window], None]:
    """Connect a system or add a webhook, unless there is one already, and open the answer or a page below it."""

    def go(window: Window) -> None:
        home = f"/admin/willow/{path}"
        staff = StaffBrowser(window.live_portal)
        staff.sign_in_as(DESK)
        window.become(staff)
        own = [link for link in staff.get(home).page.links.values() if link.startswith(f"{home}/")]
        if shows_secret or not own:
            window.go(home)
            for name, value in fields.items():
                window.page.locator(f"#{name}").fill(value)
            window.click("form[method=post] button")
            own = [link for link in staff.get(home).page.links.values() if link.startswith(f"{home}/")]
        if not shows_secret:
            window.go(own[0] + below)

    return go


def _rotated(window: Window) -> None:
    _made("webhooks", "/secret", url=RECEIVER)(window)
    window.click("form[method=post] button")


def _refused_webhook(window: Window) -> None:
    _at("/admin/willow/webhooks", DESK)(window)
    window.page.locator("#url").fill("http://system.example/" + "hook" * 20)
    window.click("form[method=post] button")


def _signed_out(window: Window) -> None:
    window.go("/admin")


def _other_address(window: Window) -> None:
    _client("Sam Carter", "/address")(window)
    window.page.locator("#email").fill("sam.new@example.com")
    window.click("form button >> nth=0")


def _checked(content: bytes) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        _at("/admin/willow/imports")(window)
        choose(window, content)

    return go


def _under_way(below: str) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        _at(waiting_import(window.live_portal) + below)(window)

    return go


def _phone(below: str) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        device = signed_in_phone(window.live_portal)
        _client("Luis Ortega", below.format(device=device))(window)

    return go


SCENES: dict[str, Callable[[Window], None]] = {
    "signed-out": _signed_out,
    "home": _at("/admin/willow"),
    "practices": _at("/admin", DESK),
    "every-practice": _at("/admin", OPS),
    "new-practice": _at("/admin/new-practice", OPS),
    "clients": _at("/admin/willow/clients"),
    "attention": _at("/admin/willow/clients?show=attention"),
    "nobody": _at("/admin/willow/clients?q=zzz"),
    "new-client": _at("/admin/willow/clients/new"),
    "imports": _at("/admin/willow/imports"),
    "import-refused": _checked(WRONG),
    "import-check": _checked(SHEET),
    "import": _under_way(""),
    "stop-import": _under_way("/stop"),
    "not-found": _at("/admin/harbor"),
    "settings": _at("/admin/willow/settings", DESK),
    "letter": _at("/admin/willow/letters/invitation/en", DESK),
    "brand": _at("/admin/willow/brand", DESK),
    "brand-refused": _brand("Save colour and words"),
    "brand-preview": _brand("Show the colour first"),
    "sample-refused": _sample,
    "staff": _at("/admin/willow/staff", DESK),
    "member": _member(""),
    "start-over": _member("/start-over"),
    "systems": _at("/admin/willow/systems", DESK),
    "system-secret": _made("systems", name="Booking program of the front desk", shows_secret=True),
    "system": _made("systems", name="Booking program"),
    "revoke": _made("systems", "/revoke", name="Booking program"),
    "webhooks": _at("/admin/willow/webhooks", DESK),
    "webhook-refused": _refused_webhook,
    "webhook": _made("webhooks", url=RECEIVER),
    "new-secret": _made("webhooks", "/secret", url=RECEIVER),
    "webhook-secret": _rotated,
    "remove-webhook": _made("webhooks", "/remove", url=RECEIVER),
    "history-of-practice": _at("/admin/willow/history", DESK),
    "role-missing": _at("/admin/willow/settings"),
    "invited": _client("Sam Carter"),
    "active": _client("Luis Ortega"),
    "disabled": _client("Robin Hayes"),
    "no-consent": _client("Jo Winters"),
    "opened-by-others": _client("Leo Gomez"),
    "pin": _pressed("Sam Carter", "", "button"),
    "pin-shown": _client("Sam Carter", "/pin"),
    "are-they-in": _client("Sam Carter", "/signed-in?since=1"),
    "email": _client("Sam Carter", "/email"),
    "email-refused": _client("Luis Ortega", "/email"),
    "sent": _pressed("Sam Carter", "/email", "button"),
    "address": _client("Sam Carter", "/address"),
    "address-change": _other_address,
    "people": _client("Leo Gomez", "/people"),
    "share": _client("Sam Carter", "/share"),
    "end": _client("Leo Gomez", "/end"),
    "end-refused": _pressed("Leo Gomez", "/end", "button"),
    "sign-out": _client("Sam Carter", "/sign-out"),
    "devices": _phone("/devices"),
    "device": _phone("/devices/{device}"),
    "details": _client("Sam Carter", "/details"),
    "forget": _client("Sam Carter", "/forget"),
    "history": _client("Sam Carter", "/history"),
}


@pytest.fixture(autouse=True)
def no_webhook_stays(live_portal: LivePortal) -> Iterator[None]:
    """Remove webhooks after a test. Nobody receives at theirs, so each later event would be tried again for hours, and
    would write to the tables of other tests.
    """
    yield
    admin = live_portal.clinician(role="admin")
    for webhook in admin.request("GET", "/webhooks").document["webhooks"]:
        assert admin.request("DELETE", "/webhooks/{webhook}", webhook=webhook["id"]).status == 204


@pytest.mark.parametrize("language", ["en", "es"])
@pytest.mark.parametrize("scene", SCENES)
def test_a_page_of_the_console_fits_reads_and_stays_small(
    page_windows: PageWindows, live_portal: LivePortal, scene: str, language: str
) -> None:
    window = page_windows.empty(live_portal, language)
    SCENES[scene](window)
    page = window.page
    for element in page.locator("details").all():
        element.evaluate("element => element.open = true")
    assert len(page.content().encode()) <= MAX_PAGE_BYTES
    assert page.locator("script").count() == 0
    check_appearance(page, WIDTHS, PHONE)
    assert page.locator("html").get_attribute("lang") == language
    assert page.locator("h1").count() == 1
    assert [complaint for complaint in window.complaints if "favicon" not in complaint] == []


def test_a_locked_out_client_is_helped_in_four_presses_without_script(
    browser: Chromium, live_portal: LivePortal
) -> None:
    """The clinician searches by the start of a name, on a phone."""
    viewport = {"width": 360, "height": PHONE}
    with chromium.window(browser, live_portal, viewport=viewport, java_script_enabled=False) as window:
        _at("/admin/willow")(window)
        page = window.page
        page.locator("#q").fill("cart")
        page.get_by_role("button", name="Search").click()
        page.get_by_role("link", name="Sam Carter").click()
        button = page.get_by_role("button", name="Generate Pin Code")
        box = button.bounding_box()
        assert box
        assert box["y"] + box["height"] <= 600
        button.click()
        digits = page.locator(".pin").inner_text().replace(" ", "")
        assert digits.isdecimal()
        assert live_portal.browser().enter_pin("sam@example.com", digits).status == 303
        page.get_by_role("link", name="Are they in?").click()
        assert "Signed in" in page.locator("main").inner_text()


def test_a_clinician_signs_in_at_the_pools_own_page(browser: Chromium, live_portal: LivePortal) -> None:
    with chromium.window(browser, live_portal) as window:
        page = window.go("/admin/willow/clients")
        page.get_by_role("link", name="Sign in", exact=True).click()
        page.locator("input[name=username]").fill(LEE)
        page.locator("input[name=password]").fill(StaffBrowser(live_portal).staff()[LEE]["password"])
        window.click("form [type=submit]")
        assert window.heading == "Clients"
        window.click_button("Sign out")
        assert window.heading == "You’re signed out"
