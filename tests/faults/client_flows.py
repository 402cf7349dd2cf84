"""What clients do, and what they do next when it went wrong."""

from collections.abc import Callable
from typing import Any

from tests.faults.harness import AN_HOUR, ANA, MARIA, RETRY_SECONDS, TYPED, FlowStep, Harness
from tests.kit import gateway_events
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.seed import key_of

type Flow = Callable[[Harness], FlowStep]

LATER = 61
"""Seconds, after which asking again is no second press."""


def ask(scene: Harness) -> FlowStep:
    """Ask for a link on a browser that was never here."""
    browser = scene.browser()
    return FlowStep(lambda: browser.request_link(TYPED), lambda answer: gets_in_by_asking(scene, browser, answer))


def ask_from_a_known_browser(scene: Harness) -> FlowStep:
    """The browser has a lane of its own."""
    browser = scene.browser()
    browser.sign_in(ANA)
    browser.post("/willow/sign-out")
    scene.portal.now += AN_HOUR
    return FlowStep(lambda: browser.request_link(TYPED), lambda answer: gets_in_by_asking(scene, browser, answer))


def open_a_link(scene: Harness) -> FlowStep:
    """See the page that asks for a press."""
    path, browser = scene.browser().link(ANA), scene.browser()
    return FlowStep(
        lambda: browser.get(path),
        lambda _: goes_on_by_link(scene, browser, path),
        lambda: scene.state_of("Links") == "used",
        [path.rpartition("/")[2]],
    )


def open_with_button(scene: Harness) -> FlowStep:
    """Sign in with it."""
    act = open_a_link(scene)
    path = f"/willow/link/{act.secrets[0]}"
    browser = scene.browser()
    act.do, act.go_on = lambda: browser.post(path), lambda _: goes_on_by_link(scene, browser, path)
    return act


def sign_in_at_once(scene: Harness) -> FlowStep:
    """Open the link in the browser that asked for it."""
    browser = scene.browser()
    path = browser.link(ANA)
    return FlowStep(
        lambda: browser.get(path),
        lambda _: goes_on_by_link(scene, browser, path),
        lambda: scene.state_of("Links") == "used",
        [path.rpartition("/")[2]],
    )


def type_the_pin(scene: Harness) -> FlowStep:
    """The right one."""
    pin, browser = scene.portal.pin_for(key_of(scene.portal, "willow", ANA)), scene.browser()
    return FlowStep(
        lambda: type_pin(browser, pin),
        lambda _: goes_on_by_pin(scene, browser, pin),
        lambda: scene.state_of("Pins") == "used",
        [pin],
    )


def type_a_wrong_pin(scene: Harness) -> FlowStep:
    """Then the right one."""
    pin, browser = scene.portal.pin_for(key_of(scene.portal, "willow", ANA)), scene.browser()
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    return FlowStep(
        lambda: type_pin(browser, wrong),
        lambda _: goes_on_by_pin(scene, browser, pin),
        lambda: scene.state_of("Pins") == "used",
        [pin, wrong],
    )


def start_google_sign_in(scene: Harness) -> FlowStep:
    """Press the button."""
    browser = scene.browser()
    return FlowStep(lambda: browser.post("/willow/google"), lambda _: goes_on_by_google(scene, browser))


def return_first(scene: Harness) -> FlowStep:
    """The Google account is bound to the address."""
    browser = scene.browser()
    back = scene.provider.consented(browser.post("/willow/google").location)
    return FlowStep(
        lambda: browser.get(back),
        lambda _: goes_on_by_google(scene, browser),
        lambda: scene.state_of("States", "stage") == "used",
    )


def return_known(scene: Harness) -> FlowStep:
    """The Google account was bound before."""
    first = scene.browser()
    assert first.get(scene.provider.consented(first.post("/willow/google").location)).status == 303
    assert first.post("/willow/sign-out").status == 303
    (used,) = {item["state"]["S"] for item in scene.items("States")}
    scene.portal.now += AN_HOUR
    act = return_first(scene)
    act.consumed = lambda: scene.state_of("States", "stage", but=used) == "used"
    return act


def choose_a_profile(scene: Harness) -> FlowStep:
    """One of several."""
    browser = signed_in(scene, MARIA)

    def choose() -> HttpResponse:
        return browser.post("/willow/profiles", {"profile": "01KJTESTLEO000000000000000"})

    def go_on(_: Any) -> None:
        assert choose().status == 303
        assert browser.get("/willow/session").document["profile"] == "01KJTESTLEO000000000000000"

    return FlowStep(choose, go_on)


