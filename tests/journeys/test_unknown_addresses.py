"""Tests of responses to unknown addresses, and of their rate limits."""

import re

import pytest

from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal

ANA = "ana@example.com"
NOBODY = "eve@example.com"
"""An unknown address of the same length as Ana's."""


def test_a_practice_that_tells_says_so_and_what_to_do_next(live_portal: LivePortal) -> None:
    answer = live_portal.browser().request_link(NOBODY)
    page = answer.page

    assert answer.status == 422
    assert page.title.startswith("Error: ")
    assert "We don’t have that email address on file" in page.text
    assert "try a different email address" in page.text
    assert page.links["(415) 555-0134"] == "tel:4155550134"
    assert page.one("input", name="email").attributes["value"] == NOBODY
    assert live_portal.letters(NOBODY) == []
    assert live_portal.app().request_link(NOBODY).code == "email_unknown"


def test_someone_without_access_learns_the_same_as_a_stranger(live_portal: LivePortal) -> None:
    strange, known = (facts(live_portal.app().request_link(it), it) for it in (NOBODY, "robin@example.com"))

    assert strange == known
    assert strange[0] == 422
    assert live_portal.letters("robin@example.com") == []


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("", "email_invalid", "Enter your email address"),
        ("   ", "email_invalid", "Enter your email address"),
        ("ana", "email_invalid", "like name@example.com"),
        ("ana@", "email_invalid", "like name@example.com"),
        ("ana@example", "email_invalid", "like name@example.com"),
        ("ana@ex ample.com", "email_invalid", "An email address has no spaces."),
        ("ana@example.com, luis@example.com", "email_invalid", "An email address has no spaces."),
        ("ana@example.com\r\nBcc: eve@evil.example", "email_invalid", "An email address has no spaces."),
        ("Ana <ana@example.com>", "email_invalid", "An email address has no spaces."),
        ("аna@example.com", "email_invalid", "like name@example.com"),  # noqa: RUF001 - Cyrillic
        ("ana@ｅxample.com", "email_invalid", "like name@example.com"),  # noqa: RUF001 - full width
        ("ana@example。com", "email_invalid", "like name@example.com"),
        ("a" * 300 + "@example.com", "email_invalid", "like name@example.com"),
        ("<script>alert(1)</script>", "email_invalid", "like name@example.com"),
    ],
)
def test_an_invalid_address_is_reported_and_redisplayed(
    live_portal: LivePortal, typed: str, code: str, words: str
) -> None:
    page = live_portal.browser().request_link(typed)
    response = live_portal.app().request_link(typed)

    assert (page.status, response.status, response.code) == (422, 422, code)
    assert page.page.title.startswith("Error: ")
    assert words in page.page.text
    assert page.page.one("input", name="email").attributes["value"] == typed
    assert len(page.page.all("script")) == 0
    assert live_portal.letters(ANA) == []


def facts(answer: HttpResponse, typed: str) -> tuple[object, ...]:
    """Return a response without the time, the support code, the typed address and the values of cookies."""
    headers = [(name, None if name in {"date", "retry-after"} else value) for name, value in answer.headers.items()]
    cookies = {name: (len(stored.value), sorted(stored.items())) for name, stored in answer.morsels.items()}
    body = answer.body.replace(typed, "it").replace(f'"{typed.rpartition("@")[2]}"', "its domain")
    in_json = r'(?<="retry_after": )\d+|(?<="support_code": )"[^"]*"'
    body = re.sub(rf"{in_json}|<code>.*?</code>|\d+:\d\d [AP]M|datetime=\"[^\"]*\"", "", body)
    return answer.status, headers, cookies, body


@pytest.mark.parametrize("unknown", [NOBODY, "eva@example.org"])
def test_a_practice_with_one_answer_gives_it_to_every_address(live_portal: LivePortal, unknown: str) -> None:
    answers: dict[str, list[tuple[object, ...]]] = {}
    for address in (ANA, unknown):
        browser, app = live_portal.browser(), live_portal.app()
        response = answers[address] = []
        for _ in range(4):
            response.append(facts(browser.request_link(address, "harbor"), address))
            response.append(facts(browser.get("/harbor/sign-in/sent"), address))
            response.append(facts(app.request_link(address, "harbor"), address))
            live_portal.wait(70)

    assert answers[ANA] == answers[unknown]
    assert [response[0] for response in answers[ANA]] == [303, 200, 202] * 3 + [429, 200, 429]
    assert len(live_portal.letters(ANA)) == 3
    assert live_portal.letters(unknown) == []


def test_the_one_answer_confirms_no_address_and_offers_both_next_steps(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    page = browser.follow(browser.request_link(NOBODY, "harbor")).page

    assert f"If {NOBODY} is the address that Harbor Family Counseling has for you, you will get an email" in page.text
    assert "try a different email address" in page.text
    assert "(206) 555-0187" in page.links
    assert "Send again" in page.buttons


def test_the_one_answer_is_just_as_open_to_those_without_access(live_portal: LivePortal) -> None:
    answers = [live_portal.app().request_link(address, "harbor") for address in (ANA, NOBODY, "sofia@example.com")]

    assert {(answer.status, answer.body) for answer in answers} == {(202, '{"status": "sent"}')}


def test_after_five_wrong_addresses_one_has_to_wait_for_the_reported_time(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    wrong = [browser.request_link(f"guess{number}@example.com").status for number in range(5)]
    response = browser.request_link("guess5@example.com")
    wait = int(response.headers["retry-after"])
    over = live_portal.now() + wait
    right = browser.request_link(ANA)
    live_portal.wait_until(over - 3)
    early = browser.request_link(ANA)
    assert live_portal.letters(ANA) == []
    live_portal.wait_until(over)
    late = browser.request_link(ANA)

    assert wrong == [422] * 5
    assert (response.status, right.status, early.status, late.status) == (429, 429, 429, 303)
    assert 15 * 60 - 10 <= wait <= 15 * 60
    assert response.page.heading == "Please wait a little"
    assert ", in 15 minutes." in response.page.text
    assert "(415) 555-0134" in response.page.links
    assert 1 <= int(early.headers["retry-after"]) <= 3
    assert live_portal.letter(ANA)


def test_an_app_learns_the_wait_in_seconds(live_portal: LivePortal) -> None:
    app = live_portal.app()
    for number in range(5):
        app.request_link(f"guess{number}@example.com")
    response = app.request_link(NOBODY)

    assert (response.status, response.code) == (429, "wait")
    assert response.document["retry_after"] == int(response.headers["retry-after"])


def test_one_persons_wrong_addresses_stop_nobody_else(live_portal: LivePortal) -> None:
    link = live_portal.link("luis@example.com")
    guesser = live_portal.browser()
    for number in range(7):
        guesser.request_link(f"guess{number}@example.com")

    assert live_portal.browser().request_link(ANA).status == 303
    assert guesser.post(link).location == "/willow/home", "a live link works all the same"


def test_where_every_address_gets_one_answer_none_is_counted_as_wrong(live_portal: LivePortal) -> None:
    browser = live_portal.browser()
    answers = [browser.request_link(f"guess{number}@example.com", "harbor").status for number in range(6)]

    assert answers == [303] * 6
    assert browser.request_link(NOBODY).status == 422
