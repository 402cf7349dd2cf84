"""Steps in a browser that lead to each page of the portal, by name."""

from collections.abc import Callable

from latchkey import pages, tokens
from latchkey.http.responses import security_headers
from latchkey.pages import PageContext
from latchkey.rules.languages import Language
from tests.browser.chromium import Window
from tests.browser.foreign_site import webmail
from tests.browser.people import ANA, LUIS, MARIA
from tests.kit.live_portal import DAY
from tests.kit.seed import WILLOW

NOBODY = "nobody@example.com"


def _at(path: str) -> Callable[[Window], object]:
    return lambda window: window.go(path)


def _requested(practice: str, address: str, times: int = 1) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        for _ in range(times):
            window.request_link(practice, address)

    return go


def _inside(path: str, address: str = ANA) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        window.become(window.live_portal.signed_in(address))
        window.go(path)

    return go


def _invited(window: Window) -> None:
    language = window.page.evaluate("navigator.language").partition("-")[0]
    window.go(window.live_portal.letter(window.live_portal.fresh_client(language=language))["url"])


def _first_sign_in(window: Window) -> None:
    _invited(window)
    window.click("form button")


def _one_of_several(window: Window) -> None:
    _inside("/willow/profiles", MARIA)(window)
    window.click(".profiles button >> nth=1")


def _another_profile(window: Window) -> None:
    _one_of_several(window)
    window.go("/willow/profiles")


def _idle(window: Window) -> None:
    _inside("/willow/home")(window)
    window.live_portal.wait(20 * 60)
    window.go("/willow/home")


def _signed_out(window: Window) -> None:
    _inside("/willow/home")(window)
    window.click("form[action$='/sign-out'] button")


def _switch(window: Window) -> None:
    _inside("/willow/home")(window)
    window.go(window.live_portal.link(LUIS))


def _switch_by_pin(window: Window) -> None:
    _inside("/willow/home")(window)
    _pin(LUIS, "123456")(window)


def _sent_long_ago(practice: str) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        window.request_link(practice, ANA)
        window.live_portal.wait(30 * 60)
        window.go(f"/{practice}/sign-in/sent")

    return go


def _used_elsewhere(window: Window) -> None:
    window.request_link("willow", ANA)
    window.live_portal.browser().post(window.live_portal.letter(ANA)["url"])
    window.go("/willow/sign-in/sent")


def _expired(window: Window) -> None:
    link = window.live_portal.link(ANA)
    window.live_portal.wait(DAY)
    window.go(link)


def _used(window: Window) -> None:
    link = window.live_portal.link(ANA)
    window.live_portal.browser().post(link)
    window.go(link)


def _replaced(window: Window) -> None:
    window.request_link("willow", ANA)
    link = window.live_portal.letter(ANA)["url"]
    window.live_portal.wait(61)
    window.live_portal.link(ANA)
    window.go(link)


def _wait(window: Window) -> None:
    for number in range(6):
        window.request_link("willow", f"guess{number}@example.com")


def _wait_with_a_link(window: Window) -> None:
    for _ in range(3):
        window.request_link("willow", ANA)
        window.live_portal.wait(61)
    window.request_link("willow", ANA)


def _minor(window: Window) -> None:
    _inside("/willow/profiles", MARIA)(window)
    window.click(".profiles button >> nth=2")


def _app_asks(window: Window) -> None:
    _inside(f"/willow/app?challenge={tokens.s256(tokens.random_secret())}&state=state")(window)


def _app_returns(window: Window) -> None:
    _app_asks(window)
    window.click("form button")


def _app_refused(window: Window) -> None:
    verifier = tokens.random_secret()
    _inside(f"/willow/app?challenge={tokens.s256(verifier)}&state=state")(window)
    window.click("form button")
    code = window.page.url.partition("code=")[2].partition("&")[0]
    app = window.live_portal.app()
    assert app.post("/willow/app/session", {"code": code, "verifier": verifier, "device": "Ana’s phone"}).status == 200
    window.go(f"/willow/app?challenge={tokens.s256(verifier)}&state=state")
    window.click("form button")


def _devices(window: Window) -> None:
    _app_refused(window)
    window.go("/willow/devices")


def _cleared(window: Window) -> None:
    window.request_link("willow", ANA)
    window.click("form.clear button")


def _folded_out(window: Window) -> None:
    _replaced(window)
    window.page.locator("summary").click()


def _forged(window: Window) -> None:
    form = f'<form method="post" action="{window.live_portal.url}/willow/sign-in"><button>Go</button></form>'
    with webmail(form) as elsewhere:
        window.go(elsewhere)
        window.click("button")


