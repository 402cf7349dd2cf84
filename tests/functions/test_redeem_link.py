"""Tests of opening a link: GET shows the page, and the button consumes the link. Also tests of the four kinds of dead
links.
"""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from latchkey import tokens
from latchkey.rules.accounts import AccountKey, AccountStatus
from latchkey.rules.limits import OPEN_LINK_PER_NETWORK, OPEN_LINK_PER_SOURCE
from latchkey.rules.sessions import LiveSession
from latchkey.store import practices, sessions
from latchkey.store.proofs import Attempt, Proof
from tests.kit import caches, sam_template
from tests.kit.aws_faults import LOST, SLOW, Fault
from tests.kit.browser import App, Browser
from tests.kit.clock import NOON
from tests.kit.gateway_events import ORIGIN
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import WILLOW, a_job, body_of, change, key_of, put, use_up

MINUTE, HOUR, DAY = 60, 3600, 86_400


@pytest.fixture
def path(browser: Browser) -> str:
    """Return the path of Ana's link, which `browser` asked for."""
    return browser.link("ana@example.com")


def sessions_of(portal: Portal, address: str = "ana@example.com", practice: str = "willow") -> int:
    mine = tokens.base64url_encode(key_of(portal, practice, address))
    return list(sam_template.sessions_in(portal.at_rest()).values()).count(mine)


def ends(portal: Portal, address: str = "ana@example.com") -> list[str]:
    """Return the reasons of ended sessions from the audit of an address at Willow."""
    mine = f"willow#{tokens.base64url_encode(key_of(portal, 'willow', address))}"
    rows = [row for row in portal.at_rest()["Events"] if row["subject"]["S"] == mine]
    return [row["reason"]["S"] for row in rows if row["kind"]["S"] == "session_ended"]


# ── in the browser that asked ──


def test_the_browser_that_requested_it_is_signed_in_by_the_click_alone(
    browser: Browser, portal: Portal, path: str
) -> None:
    """B26, B27"""
    answer = browser.get(path)

    assert answer.location == "/willow/home"
    assert answer.cookie_values.keys() == {
        "__Host-session-willow",
        "__Host-browser-willow",
        "__Host-req-willow",
        "__Host-typed-willow",
    }
    assert answer.cookie_values["__Host-req-willow"] == answer.cookie_values["__Host-typed-willow"] == ""
    assert browser.is_signed_in()
    assert portal.audit()[-1] == ("session_started", None)


def test_someone_with_several_profiles_chooses_first(browser: Browser) -> None:
    """B103"""
    assert browser.sign_in("maria.gomez@gmail.com").location == "/willow/profiles"


def test_a_session_cookie_ends_with_the_browser_and_the_others_do_not(browser: Browser, path: str) -> None:
    (session,) = (cookie for cookie in browser.get(path).cookies if cookie.startswith("__Host-session-"))

    assert "Max-Age" not in session


def test_the_cookies_of_a_sign_in_are_small(browser: Browser, path: str) -> None:
    assert sum(map(len, browser.get(path).cookies)) < 500


def test_the_cookies_of_a_request_are_small_even_for_an_address_of_254_octets_and_padded_with_blanks(
    browser: Browser, portal: Portal
) -> None:
    max_length = f"{'a' * 64}@{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
    put(portal, WILLOW, max_length)

    for typed in ("ana@example.com", max_length, f"{' ' * 4000}lee@example.com{' ' * 3000}"):
        answer = browser.request_link(typed)
        assert answer.status == 303
        assert sum(len(f"{name}={value}") for name, value in answer.cookie_values.items()) < 500


