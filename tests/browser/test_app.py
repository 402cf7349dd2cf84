"""The app of `examples/app` with Chromium as the system browser, on the live portal (B220 to B227)."""

import importlib.util
import re
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from tests.browser.chromium import NARROW, Window
from tests.kit import sam_template
from tests.kit.live_portal import LivePortal

ANA, MARIA = "ana@example.com", "maria.gomez@gmail.com"
RETURN = re.compile(r"/app/return\?code=[\w-]{43}&state=[\w-]+$")


def _example() -> ModuleType:
    found = importlib.util.spec_from_file_location("app", sam_template.PROJECT / "examples" / "app" / "app.py")
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


EXAMPLE = _example()


@pytest.fixture
def app(live_portal: LivePortal) -> Any:
    return EXAMPLE.PortalApp(live_portal.url, "willow")


def refusal(act: Any, *arguments: Any) -> str:
    """Return the code of the refusal that a step of the app ends with."""
    with pytest.raises(EXAMPLE.Refused) as refused:
        act(*arguments)
    return str(refused.value.code)


def continues(window: Window) -> str:
    """Press the button of the page that asks, and return the address on which the browser ends."""
    assert window.heading == "Sign in to the app?"
    window.click_button("Continue in the app")
    assert RETURN.search(window.page.url)
    return str(window.page.url)


def by_link(window: Window, app: Any) -> str:
    """Sign in by a link, as a person whose app has opened this browser, and return where the browser ends."""
    window.go(app.begin())
    window.page.locator("#email").fill(ANA)
    window.click("form button")
    window.go(window.live_portal.letter(ANA)["url"])
    return continues(window)


def test_a_person_signs_the_app_in_by_a_link(window: Window, app: Any, live_portal: LivePortal) -> None:
    address = by_link(window, app)
    document = app.returned(address, "Ana's phone")
    assert document["method"] == "link"
    assert app.session()["account"] == document["account"]
    assert refusal(EXAMPLE.PortalApp.returned, app, address) == "app_code_refused"
    # twenty minutes later the app renews its session by itself, also when a service refuses it
    for ask in (app.session, partial(app.ask, "/booking/willow/requests")):
        live_portal.wait(21 * 60)
        assert ask()["account"] == document["account"]
    # an old refresh token ends the device, whoever sends it
    thief = EXAMPLE.PortalApp(live_portal.url, "willow")
    thief.refresh_token = app.refresh_token
    thief.renew()
    assert refusal(app.renew) == "refresh_token_reused"
    assert refusal(thief.renew) == "refresh_token_refused"
    assert refusal(app.ask, "/booking/willow/requests") == "refresh_token_refused"


def test_a_person_signs_the_app_in_by_pin(window: Window, app: Any, live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    window.go(app.begin())
    window.go("/willow/pin")
    window.page.locator("#email").fill(ANA)
    window.page.locator("#pin").fill(clinician.pin(clinician.client_with(ANA)))
    window.click("form button")
    address = continues(window)
    assert app.returned(address)["method"] == "pin"
    app.sign_out()
    window.go("/willow/devices")
    assert "No phone or tablet is signed in to the app." in window.page.content()


def test_a_person_signs_the_app_in_with_google_and_ends_the_device(window: Window, app: Any) -> None:
    window.go(app.begin())
    window.page.get_by_role("button", name="Continue with Google").click()
    window.page.get_by_role("button", name="Maria Gomez").click()
    window.page.wait_for_url("**/willow/app?**")
    address = continues(window)
    document = app.returned(address, "Maria's tablet")
    assert (document["method"], document["profile"]) == ("google", None)
    window.go("/willow/devices")
    window.page.set_viewport_size({"width": NARROW, "height": 600})
    assert window.page.evaluate("document.documentElement.scrollWidth") <= NARROW
    assert "Maria's tablet" in window.page.inner_text("main")
    window.click_button("Sign out this device")
    assert "Maria's tablet" not in window.page.inner_text("main")
    assert refusal(app.session) == "refresh_token_refused"


def test_what_is_stolen_late_or_ended_opens_nothing(window: Window, app: Any, live_portal: LivePortal) -> None:
    address = by_link(window, app)
    other, elsewhere = EXAMPLE.PortalApp(live_portal.url, "willow"), EXAMPLE.PortalApp(live_portal.url, "harbor")
    other.begin()
    # another app has another state, and another verifier
    with pytest.raises(ValueError, match="another sign-in"):
        other.returned(address)
    other.state = elsewhere.state = app.state
    elsewhere.verifier = app.verifier
    assert refusal(other.returned, address) == "app_code_refused"
    assert refusal(elsewhere.returned, address) == "app_code_refused"
    # the code on the page is the same grant, for a minute
    typed = window.page.locator("strong.typed").inner_text()
    assert refusal(other.typed, typed) == "app_code_refused"
    live_portal.wait(61)
    assert refusal(app.typed, typed) == "app_code_refused"
    # disabled in between
    window.go(app.begin())
    address = continues(window)
    clinician = live_portal.clinician()
    ended = clinician.request("DELETE", "/clients/{client}/sessions", client=clinician.client_with(ANA))
    assert ended.status == 204
    assert refusal(app.returned, address) == "app_code_refused"
    window.go(app.begin())
    assert window.heading == "Sign in to your Client Portal"
