"""Flows of clients, each with its continuation after a fault."""

from collections.abc import Callable
from typing import Any

from tests.faults.harness import AN_HOUR, ANA, MARIA, RETRY_SECONDS, TYPED, FlowStep, Harness
from tests.kit import gateway_events
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.seed import key_of

type Flow = Callable[[Harness], FlowStep]

LATER = 61
"""Seconds after which a request for a link is not refused as a repeat."""


def ask(harness: Harness) -> FlowStep:
    """Request a link in a new browser."""
    browser = harness.browser()
    return FlowStep(lambda: browser.request_link(TYPED), lambda answer: gets_in_by_asking(harness, browser, answer))


def ask_from_a_known_browser(harness: Harness) -> FlowStep:
    """Request a link in a known browser, which has a rate limit of its own."""
    browser = harness.browser()
    browser.sign_in(ANA)
    browser.post("/willow/sign-out")
    harness.portal.now += AN_HOUR
    return FlowStep(lambda: browser.request_link(TYPED), lambda answer: gets_in_by_asking(harness, browser, answer))


def open_a_link(harness: Harness) -> FlowStep:
    """Show the page with the button of a link."""
    path, browser = harness.browser().link(ANA), harness.browser()
    return FlowStep(
        lambda: browser.get(path),
        lambda _: goes_on_by_link(harness, browser, path),
        lambda: harness.state_of("Links") == "used",
        [path.rpartition("/")[2]],
    )


def open_with_button(harness: Harness) -> FlowStep:
    """Submit the form of a link."""
    act = open_a_link(harness)
    path = f"/willow/link/{act.secrets[0]}"
    browser = harness.browser()
    act.do, act.recover = lambda: browser.post(path), lambda _: goes_on_by_link(harness, browser, path)
    return act


def sign_in_at_once(harness: Harness) -> FlowStep:
    """Open the link in the browser that requested it."""
    browser = harness.browser()
    path = browser.link(ANA)
    return FlowStep(
        lambda: browser.get(path),
        lambda _: goes_on_by_link(harness, browser, path),
        lambda: harness.state_of("Links") == "used",
        [path.rpartition("/")[2]],
    )


def type_the_pin(harness: Harness) -> FlowStep:
    """Submit the right PIN."""
    pin, browser = harness.portal.pin_for(key_of(harness.portal, "willow", ANA)), harness.browser()
    return FlowStep(
        lambda: type_pin(browser, pin),
        lambda _: goes_on_by_pin(harness, browser, pin),
        lambda: harness.state_of("Pins") == "used",
        [pin],
    )


def type_a_wrong_pin(harness: Harness) -> FlowStep:
    """Submit a wrong PIN, and continue with the right one."""
    pin, browser = harness.portal.pin_for(key_of(harness.portal, "willow", ANA)), harness.browser()
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    return FlowStep(
        lambda: type_pin(browser, wrong),
        lambda _: goes_on_by_pin(harness, browser, pin),
        lambda: harness.state_of("Pins") == "used",
        [pin, wrong],
    )


def start_google_sign_in(harness: Harness) -> FlowStep:
    """Start sign-in with Google."""
    browser = harness.browser()
    return FlowStep(lambda: browser.post("/willow/google"), lambda _: goes_on_by_google(harness, browser))


def return_first(harness: Harness) -> FlowStep:
    """Return from Google for the first time, which links the identity."""
    browser = harness.browser()
    back = harness.provider.consented(browser.post("/willow/google").location)
    return FlowStep(
        lambda: browser.get(back),
        lambda _: goes_on_by_google(harness, browser),
        lambda: harness.state_of("States", "stage") == "used",
    )


def return_known(harness: Harness) -> FlowStep:
    """Return from Google with an identity that is already linked."""
    first = harness.browser()
    assert first.get(harness.provider.consented(first.post("/willow/google").location)).status == 303
    assert first.post("/willow/sign-out").status == 303
    (used,) = {item["state"]["S"] for item in harness.items("States")}
    harness.portal.now += AN_HOUR
    act = return_first(harness)
    act.consumed = lambda: harness.state_of("States", "stage", but=used) == "used"
    return act


def choose_a_profile(harness: Harness) -> FlowStep:
    """Choose one of several profiles."""
    browser = signed_in(harness, MARIA)

    def choose() -> HttpResponse:
        return browser.post("/willow/profiles", {"profile": "01KJTESTLEO000000000000000"})

    def recover(_: Any) -> None:
        assert choose().status == 303
        assert browser.get("/willow/session").document["profile"] == "01KJTESTLEO000000000000000"

    return FlowStep(choose, recover)


def go_home(harness: Harness) -> FlowStep:
    """Open the home page."""
    return shown(harness, "/willow/home")


