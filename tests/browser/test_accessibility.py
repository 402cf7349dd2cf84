"""Tests of keyboard, focus, language, size, contrast and touch."""

import re

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.chromium import NARROW, Window
from tests.browser.people import ANA, LUIS, MARIA
from tests.kit.live_portal import LivePortal


def test_the_first_problem_has_the_focus_and_leads_to_the_field(window: Window) -> None:
    window.request_link("willow", "nobody@example.com")
    summary = window.page.get_by_role("alert")

    expect(summary).to_be_focused()
    assert window.page.title().startswith("Error: ")
    window.page.keyboard.press("Tab")
    window.page.keyboard.press("Enter")
    expect(window.page.locator("#email")).to_be_focused()
    assert window.page.locator("#email").input_value() == "nobody@example.com"
    description = window.page.locator("#email").get_attribute("aria-describedby") or ""
    assert "email-problem" in description.split()


def test_everything_can_be_done_by_keyboard_alone(live_portal: LivePortal, window: Window) -> None:
    page, press = window.go("/willow"), window.page.keyboard.press
    press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    press("Enter")
    press("Tab")
    expect(page.get_by_role("link", name="I’m an existing client")).to_be_focused()
    press("Enter")
    page.wait_for_url("**/sign-in")
    tab_to(page, "Email address")
    page.keyboard.type(MARIA)
    press("Enter")
    page.wait_for_url("**/sign-in/sent")
    window.go(live_portal.letter(MARIA)["url"])
    tab_to(page, "Maria & Daniel Gomez")
    press("Space")
    page.wait_for_url("**/home")
    tab_to(page, "Switch profile")
    press("Enter")
    page.wait_for_url("**/profiles")
    tab_to(page, "Sign out")
    press("Enter")
    page.wait_for_url("**/signed-out")

    assert window.complaints == []


def test_whatever_has_the_focus_can_be_seen_to_have_it(window: Window) -> None:
    page = window.go("/willow/sign-in")
    stops = []
    for _ in range(12):
        page.keyboard.press("Tab")
        style = "getComputedStyle(document.activeElement)"
        name, outline, width = page.evaluate(
            f"[document.activeElement.innerText || document.activeElement.id, {style}.outlineStyle, "
            f"parseFloat({style}.outlineWidth)]"
        )
        if page.evaluate("document.activeElement === document.body"):
            break
        stops.append(name)
        assert (outline, width >= 2) == ("solid", True), name

    head, foot = ["Skip to main content", "W\nWillow Creek Therapy", "Español"], ["Need help?", "(415) 555-0134"]
    assert stops == [*head, "email", "Send link", "Continue with Google", *foot]


@pytest.mark.parametrize("chosen", ["by the browser", "on the page"])
def test_everything_is_in_spanish_for_whom_wants_it(browser: Chromium, live_portal: LivePortal, chosen: str) -> None:
    with chromium.window(browser, live_portal, locale="es-MX" if chosen == "by the browser" else "en-US") as window:
        page = window.go("/willow")
        if chosen == "on the page":
            window.follow("Español")
        window.follow("Soy un cliente existente")
        page.get_by_label("Correo electrónico").fill("nadie@example.com")
        window.click_button("Enviar enlace")
        assert "No tenemos registrado ese correo electrónico" in page.inner_text("main")
        page.get_by_label("Correo electrónico").fill(LUIS)
        window.click_button("Enviar enlace")
        assert window.heading == "Revise su correo"
        window.go(live_portal.letter(LUIS)["url"])
        assert window.heading == "Le damos la bienvenida, Luis Ortega"
        window.click_button("Cerrar sesión")
        assert window.heading == "Cerró su sesión"
        assert page.locator("html").get_attribute("lang") == "es"


def test_the_language_can_be_changed_in_the_middle_and_nothing_typed_is_lost(
    live_portal: LivePortal, window: Window
) -> None:
    window.request_link("willow", ANA)
    window.follow("Español")
    assert window.heading == "Revise su correo"
    window.go(live_portal.link(LUIS))
    assert window.heading == "Inicie sesión en su Portal de clientes"
    window.follow("English")
    window.click_button("Sign in")

    assert window.path == "/willow/home"


PATHS = ("/willow", "/willow/sign-in", "/willow/help", "/willow/pin", "/willow/new-client", "/willow/home")


def fits(page: Page) -> bool:
    """Return True if no element is wider than the page."""
    sticks_out: bool = page.evaluate(
        """() => {
            const wide = document.documentElement.clientWidth;
            const shown = [...document.querySelectorAll("body *:not(.skip)")];
            return document.documentElement.scrollWidth > wide
                || shown.some(element => element.getBoundingClientRect().right > wide + 1);
        }"""
    )
    return not sticks_out


@pytest.mark.parametrize("locale", ["en-US", "es-US"])
def test_pages_fit_at_twice_the_size(browser: Chromium, live_portal: LivePortal, locale: str) -> None:
    """200 % zoom on a small laptop, and twice the font size on a phone (WCAG 2.2, 1.4.4 and 1.4.10)."""
    half = {"width": 640, "height": 400}
    with chromium.window(browser, live_portal, viewport=half, device_scale_factor=2, locale=locale) as window:
        window.become(live_portal.signed_in(MARIA))
        for path in PATHS:
            assert fits(window.go(path)), path
    with chromium.window(browser, live_portal, viewport={"width": NARROW, "height": 600}, locale=locale) as window:
        for path in PATHS:
            page = window.go(path)
            page.evaluate("document.documentElement.style.fontSize = '225%'")
            assert fits(page), path


def test_in_forced_colours_buttons_and_fields_keep_their_edges(browser: Chromium, live_portal: LivePortal) -> None:
    with chromium.window(browser, live_portal, forced_colors="active") as window:
        page = window.go("/willow/sign-in")
        for element in (page.get_by_role("button", name="Send link"), page.locator("#email")):
            style = element.evaluate("e => [getComputedStyle(e).borderTopStyle, getComputedStyle(e).borderTopWidth]")
            assert style == ["solid", "2px"]
        assert page.locator(".mark").evaluate("e => getComputedStyle(e).borderTopStyle") == "solid"


def test_fingers_hit_what_they_aim_at(live_portal: LivePortal, window: Window) -> None:
    window.become(live_portal.signed_in(MARIA))
    small: dict[str, int] = {}
    for path in (*PATHS, "/willow/profiles"):
        boxes = window.go(path).evaluate(
            """() => [...document.querySelectorAll("a, button, input")]
                .filter(e => !e.classList.contains("skip"))
                .map(e => [e.innerText || e.id, Math.round(e.getBoundingClientRect().height)])"""
        )
        small |= {f"{path} {name}": height for name, height in boxes if height < 44}

    assert small == {}


def test_the_phone_can_be_called_by_pressing_its_number(window: Window) -> None:
    for path in ("/willow", "/willow/help", "/willow/sign-in"):
        numbers = window.go(path).locator("footer a[href^='tel:']")

        assert numbers.get_attribute("href") == "tel:4155550134"
        assert re.fullmatch(r"\(415\) 555-0134", numbers.inner_text())


def tab_to(page: Page, name: str) -> None:
    """Press Tab until an element of that name has the focus."""
    for _ in range(25):
        page.keyboard.press("Tab")
        focused = page.evaluate(
            "(document.activeElement.labels?.[0] ?? document.activeElement).innerText.replaceAll('\\n', ' ')"
        )
        if name in focused:
            return
    pytest.fail(f"Tab never came to {name}")
