"""Tests of support codes on pages (B145). A page shows a code only if a clinician or an operator finds
something by it.
"""

from collections.abc import Callable
from typing import Any

import pytest

from latchkey.rules.limits import OPEN_LINK_PER_SOURCE
from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Portal
from tests.kit.seed import change, use_up

MINUTE, DAY = 60, 86_400


@pytest.fixture
def path(browser: Browser) -> str:
    """Return the path of Ana's link, which `browser` requested."""
    return browser.link("ana@example.com")


def codes_of_events(portal: Portal, kind: str) -> list[str]:
    return [row["reference"]["S"] for row in portal.at_rest()["Events"] if row["kind"]["S"] == kind]


def shown_code(answer: HttpResponse) -> str:
    return answer.page.one("code").text


def test_a_press_of_a_dead_link_has_the_code_of_its_event(another: Browser, portal: Portal, path: str) -> None:
    """B130"""
    portal.now += DAY

    assert codes_of_events(portal, "link_refused") == []
    assert [shown_code(another.post(path))] == codes_of_events(portal, "link_refused")


@pytest.mark.parametrize("death", ["expired", "used", "replaced"])
def test_the_page_of_a_dead_link_has_the_code_of_its_letter(portal: Portal, path: str, death: str) -> None:
    """B130: opening the page adds no audit event."""
    (code_of_letter,) = codes_of_events(portal, "link_sent")
    match death:
        case "expired":
            portal.now += DAY
        case "used":
            portal.browser().post(path)
        case "replaced":
            portal.now += MINUTE + 1
            portal.browser().link("ana@example.com")
    events = portal.audit()

    for _ in range(3):
        answer = portal.browser().get(path)
        assert answer.status == 410
        assert shown_code(answer) == code_of_letter
    assert portal.audit() == events


def test_a_press_beyond_the_limit_of_events_has_the_code_of_the_letter(
    another: Browser, portal: Portal, path: str
) -> None:
    portal.now += DAY
    use_up(portal, OPEN_LINK_PER_SOURCE.limit, OPEN_LINK_PER_SOURCE.limit.max_count, "source", "link", "203.0.113.7")

    assert [shown_code(another.post(path))] == codes_of_events(portal, "link_sent")
    assert codes_of_events(portal, "link_refused") == []


def no_mail(portal: Portal) -> HttpResponse:
    change(portal, "willow", "ana@example.com", suppressed=True)
    return portal.browser().request_link("ana@example.com")


def too_many_links(portal: Portal) -> HttpResponse:
    for number in range(3):
        assert portal.browser(f"198.51.100.{number}").request_link("ana@example.com").status == 303
        portal.now += MINUTE + 1
    return portal.browser().request_link("ana@example.com")


def too_many_pins(portal: Portal) -> HttpResponse:
    for number in range(5):
        portal.browser(f"198.51.100.{number}").post("/willow/pin", {"email": "ana@example.com", "pin": "123456"})
    return portal.browser().post("/willow/pin", {"email": "ana@example.com", "pin": "123456"})


@pytest.mark.parametrize(
    ("refuse", "status", "kind"),
    [(no_mail, 422, "link_refused"), (too_many_links, 429, "limit_hit"), (too_many_pins, 429, "pin_locked")],
)
def test_a_refusal_in_the_audit_has_the_code_of_its_event(
    portal: Portal, refuse: Callable[[Portal], HttpResponse], status: int, kind: str
) -> None:
    answer = refuse(portal)

    assert answer.status == status
    assert [shown_code(answer)] == codes_of_events(portal, kind)


def too_many_of_a_source(portal: Portal) -> HttpResponse:
    browser = portal.browser()
    for number in range(5):
        browser.request_link(f"nobody{number}@example.com")
    return browser.request_link("ana@example.com")


def damaged_link(portal: Portal) -> HttpResponse:
    return portal.browser().get(portal.browser().link("ana@example.com")[:-4] + "AAAA")


def of_another_site(portal: Portal) -> HttpResponse:
    return portal.browser().send("POST", "/willow/sign-in", {"origin": "https://elsewhere.example"}, b"email=a%40b.ch")


REFUSALS: dict[str, tuple[Callable[[Portal], HttpResponse], int]] = {
    "a damaged link": (damaged_link, 404),
    "no page": (lambda portal: portal.browser().get("/willow/nothing-here"), 404),
    "no practice": (lambda portal: portal.browser().get("/no-such-practice"), 404),
    "a wrong method": (lambda portal: portal.browser().send("PUT", "/willow/pin", {}), 405),
    "a form of another site": (of_another_site, 403),
    "too many of a source": (too_many_of_a_source, 429),
}


@pytest.mark.parametrize(("refuse", "status"), REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_without_an_event_has_no_code(
    portal: Portal, refuse: Callable[[Portal], HttpResponse], status: int
) -> None:
    answer = refuse(portal)

    assert answer.status == status
    assert not answer.page.all("code")


def test_an_outage_has_the_code_that_the_operators_log_has(browser: Browser, portal: Portal) -> None:
    """B130"""
    portal.aws.refuse("GetItem", "ProvisionedThroughputExceededException")

    answer: Any = browser.get("/willow/sign-in")

    assert answer.status == 503
    assert f'"support_code": "{shown_code(answer)}"' in portal.log.getvalue()
