"""Tests of clients' journeys in Chromium, with the pages' real headers."""

import re
import time

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Page, expect

from tests.browser import chromium
from tests.browser.chromium import NARROW, Window
from tests.browser.foreign_site import webmail
from tests.kit.live_portal import LivePortal

ANA, LUIS, MARIA = "ana@example.com", "luis@example.com", "maria.gomez@gmail.com"


def test_the_browser_that_requested_it_is_signed_in_as_soon_as_the_link_is_opened(
    live_portal: LivePortal, window: Window
) -> None:
    window.go("/willow")
    window.follow("I’m an existing client")
    window.page.get_by_label("Email address").fill(ANA)
    window.click_button("Send link")
    assert (window.path, window.heading) == ("/willow/sign-in/sent", "Check your email")
    window.go(live_portal.letter(ANA)["url"])

    assert (window.path, window.heading) == ("/willow/home", "Welcome, Ana Reyes")
    assert window.complaints == []


def test_another_browser_has_to_press_a_button(live_portal: LivePortal, window: Window, other_window: Window) -> None:
    window.request_link("willow", ANA)
    other_window.go(live_portal.letter(ANA)["url"])
    assert other_window.heading == "Sign in to your Client Portal"
    other_window.click_button("Sign in")
    window.go("/willow/home")

    assert (other_window.path, other_window.heading) == ("/willow/home", "Welcome, Ana Reyes")
    assert window.path == "/willow/sign-in"
    assert window.complaints == other_window.complaints == []


def test_the_whole_journey_needs_no_script(browser: Chromium, live_portal: LivePortal) -> None:
    with chromium.window(browser, live_portal, java_script_enabled=False) as window:
        page = window.go("/willow")
        window.follow("I’m an existing client")
        window.click_button("Send link")
        assert page.evaluate("document.activeElement.innerText").startswith("There is a problem")
        page.get_by_label("Email address").fill(MARIA)
        window.click_button("Send link")
        window.follow("Try these tips")
        assert window.heading == "Having trouble signing in?"
        window.go(live_portal.letter(MARIA)["url"])
        window.click_button("Leo Gomez")
        assert window.path == "/willow/home"
        window.follow("Switch profile")
        window.click_button("Emma Gomez")
        window.click_button("Sign out")

        assert (window.path, window.heading) == ("/willow/signed-out", "You’re signed out")
        assert window.complaints == []


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


@pytest.mark.parametrize("attributes", ['target="_blank" rel="noopener noreferrer"', 'target="_blank"', ""])
def test_a_click_in_someone_elses_webmail_signs_in_at_once(
    live_portal: LivePortal, window: Window, attributes: str
) -> None:
    window.request_link("willow", ANA)
    link = live_portal.letter(ANA)["url"]
    with webmail(f'<a href="{link}" {attributes}>Sign in</a>') as inbox:
        window.go(inbox)
        if "target" in attributes:
            with window.context.expect_page() as opening:
                window.page.get_by_role("link").click()
            opened = opening.value
        else:
            window.page.get_by_role("link").click()
            opened = window.page
        opened.wait_for_url(f"{live_portal.url}/willow/home")

        assert opened.locator("h1").inner_text() == "Welcome, Ana Reyes"
        assert opened.evaluate("document.referrer") in ("", inbox)


def test_the_letter_itself_leads_in(live_portal: LivePortal, window: Window) -> None:
    window.request_link("willow", ANA)
    with webmail(live_portal.letter(ANA)["html"]) as inbox:
        window.go(inbox)
        with window.context.expect_page() as opening:
            window.page.get_by_role("link", name="Sign in").click()
        opening.value.wait_for_url(f"{live_portal.url}/willow/home")

        assert opening.value.evaluate("window.opener") is None


HINTS = {
    "prefetch": '<link rel="prefetch" href="{link}">',
    "picture": '<img src="{link}" alt="">',
    "frame": '<iframe src="{link}"></iframe>',
    "script": '<script>fetch("{link}", {{mode: "no-cors", credentials: "include"}})</script>',
}


@pytest.mark.parametrize("hint", HINTS)
def test_a_page_that_only_points_at_the_link_does_not_open_it(
    live_portal: LivePortal, window: Window, hint: str
) -> None:
    window.request_link("willow", ANA)
    link = live_portal.letter(ANA)["url"]
    live_portal.settle()
    seen, before = opened_pages(live_portal), live_portal.at_rest()
    with webmail(HINTS[hint].format(link=link) + f'<a href="{link}">Sign in</a>') as inbox:
        window.go(inbox)
        wait_for_a_request(live_portal, seen)
        assert live_portal.at_rest() == before
        window.page.get_by_role("link").click()
        window.page.wait_for_url(f"{live_portal.url}/willow/home")


@pytest.mark.parametrize("how", ["prefetch", "prerender"])
def test_a_link_that_the_browser_gets_ahead_is_not_opened_before_someone_wants_it(
    browser: Chromium, live_portal: LivePortal, how: str
) -> None:
    with chromium.window(browser, live_portal, bypass_csp=True) as window:
        window.request_link("willow", ANA)
        link = live_portal.letter(ANA)["url"]
        live_portal.settle()
        seen, before = opened_pages(live_portal), live_portal.at_rest()
        window.page.evaluate(
            """([how, link]) => {
                const rules = document.createElement("script");
                rules.type = "speculationrules";
                rules.textContent = JSON.stringify({[how]: [{urls: [link], eagerness: "immediate"}]});
                document.head.append(rules);
            }""",
            [how, link],
        )
        wait_for_a_request(live_portal, seen)
        assert live_portal.at_rest() == before
        window.go(link)
        if window.path != "/willow/home":
            window.click_button("Sign in")

        assert window.path == "/willow/home"