def who_am_i(harness: Harness) -> FlowStep:
    """Read the session when its activity is due to be stored."""
    return shown(harness, "/willow/session")


def shown(harness: Harness, path: str) -> FlowStep:
    """Open a page as someone who is signed in."""
    browser = signed_in(harness, ANA)

    def recover(_: Any) -> None:
        assert browser.get(path).status == 200

    return FlowStep(lambda: browser.get(path), recover)


def authorize(harness: Harness) -> FlowStep:
    """Authorize a request of another API."""
    browser = signed_in(harness, ANA)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = gateway_events.Sent("GET", "/willow/session", {"host": "portal.example.com", "cookie": cookies})

    def request() -> Any:
        event = gateway_events.event(sent, harness.portal.now * 1000)
        return harness.portal.invoke("Session", {**event, "type": "REQUEST"})

    def recover(answer: Any) -> None:
        assert answer["isAuthorized"] in (True, False)
        assert request()["isAuthorized"] is True

    return FlowStep(request, recover)


def sign_out(harness: Harness) -> FlowStep:
    """Sign out. Copies of the cookie end too."""
    browser, copied = signed_in(harness, ANA), harness.browser()
    copied.cookies = dict(browser.cookies)

    def recover(_: Any) -> None:
        assert browser.post("/willow/sign-out").status == 303
        assert not browser.is_signed_in()
        assert not copied.is_signed_in()

    return FlowStep(lambda: browser.post("/willow/sign-out"), recover)


FLOWS: tuple[Flow, ...] = (
    ask,
    ask_from_a_known_browser,
    open_a_link,
    open_with_button,
    sign_in_at_once,
    type_the_pin,
    type_a_wrong_pin,
    start_google_sign_in,
    return_first,
    return_known,
    choose_a_profile,
    go_home,
    who_am_i,
    authorize,
    sign_out,
)


def signed_in(harness: Harness, address: str) -> Browser:
    """Return a browser that signed in three minutes ago."""
    browser = harness.browser()
    browser.sign_in(address)
    harness.portal.now += 180
    return browser


def gets_in_by_asking(harness: Harness, browser: Browser, answer: HttpResponse | None = None) -> None:
    """Sign in by the queued link, or request another. Fail if a confirmed request queued none."""
    path = harness.deliver()
    if answer is not None and answer.status in (202, 303):
        assert path, "the response confirmed a link, and no mail was sent"
    for pause in (RETRY_SECONDS, LATER, LATER):
        if path:
            break
        harness.portal.now += pause
        assert browser.request_link(ANA).status == 303
        path = harness.deliver()
    assert path, "another request gets no link"
    assert browser.post(path[-1]).status == 303
    assert browser.is_signed_in()


def goes_on_by_link(harness: Harness, browser: Browser, path: str) -> None:
    """Sign in by the same link. After two faults, sign in by a new one."""
    if browser.is_signed_in():
        return
    harness.portal.now += RETRY_SECONDS
    began = harness.sessions()
    answer = browser.post(path)
    if answer.status == 303:
        assert len(harness.sessions() - began) == 1
        assert browser.is_signed_in()
        return
    assert harness.has_two_faults, "one fault has cost the link"
    assert answer.status == 410, answer.status
    assert harness.sessions() == began
    assert any(button in answer.body for button in ("/willow/sign-in", "sign-in"))
    harness.portal.now += LATER
    assert browser.request_link(ANA).status == 303
    gets_in_by_asking(harness, browser)


def goes_on_by_pin(harness: Harness, browser: Browser, pin: str) -> None:
    """Sign in by the same PIN. After two faults, sign in by a new one."""
    if browser.is_signed_in():
        return
    harness.portal.now += RETRY_SECONDS
    began = harness.sessions()
    answer = type_pin(browser, pin)
    if answer.status != 303:
        assert harness.has_two_faults, "one fault has cost the PIN"
        assert answer.status == 422, answer.status
        assert harness.sessions() == began
        assert type_pin(browser, harness.portal.pin_for(key_of(harness.portal, "willow", ANA))).status == 303
    assert browser.is_signed_in()


def goes_on_by_google(harness: Harness, browser: Browser) -> None:
    """Sign in with Google from the start."""
    if browser.is_signed_in():
        return
    harness.portal.now += RETRY_SECONDS
    assert browser.get(harness.provider.consented(browser.post("/willow/google").location)).status == 303
    assert browser.is_signed_in()


def type_pin(browser: Browser, pin: str, address: str = TYPED) -> HttpResponse:
    """Submit an address and a PIN."""
    return browser.post("/willow/pin", {"email": address, "pin": pin})