def go_home(scene: Harness) -> FlowStep:
    """The first page behind the door."""
    return shown(scene, "/willow/home")


def who_am_i(scene: Harness) -> FlowStep:
    """After some time, so that the session is touched."""
    return shown(scene, "/willow/session")


def shown(scene: Harness, path: str) -> FlowStep:
    """Look at something as someone who is signed in."""
    browser = signed_in(scene, ANA)

    def go_on(_: Any) -> None:
        assert browser.get(path).status == 200

    return FlowStep(lambda: browser.get(path), go_on)


def authorize(scene: Harness) -> FlowStep:
    """Another API asks."""
    browser = signed_in(scene, ANA)
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    sent = gateway_events.Sent("GET", "/willow/session", {"host": "portal.example.com", "cookie": cookies})

    def request() -> Any:
        event = gateway_events.event(sent, scene.portal.now * 1000)
        return scene.portal.invoke("Session", {**event, "type": "REQUEST"})

    def go_on(answer: Any) -> None:
        assert answer["isAuthorized"] in (True, False)
        assert request()["isAuthorized"] is True

    return FlowStep(request, go_on)


def sign_out(scene: Harness) -> FlowStep:
    """Leave, wherever the cookie has been copied to."""
    browser, copied = signed_in(scene, ANA), scene.browser()
    copied.cookies = dict(browser.cookies)

    def go_on(_: Any) -> None:
        assert browser.post("/willow/sign-out").status == 303
        assert not browser.is_signed_in()
        assert not copied.is_signed_in()

    return FlowStep(lambda: browser.post("/willow/sign-out"), go_on)


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


def signed_in(scene: Harness, address: str) -> Browser:
    """Someone's browser, some minutes after they have signed in."""
    browser = scene.browser()
    browser.sign_in(address)
    scene.portal.now += 180
    return browser


def gets_in_by_asking(scene: Harness, browser: Browser, answer: HttpResponse | None = None) -> None:
    """Whoever was promised a link gets one; whoever was not, or whose promise was an earlier press's, asks again."""
    path = scene.deliver()
    if answer is not None and answer.status in (202, 303):
        assert path, "a link was promised, and none is on its way"
    for pause in (RETRY_SECONDS, LATER, LATER):
        if path:
            break
        scene.portal.now += pause
        assert browser.request_link(ANA).status == 303
        path = scene.deliver()
    assert path, "whoever asks again gets no link"
    assert browser.post(path[-1]).status == 303
    assert browser.is_signed_in()


def goes_on_by_link(scene: Harness, browser: Browser, path: str) -> None:
    """The same link works, or says what to do next, and that works."""
    if browser.is_signed_in():
        return
    scene.portal.now += RETRY_SECONDS
    began = scene.sessions()
    answer = browser.post(path)
    if answer.status == 303:
        assert len(scene.sessions() - began) == 1
        assert browser.is_signed_in()
        return
    assert scene.twice, "one fault has cost the link"
    assert answer.status == 410, answer.status
    assert scene.sessions() == began
    assert any(button in answer.body for button in ("/willow/sign-in", "sign-in"))
    scene.portal.now += LATER
    assert browser.request_link(ANA).status == 303
    gets_in_by_asking(scene, browser)


def goes_on_by_pin(scene: Harness, browser: Browser, pin: str) -> None:
    """The same PIN works, or another that the practice makes does."""
    if browser.is_signed_in():
        return
    scene.portal.now += RETRY_SECONDS
    began = scene.sessions()
    answer = type_pin(browser, pin)
    if answer.status != 303:
        assert scene.twice, "one fault has cost the PIN"
        assert answer.status == 422, answer.status
        assert scene.sessions() == began
        assert type_pin(browser, scene.portal.pin_for(key_of(scene.portal, "willow", ANA))).status == 303
    assert browser.is_signed_in()


def goes_on_by_google(scene: Harness, browser: Browser) -> None:
    """Once more from the beginning."""
    if browser.is_signed_in():
        return
    scene.portal.now += RETRY_SECONDS
    assert browser.get(scene.provider.consented(browser.post("/willow/google").location)).status == 303
    assert browser.is_signed_in()


def type_pin(browser: Browser, pin: str, address: str = TYPED) -> HttpResponse:
    """Type the code."""
    return browser.post("/willow/pin", {"email": address, "pin": pin})