def opened_pages(live_portal: LivePortal) -> int:
    """Return the number of requests that RedeemLink has logged."""
    return (live_portal.portal.logs / "RedeemLink.log").read_text().count("/link/{token}")


def wait_for_a_request(live_portal: LivePortal, seen: int) -> None:
    """Wait until RedeemLink has logged another request. Otherwise the browser sent none, and the test proves
    nothing.
    """
    deadline = time.monotonic() + 5
    while opened_pages(live_portal) == seen:
        assert time.monotonic() < deadline, "the browser did not ask for the link"
        time.sleep(0.05)


def test_a_code_from_the_phone_signs_in_without_typing_the_address_anew(
    live_portal: LivePortal, window: Window
) -> None:
    clinician = live_portal.clinician()
    window.request_link("willow", ANA)
    window.follow("Try these tips")
    window.follow("Sign in via Pin Code")
    pin = clinician.pin(clinician.client_with(ANA))
    assert window.page.locator("#email").input_value() == ANA
    window.page.get_by_label("6-digit Pin Code").fill(f"{pin[:3]} {pin[3:]}")
    window.click_button("Sign in")

    assert (window.path, window.heading) == ("/willow/home", "Welcome, Ana Reyes")
    assert window.complaints == []


def test_an_invitation_leads_to_the_practices_welcome(live_portal: LivePortal, window: Window) -> None:
    window.go(live_portal.letter(live_portal.fresh_client())["url"])
    assert window.heading == "Welcome to your Client Portal"
    window.click_button("Sign in")
    assert "you can also ask me in our next session" in window.page.locator("blockquote").inner_text()
    window.click_button("Get Started")
    assert (window.path, window.heading) == ("/willow/help", "Having trouble signing in?")
    window.go("/willow/home")

    assert window.page.get_by_role("link", name="Before your first visit").is_visible()
    assert window.page.locator("blockquote").count() == 0
    assert window.complaints == []


def test_back_after_signing_out_shows_nothing(live_portal: LivePortal, window: Window) -> None:
    window.request_link("willow", ANA)
    window.go(live_portal.letter(ANA)["url"])
    assert window.path == "/willow/home"
    window.click_button("Sign out")
    assert window.path == "/willow/signed-out"
    seen = []
    for _ in range(3):
        window.back()
        seen.append(window.page.inner_text("body"))

    assert not [text for text in seen if "Ana Reyes" in text or "Welcome, " in text]
    window.go("/willow/home")
    assert window.path == "/willow/sign-in"


def test_back_to_the_link_after_signing_in_leads_home_anew(live_portal: LivePortal, window: Window) -> None:
    link = live_portal.link(ANA)
    window.go(link)
    window.click_button("Sign in")
    window.back()

    assert window.path == "/willow/home"


def test_a_double_click_on_send_link_sends_one_mail(live_portal: LivePortal, window: Window) -> None:
    window.go("/willow/sign-in")
    window.page.locator("#email").fill(ANA)
    window.page.get_by_role("button", name="Send link").dblclick()
    window.page.wait_for_url("**/sign-in/sent")
    window.go(live_portal.letter(ANA)["url"])

    assert len(live_portal.letters(ANA)) == 1
    assert window.path == "/willow/home"


def test_a_link_of_someone_else_asks_before_it_switches(live_portal: LivePortal, window: Window) -> None:
    window.become(live_portal.signed_in(ANA))
    window.go(live_portal.link(LUIS))
    window.follow("Stay signed in as Ana Reyes")
    assert window.heading == "Welcome, Ana Reyes"
    window.back()
    window.click_button("Switch account")

    assert (window.path, window.heading) == ("/willow/home", "Welcome, Luis Ortega")
    assert window.complaints == []


def test_a_form_on_another_site_cannot_sign_anyone_out_or_in(live_portal: LivePortal, window: Window) -> None:
    window.become(live_portal.signed_in(ANA))
    link = live_portal.link(LUIS)
    for target in ("/willow/sign-out", link.removeprefix(live_portal.url), "/willow/sign-in"):
        action = f"{live_portal.url}{target}"
        form = f'<form method="post" action="{action}"><input name="switch" value="yes"><button>Win</button>'
        with webmail(form) as evil:
            window.go(evil)
            window.click_button("Win")
            assert window.heading == "This did not come from our page"

    assert window.go("/willow/home").locator("h1").inner_text() == "Welcome, Ana Reyes"


def test_nobody_can_put_a_page_into_a_frame(live_portal: LivePortal, window: Window) -> None:
    with webmail(f'<iframe src="{live_portal.url}/willow/sign-in"></iframe>') as evil:
        window.go(evil)
        window.page.wait_for_timeout(200)

        assert not [frame for frame in window.page.frames if frame.locator("form").count()]


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