def _too_large(window: Window) -> None:
    window.go("/willow/sign-in")
    window.page.locator("#email").evaluate("(field, text) => { field.value = text }", "x" * 9000)
    window.click("form button")


def _pin(email: str, pin: str, before: int = 0) -> Callable[[Window], None]:
    def go(window: Window) -> None:
        for _ in range(before):
            window.live_portal.app().post("/willow/pin", {"email": email, "pin": pin})
        window.go("/willow/pin")
        window.page.locator("#email").fill(email)
        window.page.locator("#pin").fill(pin)
        window.click("form button")

    return go


def _shown(write: Callable[[PageContext], str], status: int = 200) -> Callable[[Window], None]:
    """Return a step that shows a page which visitors cannot reach on purpose, with the portal's headers."""

    def go(window: Window) -> None:
        language: Language = "en" if window.go("/willow").get_by_role("link", name="Español").count() else "es"
        html = write(PageContext(WILLOW, language, support_code="K7M-4QX"))
        window.page.route(
            "**/shown",
            lambda route: route.fulfill(
                status=status, body=html, headers={**security_headers(None), "content-type": "text/html; charset=utf-8"}
            ),
        )
        window.go("/willow/shown")

    return go


SCENES: dict[str, Callable[[Window], object]] = {
    "landing": _at("/willow"),
    "landing-of-a-website": _at("/harbor"),
    "landing-signed-in": _inside("/willow"),
    "guide": _at("/willow/guide"),
    "handout": _at("/willow/handout"),
    "new-client": _at("/willow/new-client"),
    "new-client-of-a-website": _at("/harbor/new-client"),
    "sign-in": _at("/willow/sign-in"),
    "sign-in-empty": _requested("willow", ""),
    "sign-in-no-address": _requested("willow", "ana@example"),
    "sign-in-no-at": _requested("willow", "ana"),
    "sign-in-mistyped": _requested("willow", "ana@gmial.com"),
    "sign-in-cleared": _cleared,
    "sign-in-prefilled": lambda window: (_requested("willow", ANA)(window), window.go("/willow/sign-in")),
    "sign-in-unknown": _requested("willow", NOBODY),
    "sign-in-no-mail": _requested("willow", "jo@example.com"),
    "sign-in-after-silence": _idle,
    "sent": _requested("willow", ANA),
    "sent-long-address": _requested(
        "harbor", "a.very.long.address.that.goes.on.and.on.and.on.and.on@a-long.example.com"
    ),
    "sent-again": _requested("willow", ANA, times=2),
    "sent-one-answer": _requested("harbor", NOBODY),
    "sent-one-answer-again": _requested("harbor", NOBODY, times=2),
    "sent-long-ago": _sent_long_ago("willow"),
    "sent-one-answer-long-ago": _sent_long_ago("harbor"),
    "sent-and-used-elsewhere": _used_elsewhere,
    "tips": _at("/willow/help"),
    "confirm": lambda window: window.go(window.live_portal.link(ANA)),
    "confirm-invitation": _invited,
    "switch": _switch,
    "switch-by-pin": _switch_by_pin,
    "link-expired": _expired,
    "link-used": _used,
    "link-replaced": _replaced,
    "link-replaced-folded-out": _folded_out,
    "link-unknown": _at("/willow/link/nothing"),
    "wait": _wait,
    "wait-with-a-link": _wait_with_a_link,
    "profiles": _inside("/willow/profiles", MARIA),
    "profiles-again": _another_profile,
    "home": _inside("/willow/home"),
    "home-first-visit": _first_sign_in,
    "home-of-several": _one_of_several,
    "home-of-a-minor": _minor,
    "signed-out": _signed_out,
    "app-asks": _app_asks,
    "app-returns": _app_returns,
    "app-refused": _app_refused,
    "devices": _devices,
    "pin": _at("/willow/pin"),
    "pin-empty": _pin(ANA, ""),
    "pin-too-short": _pin(ANA, "12345"),
    "pin-no-address": _pin("ana", "123456"),
    "pin-refused": _pin(ANA, "123456"),
    "pin-locked": _pin(ANA, "123456", before=5),
    "missing": _at("/willow/nothing/here"),
    "start": _at("/"),
    "missing-practice": _at("/oak/sign-in"),
    "not-allowed": _at("/willow/sign-out"),
    "unreadable": _at("/willow?lang=en&lang=es"),
    "too-large": _too_large,
    "forged-form": _forged,
    "unavailable": _shown(pages.unavailable, 503),
    "failed": _shown(pages.internal_error, 500),
}