@pytest.mark.parametrize(
    "hint",
    [
        {"sec-purpose": "prefetch"},
        {"sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
        {"purpose": "Prefetch"},
        {"x-purpose": "preview"},
        {"x-moz": "prefetch"},
    ],
    ids=str,
)
def test_a_browser_that_only_guesses_has_to_confirm(
    browser: Browser, portal: Portal, path: str, hint: dict[str, str]
) -> None:
    before = portal.at_rest()

    answer = browser.send("GET", path, hint)

    assert answer.status == 200
    assert answer.page.buttons == ["Sign in on this device"]
    assert portal.at_rest() == before
    assert browser.get(path).location == "/willow/home"


def test_asking_what_the_page_would_say_signs_nobody_in(browser: Browser, portal: Portal, path: str) -> None:
    before = portal.at_rest()

    assert browser.head(path).status == 200

    assert portal.at_rest() == before


# ── in any other browser ──


def test_any_other_browser_sees_the_masked_address_and_one_button(another: Browser, portal: Portal, path: str) -> None:
    page = another.get(path).page

    assert "You asked to sign in with a•••@example.com." in page.text
    assert page.buttons == ["Sign in on this device"]
    assert path.rpartition("/")[2] not in another.get(path).body

    assert another.post(path).location == "/willow/home"
    assert another.is_signed_in()
    assert sessions_of(portal) == 1


def test_a_browser_that_requested_another_link_has_to_press_the_button(another: Browser, path: str) -> None:
    another.post("/willow/sign-in", {"email": "lee@example.com"})

    assert another.get(path).page.buttons == ["Sign in on this device"]
    assert not another.is_signed_in()


def test_only_the_browser_that_opened_the_link_is_signed_in(browser: Browser, another: Browser, path: str) -> None:
    another.post(path)

    assert another.is_signed_in()
    assert not browser.is_signed_in()


def test_a_scanner_that_follows_links_consumes_and_writes_nothing(portal: Portal, path: str) -> None:
    """The tables are the same as before, and the person can still sign in."""
    before = portal.at_rest()
    scanner = portal.browser(source="198.51.100.9", user_agent="Scanner/1.0")

    for _ in range(50):
        assert scanner.get(path).status == 200
        assert scanner.head(path).status == 200
    assert scanner.get(path, accept="*/*").status == 200
    assert scanner.get(path, accept="application/json").document == {"status": "confirm", "email": "a•••@example.com"}
    assert scanner.get(path + "?utm_source=mail").status == 200

    assert portal.at_rest() == before
    assert portal.browser().post(path).location == "/willow/home"


def test_an_app_opens_a_link_and_learns_who_is_signed_in(app: App, browser: Browser) -> None:
    """B119, B132"""
    path = browser.link("maria.gomez@gmail.com")
    answer = app.post(path)

    assert answer.status == 200
    document = answer.document
    assert document.keys() == {
        "account", "profile", "profiles", "features", "signed_in_at", "expires_at", "method"
    }  # fmt: skip
    assert document["profile"] is None
    assert [profile["name"] for profile in document["profiles"]] == ["Maria Gomez", "Leo Gomez"]
    assert document["method"] == "link"
    assert (document["signed_in_at"], document["expires_at"]) == ("2026-03-03T12:00:00Z", "2026-03-03T12:20:00Z")
    assert app.is_signed_in()


def test_an_app_that_requested_it_opens_its_link_with_a_get_as_a_browser_does(app: App) -> None:
    path = app.link("ana@example.com")

    assert app.get(path).document["method"] == "link"
    assert app.is_signed_in()


def test_an_invitation_is_never_opened_by_a_click_alone(browser: Browser, portal: Portal) -> None:
    """B32, B51: not even in the browser that asked for a link, because a scanner may run there."""
    path = browser.link("sam@example.com")
    request = tokens.base64url_decode(path.rpartition("/")[2])
    assert request is not None
    sam = key_of(portal, "willow", "sam@example.com")
    job = a_job(sam, NOON + 1, job_id=request[17:33], kind="invitation")
    portal.now += 1
    assert portal.work(body_of(job)) == []

    invitation = portal.letters[-1].path
    page = browser.get(invitation).page
    assert page.heading == "Welcome to your Client Portal"
    assert sessions_of(portal, "sam@example.com") == 0
    assert browser.post(invitation).location == "/willow/home"


# ── dead links ──


def test_an_expired_link_says_so_and_carries_the_way_on(browser: Browser, another: Browser, portal: Portal) -> None:
    """B33, B37, B128"""
    path = browser.link("ana@example.com")
    portal.now += DAY - 1
    assert another.get(path).status == 200
    portal.now += 1

    for answer in (another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has expired"
        assert answer.page.buttons == ["Send link"]
        assert answer.page.one("form").attributes["action"] == "/willow/sign-in"
    assert portal.audit()[-1] == ("link_refused", "link_expired")
    assert another.request_link("ana@example.com").status == 303


def test_the_click_of_who_requested_it_a_day_ago_finds_the_link_expired(
    browser: Browser, portal: Portal, path: str
) -> None:
    portal.now += DAY

    assert browser.get(path).status == 410
    assert sessions_of(portal) == 0


def test_a_used_link_asks_for_the_address(browser: Browser, another: Browser, portal: Portal, path: str) -> None:
    """B34, B38"""
    browser.get(path)

    for answer in (another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has already been used"
        assert answer.page.buttons == ["Send link"]
    assert sessions_of(portal) == 1
    assert not another.is_signed_in()


def test_a_used_link_redirects_home_in_the_browser_that_it_signed_in(
    browser: Browser, portal: Portal, path: str
) -> None:
    """Opening a link twice is no error."""
    browser.get(path)

    assert browser.get(path).location == "/willow/home"
    assert browser.post(path).location == "/willow/home"
    assert browser.get(path, accept="application/json").document["method"] == "link"
    assert sessions_of(portal) == 1


def test_a_used_link_redirects_no_other_account_home(browser: Browser, another: Browser, path: str) -> None:
    browser.get(path)
    another.sign_in("lee@example.com")

    assert another.get(path).status == 410
    assert another.post(path).status == 410
    assert another.get("/willow/home").page.heading == "Welcome, Lee Park"


def test_a_used_link_redirects_nobody_home_after_sign_out(browser: Browser, path: str) -> None:
    browser.get(path)
    browser.post("/willow/sign-out")

    assert browser.get(path).status == 410


def test_an_older_link_says_that_there_is_a_newer_one_and_consumes_nothing(
    browser: Browser, another: Browser, portal: Portal, path: str
) -> None:
    """B35, B36"""
    portal.now += MINUTE
    newer = browser.link("ana@example.com")

    for answer in (another.get(path), another.post(path), browser.get(path)):
        assert answer.status == 410
        assert answer.page.heading == "There’s a newer link in your inbox"
    assert browser.get(newer).location == "/willow/home"


def test_an_app_learns_how_a_link_died(app: App, browser: Browser, portal: Portal) -> None:
    """B130"""
    older = browser.link("ana@example.com")
    portal.now += MINUTE
    newer = browser.link("ana@example.com")

    assert (app.post(older).status, app.post(older).code) == (410, "link_replaced")
    portal.browser().post(newer)
    assert (app.post(newer).status, app.post(newer).code) == (410, "link_used")
    assert (app.post(newer[:-1]).status, app.post(newer[:-1]).code) == (404, "link_unknown")
    portal.now += MINUTE
    last = browser.link("ana@example.com")
    portal.now += DAY
    assert (app.post(last).status, app.post(last).code) == (410, "link_expired")
    assert (app.get(last).status, app.get(last).code) == (410, "link_expired")


def test_a_dead_link_knows_the_address_only_in_the_browser_that_typed_it(
    browser: Browser, another: Browser, portal: Portal, path: str
) -> None:
    """B140: the browser shows the address for half an hour."""
    portal.now += MINUTE
    browser.link("ana@example.com")

    assert browser.get(path).page.one("input").attributes["value"] == "ana@example.com"
    assert another.get(path).page.one("input").attributes["value"] == ""
    portal.now += 30 * MINUTE - 1
    assert browser.get(path).page.one("input").attributes["value"] == "ana@example.com"
    portal.now += 1
    assert browser.get(path).page.one("input").attributes["value"] == ""


@pytest.mark.parametrize("end", [{"status": AccountStatus.DISABLED, "epoch": 2}, {"epoch": 2}])
def test_a_link_of_an_access_that_ended_has_expired(
    browser: Browser, another: Browser, portal: Portal, path: str, end: dict[str, Any]
) -> None:
    """B58, B62: even if access was reinstated since."""
    change(portal, "willow", "ana@example.com", **end)

    for answer in (browser.get(path), another.get(path), another.post(path)):
        assert answer.status == 410
        assert answer.page.heading == "This link has expired"
    assert sessions_of(portal) == 0


@pytest.mark.parametrize("press", [False, True])
def test_a_link_that_expires_while_it_is_opened_is_audited(
    browser: Browser, portal: Portal, path: str, monkeypatch: pytest.MonkeyPatch, press: bool
) -> None:
    """Another browser uses the link between the read and the write."""
    start, elsewhere = sessions.start, portal.browser()

    def overtaken(proof: Proof, attempt: Attempt) -> LiveSession:
        with monkeypatch.context() as fast:
            fast.setattr(sessions, "start", start)
            assert elsewhere.post(path).location == "/willow/home"
        return start(proof, attempt)

    monkeypatch.setattr(sessions, "start", overtaken)
    answer = browser.post(path) if press else browser.get(path)

    assert answer.status == 410
    assert portal.audit().count(("link_refused", "link_used")) == 1


def test_a_stack_can_have_a_shorter_link_lifetime(portal: Portal) -> None:
    portal.parameters["LinkHours"] = "2"
    browser = portal.browser()
    path = browser.link("ana@example.com")

    assert "works for 2 hours" in portal.letters[0].text
    portal.now += 2 * HOUR - 1
    assert browser.send("GET", path, {"purpose": "prefetch"}).status == 200
    portal.now += 1
    assert "works for 2 hours" in browser.get(path).page.text


# ── invalid links ──


def variants(path: str) -> dict[str, str]:
    """Return invalid paths that look like that of a link, by name."""
    folder, _, token = path.rpartition("/")
    flipped = token[:50] + token[50:].swapcase()
    return {
        "padded": f"{folder}/{token}=",
        "line feed": f"{folder}/{token}%0A",
        "full-width": folder + "/" + quote("".join(chr(ord(letter) + 0xFEE0) for letter in token)),
        "encoded twice": folder + "/" + quote(quote(token.replace(token[0], f"%{ord(token[0]):02X}", 1))),
        "case": f"{folder}/{flipped}",
        "shorter": f"{folder}/{token[:-1]}",
        "longer": f"{folder}/{token}A",
        "long": f"{folder}/{token * 20}",
        "null": f"{folder}/{token}%00",
        "bytes": f"{folder}/%FF%FE",
        "forged": f"{folder}/{tokens.base64url_encode(bytes([1]) + bytes(80))[:87]}",
        "blank": f"{folder}/%20",
    }


@pytest.mark.parametrize("name", variants("/x/" + "a" * 87))
def test_an_invalid_link_answers_404_and_consumes_nothing(
    browser: Browser, portal: Portal, path: str, name: str
) -> None:
    before = {table: items for table, items in portal.at_rest().items() if table != "Budgets"}
    target = variants(path)[name]

    for answer in (browser.get(target), browser.post(target), browser.get(target, accept="application/json")):
        assert answer.status == 404
    assert browser.get(target).page.heading == "This link doesn’t work"
    assert browser.head(target).status == 404

    assert {table: items for table, items in portal.at_rest().items() if table != "Budgets"} == before
    assert browser.get(path).location == "/willow/home"


def test_a_percent_encoded_letter_is_still_the_letter(browser: Browser, path: str) -> None:
    folder, _, token = path.rpartition("/")

    assert browser.get(f"{folder}/%{ord(token[0]):02X}{token[1:]}").location == "/willow/home"


def test_a_link_of_one_practice_is_unknown_at_another_and_still_opens_where_it_belongs(
    browser: Browser, portal: Portal
) -> None:
    """B7, B90: even if the same person is a client of both."""
    here, there = browser.link("ana@example.com"), browser.link("ana@example.com", "harbor")

    assert browser.get(here.replace("/willow/", "/harbor/")).status == 404
    assert browser.post(there.replace("/harbor/", "/willow/")).status == 404
    assert browser.get(here).location == "/willow/home"
    assert browser.get(there).location == "/harbor/home"
    assert (sessions_of(portal), sessions_of(portal, practice="harbor")) == (1, 1)


# ── browsers that are signed in ──


def test_a_link_of_another_account_asks_before_it_signs_anyone_out(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """A link that somebody sent must not sign the browser in to another account unnoticed."""
    browser.sign_in("lee@example.com")
    path = another.link("ana@example.com")
    before = portal.at_rest()

    for answer in (browser.get(path), browser.send("GET", path, {"purpose": "prefetch"})):
        assert answer.status == 200
        assert answer.page.heading == "Do you want to switch to another account?"
        assert "Lee Park is signed in here. The link you opened is for a•••@example.com" in answer.page.text
        assert answer.cookies == ()
    assert portal.at_rest() == before
    assert browser.post(path).page.heading == "Do you want to switch to another account?"
    for no in ("", "no", "YES", "yes please"):
        assert browser.post(path, {"switch": no}).page.heading == "Do you want to switch to another account?"
    assert browser.get("/willow/home").page.heading == "Welcome, Lee Park"
    assert sessions_of(portal) == 0

    assert browser.post(path, {"switch": "yes"}).location == "/willow/home"
    assert browser.get("/willow/home").page.heading == "Welcome, Ana Reyes"
    assert sessions_of(portal, "lee@example.com") == 0
    assert ends(portal, "lee@example.com") == ["replaced"]
    assert ends(portal) == []


def test_the_browser_that_requested_another_account_has_to_confirm_too(browser: Browser, portal: Portal) -> None:
    browser.sign_in("lee@example.com")
    browser.post("/willow/sign-in", {"email": "ana@example.com"})
    portal.deliver()

    assert browser.get(portal.letters[-1].path).page.heading == "Do you want to switch to another account?"


def test_an_app_has_to_confirm_before_it_switches(app: App, browser: Browser) -> None:
    app.sign_in("lee@example.com")
    path = browser.link("ana@example.com")

    answer = app.post(path)
    assert (answer.status, answer.code) == (409, "account_switch")
    assert app.post(path, {"switch": "no"}).status == 409
    assert app.post(path, {"switch": "yes"}).status == 200


def test_a_repeated_account_is_no_switch_and_leaves_one_session(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    browser.sign_in("ana@example.com")
    was = browser.cookies["__Host-session-willow"]
    portal.now += MINUTE
    path = another.link("ana@example.com")

    assert browser.get(path).page.buttons == ["Sign in on this device"]
    assert browser.post(path).location == "/willow/home"
    assert browser.cookies["__Host-session-willow"] != was
    assert sessions_of(portal) == 1
    assert ends(portal) == ["replaced"]


def test_a_session_that_was_put_into_the_browser_is_gone_and_never_reused(
    browser: Browser, another: Browser, portal: Portal
) -> None:
    """Session fixation, with an invented session and with a live one of the same account."""
    another.sign_in("ana@example.com")
    fixed = another.cookies["__Host-session-willow"]
    for planted in (
        tokens.new_session_cookie(AccountKey(bytes(16))),
        "AAAA",
        tokens.new_session_cookie(key_of(portal, "willow", "lee@example.com")),
        fixed,
    ):
        portal.now += 5 * MINUTE
        assert another.is_signed_in()
        path = browser.link("ana@example.com")
        browser.cookies["__Host-session-willow"] = planted
        assert browser.get(path).location == "/willow/home"
        assert browser.cookies["__Host-session-willow"] != planted
        browser.cookies.clear()

    assert not another.is_signed_in()
    assert (ends(portal), ends(portal, "lee@example.com")) == (["replaced"], [])


def test_a_session_that_was_over_already_does_not_end_once_more(browser: Browser, portal: Portal) -> None:
    browser.sign_in("ana@example.com")
    portal.now += 20 * MINUTE

    browser.sign_in("ana@example.com")

    assert sessions_of(portal) == 1
    assert ends(portal) == []


@pytest.mark.parametrize("page", ["/willow", "/willow/sign-in", "a link"])
def test_to_be_recognised_on_other_pages_keeps_nobody_signed_in(browser: Browser, portal: Portal, page: str) -> None:
    browser.sign_in("ana@example.com")
    path = portal.browser().link("lee@example.com") if page == "a link" else page
    portal.now += 19 * MINUTE
    before = portal.at_rest()

    for _ in range(2):
        browser.get(path)
        browser.head(path)

    assert portal.at_rest() == before
    portal.now += MINUTE
    assert not browser.is_signed_in()


def test_a_session_of_another_practice_is_left_alone(browser: Browser) -> None:
    browser.sign_in("ana@example.com", "harbor")
    browser.sign_in("lee@example.com", "willow")

    assert browser.is_signed_in("harbor")
    assert browser.is_signed_in("willow")


def test_ten_devices_and_the_eleventh_signs_the_first_out(portal: Portal) -> None:
    devices = [portal.browser(source=f"198.51.100.{number}") for number in range(11)]
    ana = key_of(portal, "willow", "ana@example.com")
    for device in devices:
        portal.now += MINUTE
        assert portal.work(body_of(a_job(ana, portal.now))) == []
        assert device.post(portal.letters[-1].path).location == "/willow/home"

    assert [device.is_signed_in() for device in devices] == [False] + [True] * 10
    assert ends(portal) == ["room"]


def test_devices_that_have_signed_out_push_nobody_out(portal: Portal) -> None:
    ana, stays = key_of(portal, "willow", "ana@example.com"), portal.browser()
    stays.sign_in("ana@example.com")
    for number in range(11):
        portal.now += MINUTE
        comes = portal.browser(source=f"198.51.100.{number}")
        assert portal.work(body_of(a_job(ana, portal.now))) == []
        comes.post(portal.letters[-1].path)
        comes.post("/willow/sign-out")
        assert stays.is_signed_in()

    assert ends(portal) == ["signed_out"] * 11


# ── rate limits, origin, outages ──


def test_thirty_presses_in_ten_minutes_from_one_source_of_what_proves_nothing(portal: Portal) -> None:
    for _ in range(30):
        assert portal.browser().post("/willow/link/AAAA").status == 404

    answer = portal.browser().post("/willow/link/AAAA")
    assert answer.status == 429
    assert answer.headers["retry-after"] == "600"
    assert portal.browser(source="198.51.100.1").post("/willow/link/AAAA").status == 404


@pytest.mark.parametrize("open_it", [Browser.get, Browser.post])
def test_requests_from_the_same_source_never_limit_a_valid_link(
    browser: Browser, portal: Portal, path: str, open_it: Callable[[Browser, str], HttpResponse]
) -> None:
    for _ in range(31):
        portal.browser().post("/willow/link/AAAA")

    assert open_it(browser, path).location == "/willow/home"


def test_a_dead_link_says_why_however_often_it_is_pressed_and_fills_no_audit(portal: Portal, path: str) -> None:
    portal.now += DAY
    for _ in range(35):
        assert portal.browser().post(path).status == 410

    assert portal.audit().count(("link_refused", "link_expired")) == 30


def test_looking_at_links_uses_no_rate_limit_up(browser: Browser, another: Browser, path: str) -> None:
    for _ in range(40):
        another.get(path)

    assert browser.get(path).location == "/willow/home"


def test_a_48_presses_ten_times_as_many_links_that_prove_nothing(portal: Portal, path: str) -> None:
    use_up(portal, OPEN_LINK_PER_NETWORK.limit, 299, "network", "link", "2001:db8:88::/48")
    assert portal.browser("2001:db8:88:1::1").post("/willow/link/AAAA").status == 404
    assert portal.browser("2001:db8:88:2::1").post("/willow/link/AAAA").status == 429
    assert portal.browser("2001:db8:89:1::1").post("/willow/link/AAAA").status == 404
    assert portal.browser("2001:db8:88:2::1").post(path).status == 303


def test_asking_for_links_and_opening_them_are_counted_apart(browser: Browser, portal: Portal, path: str) -> None:
    use_up(portal, OPEN_LINK_PER_SOURCE.limit, 30, "source", "link", "203.0.113.7")

    assert browser.post(path[:-4] + "AAAA").status == 429
    assert browser.request_link("lee@example.com").status == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "null", "sec-fetch-site": "same-origin"},
        {"origin": "https://evil.example"},
        {"origin": "https://portal.example.com.evil.example"},
        {"origin": "http://portal.example.com"},
        {"origin": "https://portal.example.com:8443"},
        {"origin": "https://portal.example.com,https://portal.example.com"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "", "sec-fetch-site": ""},
    ],
    ids=str,
)
def test_a_form_from_a_foreign_page_consumes_no_link(
    another: Browser, portal: Portal, path: str, headers: dict[str, str]
) -> None:
    before = portal.at_rest()

    answer = another.send(
        "POST", path, {"origin": "https://portal.example.com", "sec-fetch-site": "same-origin"} | headers
    )

    assert answer.status == 403
    assert answer.cookies == ()
    assert portal.at_rest() == before
    assert another.post(path).location == "/willow/home"


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/plain", b"switch=yes"),
        ("multipart/form-data; boundary=x", b"--x--"),
        ("application/x-www-form-urlencoded", b"switch=yes&switch=no"),
        ("application/x-www-form-urlencoded", b"switch=%FF"),
        ("application/json", b"{"),
        ("application/json", b'{"switch": ["yes"]}'),
    ],
)
def test_an_unreadable_form_consumes_no_link(
    another: Browser, portal: Portal, path: str, media: str, body: bytes
) -> None:
    answer = another.send(
        "POST", path, {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": media}, body
    )

    assert answer.status == 400
    assert sessions_of(portal) == 0
    assert another.post(path).location == "/willow/home"


@pytest.mark.parametrize("media", ["", "application/x-www-form-urlencoded", "application/json"])
def test_a_press_without_a_body_is_a_press(another: Browser, path: str, media: str) -> None:
    says = {"origin": ORIGIN, "sec-fetch-site": "same-origin", "content-type": media}

    assert another.send("POST", path, says).location == "/willow/home"


def test_with_too_little_time_left_nothing_is_consumed(browser: Browser, portal: Portal, path: str) -> None:
    """If Lambda ends the function in the middle, the link must still be valid."""
    portal.milliseconds = 4_999
    answer = browser.get(path)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "5"

    portal.milliseconds = 5_000
    assert browser.get(path).location == "/willow/home"


@pytest.mark.parametrize("operation", ["TransactWriteItems", "BatchGetItem", "GetItem"])
def test_when_the_store_does_not_answer_nothing_is_consumed(
    browser: Browser, portal: Portal, path: str, operation: str
) -> None:
    # the function has not cached the practice
    caches.empty(practices)
    portal.aws.refuse(operation, "InternalServerError", times=2)
    answer = browser.get(path)
    assert answer.status == 503
    assert "InternalServerError" not in answer.body
    assert answer.cookies == ()

    portal.aws.refuse(operation, "", times=0)
    assert browser.get(path).location == "/willow/home"


def test_a_sign_in_with_a_lost_response_keeps_its_session(browser: Browser, portal: Portal, path: str) -> None:
    portal.aws.drop_response("TransactWriteItems")

    assert browser.get(path).location == "/willow/home"
    assert browser.is_signed_in()
    assert sessions_of(portal) == 1


@pytest.mark.parametrize("last", [LOST, SLOW], ids=["done", "not done"])
def test_a_session_check_that_fails_is_no_dead_end(browser: Browser, portal: Portal, path: str, last: Fault) -> None:
    """Neither the commit nor any read after it gets a response."""
    heard: list[str] = []

    def cut_off(operation: str, _call: int) -> Fault | None:
        heard.append(operation)
        return last if operation == "TransactWriteItems" else SLOW if "TransactWriteItems" in heard else None

    with portal.aws.injecting(cut_off, lambda _seconds: None):
        answer = browser.get(path)
    assert answer.status == 503
    assert browser.is_signed_in() == (last is LOST)

    assert browser.get(path).location == "/willow/home"
    assert browser.is_signed_in()
    assert sessions_of(portal) == 1


def test_without_the_key_nobody_is_let_in_and_nothing_learns(portal: Portal, path: str) -> None:
    portal.start_cold()
    portal.aws.refuse("GetSecretValue", "AccessDeniedException", times=10)

    answer = portal.browser().post(path)

    assert answer.status == 503
    assert "Secret" not in answer.body
    portal.aws.refuse("GetSecretValue", "", times=0)
    assert portal.browser().post(path).status == 303
