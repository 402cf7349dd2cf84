"""Tests of whole journeys: a PIN, an invitation, signing out, and forms of other sites."""

from tests.browser.chromium import Window
from tests.browser.foreign_site import webmail
from tests.browser.people import ANA, LUIS
from tests.kit.live_portal import LivePortal


def test_a_pin_from_the_phone_signs_in_without_typing_the_address_anew(live_portal: LivePortal, window: Window) -> None:
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


def test_a_double_click_on_send_link_sends_one_mail(live_portal: LivePortal, window: Window) -> None:
    window.go("/willow/sign-in")
    window.page.locator("#email").fill(ANA)
    window.page.get_by_role("button", name="Send link").dblclick()
    window.page.wait_for_url("**/sign-in/sent")
    window.go(live_portal.letter(ANA)["url"])

    assert len(live_portal.letters(ANA)) == 1
    assert window.path == "/willow/home"


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
