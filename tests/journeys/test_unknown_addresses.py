"""What a stranger learns by typing addresses, and what it costs them."""

import re

import pytest

from tests.kit.live_portal import Town
from tests.kit.visitors import Answer

ANA = "ana@example.com"
NOBODY = "eve@example.com"
"""As long as Ana's, and not on file anywhere."""


def test_a_practice_that_tells_says_so_and_what_to_do_next(town: Town) -> None:
    answer = town.browser().ask("willow", NOBODY)
    page = answer.page

    assert answer.status == 422
    assert page.title.startswith("Error: ")
    assert "We don’t have that email address on file" in page.text
    assert "try a different email address" in page.text
    assert page.links["(415) 555-0134"] == "tel:4155550134"
    assert page.one("input", name="email").attributes["value"] == NOBODY
    assert town.letters(NOBODY) == []
    assert town.app().ask("willow", NOBODY).code == "email_unknown"


def test_someone_whose_access_has_ended_is_told_the_same_as_a_stranger(town: Town) -> None:
    answers = [town.app().ask("willow", address) for address in (NOBODY, "robin@example.com")]

    assert [(answer.status, answer.body) for answer in answers] == [(422, answers[0].body)] * 2
    assert town.letters("robin@example.com") == []


@pytest.mark.parametrize(
    ("typed", "code", "words"),
    [
        ("", "email_invalid", "Enter your email address"),
        ("   ", "email_invalid", "Enter your email address"),
        ("ana", "email_invalid", "in the correct format"),
        ("ana@", "email_invalid", "in the correct format"),
        ("ana@example", "email_invalid", "in the correct format"),
        ("ana@ex ample.com", "email_invalid", "in the correct format"),
        ("ana@example.com, luis@example.com", "email_invalid", "in the correct format"),
        ("ana@example.com\r\nBcc: eve@evil.example", "email_invalid", "in the correct format"),
        ("Ana <ana@example.com>", "email_invalid", "in the correct format"),
        ("аna@example.com", "email_invalid", "in the correct format"),  # noqa: RUF001 - Cyrillic
        ("ana@ｅxample.com", "email_invalid", "in the correct format"),  # noqa: RUF001 - full width
        ("ana@example。com", "email_invalid", "in the correct format"),
        ("a" * 300 + "@example.com", "email_invalid", "in the correct format"),
        ("<script>alert(1)</script>", "email_invalid", "in the correct format"),
    ],
)
def test_what_is_no_address_is_said_to_be_none_and_shown_again(town: Town, typed: str, code: str, words: str) -> None:
    page = town.browser().ask("willow", typed)
    told = town.app().ask("willow", typed)

    assert (page.status, told.status, told.code) == (422, 422, code)
    assert words in page.page.text
    assert page.page.one("input", name="email").attributes["value"] == typed
    assert len(page.page.all("script")) == 0
    assert town.letters(ANA) == []


def facts(answer: Answer, typed: str) -> tuple[object, ...]:
    """All there is to an answer but the time, the support code, the typed address, and what cookies hold."""
    headers = [
        (name, None if name in {"Date", "retry-after"} else value)
        for name, value in answer.headers.items()
        if name != "Set-Cookie"
    ]
    cookies = {name: (len(kept.value), sorted(kept.items())) for name, kept in answer.cookies.items()}
    body = re.sub(r"<code>.*?</code>|\d+(?=}$)", "", answer.body.decode().replace(typed, "it"))
    return answer.status, headers, cookies, body


@pytest.mark.parametrize("unknown", [NOBODY, "eva@example.org"])
def test_a_practice_with_one_answer_gives_it_to_every_address(town: Town, unknown: str) -> None:
    answers: dict[str, list[tuple[object, ...]]] = {}
    for address in (ANA, unknown):
        browser, app = town.browser(), town.app()
        told = answers[address] = []
        for _ in range(4):
            told.append(facts(browser.ask("harbor", address), address))
            told.append(facts(browser.get("/harbor/sign-in/sent"), address))
            told.append(facts(app.ask("harbor", address), address))
            town.wait(70)

    assert answers[ANA] == answers[unknown]
    assert [told[0] for told in answers[ANA]] == [303, 200, 202] * 3 + [429, 200, 429]
    assert len(town.letters(ANA)) == 3
    assert town.letters(unknown) == []


def test_the_one_answer_promises_nothing_and_offers_both_next_steps(town: Town) -> None:
    browser = town.browser()
    page = browser.follow(browser.ask("harbor", NOBODY)).page

    assert f"If {NOBODY} is the one on file, a link is on its way." in page.text
    assert "try a different email address" in page.text
    assert "(206) 555-0187" in page.links
    assert page.links["Request a new link"] == "/harbor/sign-in"


def test_the_one_answer_is_just_as_open_to_those_without_access(town: Town) -> None:
    answers = [town.app().ask("harbor", address) for address in (ANA, NOBODY, "sofia@example.com")]

    assert {(answer.status, answer.body) for answer in answers} == {(202, b'{"status": "sent"}')}


def test_after_five_wrong_addresses_one_has_to_wait_as_long_as_is_said(town: Town) -> None:
    browser = town.browser()
    wrong = [browser.ask("willow", f"guess{number}@example.com").status for number in range(5)]
    told = browser.ask("willow", "guess5@example.com")
    wait = int(told.headers["retry-after"])
    over = town.now() + wait
    right = browser.ask("willow", ANA)
    town.wait_until(over - 3)
    early = browser.ask("willow", ANA)
    assert town.letters(ANA) == []
    town.wait_until(over)
    late = browser.ask("willow", ANA)

    assert wrong == [422] * 5
    assert (told.status, right.status, early.status, late.status) == (429, 429, 429, 303)
    assert 15 * 60 - 10 <= wait <= 15 * 60
    assert told.page.heading == "Please wait before you try again"
    assert "You can try again in 15 minutes." in told.page.text
    assert "(415) 555-0134" in told.page.links
    assert 1 <= int(early.headers["retry-after"]) <= 3
    assert town.letter(ANA)


def test_an_app_is_told_the_wait_in_seconds(town: Town) -> None:
    app = town.app()
    for number in range(5):
        app.ask("willow", f"guess{number}@example.com")
    told = app.ask("willow", NOBODY)

    assert (told.status, told.code) == (429, "wait")
    assert told.document["retry_after"] == int(told.headers["retry-after"])


def test_one_persons_wrong_addresses_stop_nobody_else(town: Town) -> None:
    link = town.link("willow", "luis@example.com")
    guesser = town.browser()
    for number in range(7):
        guesser.ask("willow", f"guess{number}@example.com")

    assert town.browser().ask("willow", ANA).status == 303
    assert guesser.press(link).location == "/willow/home", "a live link works all the same"


def test_where_every_address_gets_one_answer_none_is_counted_as_wrong(town: Town) -> None:
    browser = town.browser()
    answers = [browser.ask("harbor", f"guess{number}@example.com").status for number in range(6)]

    assert answers == [303] * 6
    assert browser.ask("willow", NOBODY).status == 422
