"""A clinician imports a spreadsheet in Chromium, on a phone and without script (B230, B231)."""

from playwright.sync_api import Browser as Chromium
from playwright.sync_api import expect

from tests.browser import chromium
from tests.browser.console_imports import SHEET, choose
from tests.console.staff_browser import StaffBrowser
from tests.kit.live_portal import LivePortal

WAIT_MS = 60_000


def test_a_spreadsheet_is_checked_imported_and_counted(browser: Chromium, live_portal: LivePortal) -> None:
    viewport = {"width": 360, "height": 740}
    with chromium.window(browser, live_portal, viewport=viewport, java_script_enabled=False) as window:
        staff = StaffBrowser(live_portal)
        staff.sign_in_as("dr.lee@willow.example")
        window.become(staff)
        window.go("/admin/willow")
        window.follow("Import clients")
        choose(window, SHEET)
        assert window.heading == "Check the import"
        assert "Rows 4–5\nThere is no name." in window.page.locator("main").inner_text()
        assert not live_portal.items("Clients", name="Nora Sheet")
        window.click_button("Put 2 clients on file")
        frame = window.page.frame_locator("iframe.counts")
        expect(frame.get_by_role("link", name="Show the result")).to_be_visible(timeout=WAIT_MS)
        with window.page.expect_navigation():
            frame.get_by_role("link", name="Show the result").click()
        text = window.page.locator("main").inner_text()
        assert "Rows done: 6 of 6" in text
        assert "Put on file: 2" in text
        assert "Rows 4–5\nThere is no name." in text
        assert live_portal.letter("nora.sheet@example.com")["subject"] == "Your invitation to the Client Portal"
        assert window.complaints == []
