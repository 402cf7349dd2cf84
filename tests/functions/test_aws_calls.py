"""Calls to AWS of each sign-in flow, in order. An additional call fails a test.

Functions are warm: keys and the practice's settings are cached. DynamoDB counts a write for each `Update`, `Put` and
`Delete`, even if it is refused. It counts two for each item of a transaction.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest

from latchkey.identity import oidc
from latchkey.rules.addresses import CanonicalAddress
from latchkey.rules.identities import ProviderIdentity
from tests.kit import gateway_events, sam_template
from tests.kit.browser import Browser
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal
from tests.kit.seed import change, key_of

ANA = "ana@example.com"
MINUTE, HOUR = 60, 3600

ASK = ["Update Budgets", "Get Accounts", "Update Budgets", "Update Budgets", "Put Events", "SendMessage"]
"""Rate limit of the source, the account, rate limits of the address and of the practice, audit event, mail job."""
JOB = ["Get Accounts", "Update Links", "SendEmail", "Update Accounts", "Put Events"]
LOOK = ["BatchGet"]
CONSUME_LINK = ["TransactWrite Events Links"]
CHECK = ["BatchGet"]
PIN = ["Update Budgets"] * 3 + ["Update Pins", "BatchGet"]
"""Rate limits of the source, the address and the practice, and the PIN's guesses. All are counted before the PINs are
compared.
"""


@pytest.fixture(autouse=True)
def warm(portal: Portal) -> None:
    """Warm the caches: Lee signs in by PIN two hours ago, and by link just now, from another source."""
    portal.parameters["PracticeCacheSeconds"] = "300"
    portal.now -= 2 * HOUR
    pin = portal.pin_for(key_of(portal, "willow", "lee@example.com"))
    portal.browser("198.51.100.9").post("/willow/pin", {"email": "lee@example.com", "pin": pin})
    portal.now += 2 * HOUR
    portal.browser("198.51.100.9").sign_in("lee@example.com")


def calls(portal: Portal, act: Callable[[], Any]) -> list[str]:
    """Return the calls to AWS of this flow, in order."""
    before = len(portal.aws.calls)
    act()
    return portal.aws.summary(before)


# ── by link ──


def test_a_link_is_requested_with_four_writes_one_read_and_one_message(portal: Portal, browser: Browser) -> None:
    assert calls(portal, lambda: browser.request_link(ANA)) == ASK


def test_a_second_request_only_reads_the_limits(portal: Portal, browser: Browser) -> None:
    """DynamoDB refuses the first writes, because a window is open."""
    browser.request_link(ANA)
    portal.now += MINUTE
    repeated = ["Update Budgets", "Update Budgets", *ASK[1:3], "Get Budgets", *ASK[2:]]
    assert calls(portal, lambda: browser.request_link(ANA)) == repeated


def test_an_unknown_address_is_counted_where_it_comes_from(portal: Portal, browser: Browser) -> None:
    unknown = ["Update Budgets", "Get Accounts", "Update Budgets", "Update Budgets", "Get Budgets", "Update Budgets"]
    assert calls(portal, lambda: browser.request_link("nobody@example.com")) == [*unknown, "Put Events"]


def test_a_first_mail_takes_one_read_and_three_writes(portal: Portal, browser: Browser) -> None:
    browser.request_link(ANA)
    assert calls(portal, portal.deliver) == JOB


def test_a_mail_after_one_that_was_delivered_takes_one_read_and_two_writes(portal: Portal, browser: Browser) -> None:
    browser.request_link(ANA)
    portal.deliver()
    tags = {tag["Name"]: [tag["Value"]] for tag in portal.letters[-1].arguments["EmailTags"]}
    portal.handle_event(
        "MailEvents", {"detail": {"eventType": "Delivery", "mail": {"messageId": "0100", "tags": tags}}}
    )
    portal.now += 2 * HOUR
    browser.request_link(ANA)
    assert calls(portal, portal.deliver) == [call for call in JOB if call != "Update Accounts"]


def test_the_browser_that_requested_it_opens_with_one_read_and_one_transaction(
    portal: Portal, browser: Browser
) -> None:
    path = browser.link(ANA)
    assert calls(portal, lambda: browser.get(path)) == [*LOOK, *CONSUME_LINK]


def test_another_browser_shows_a_link_with_one_read_and_opens_it_with_two_more_calls(
    portal: Portal, browser: Browser, another: Browser
) -> None:
    path = browser.link(ANA)
    assert calls(portal, lambda: another.get(path)) == LOOK
    assert calls(portal, lambda: another.post(path)) == [*LOOK, *CONSUME_LINK]


def test_an_invalid_link_takes_one_read_to_show_and_two_writes_to_submit(
    portal: Portal, browser: Browser, another: Browser
) -> None:
    """The first write counts the attempt, and the second is the audit event."""
    path = browser.link(ANA)
    browser.get(path)
    another.source = "198.51.100.10"
    assert calls(portal, lambda: another.get(path)) == LOOK
    assert calls(portal, lambda: another.post(path)) == [*LOOK, "Update Budgets", "Put Events"]


def test_a_forged_link_is_counted_and_never_looked_for(portal: Portal, browser: Browser) -> None:
    path = browser.link(ANA)[:-4] + "AAAA"
    browser.cookies.clear()
    assert calls(portal, lambda: browser.get(path)) == []
    assert calls(portal, lambda: browser.post(path)) == ["Update Budgets"]


# ── by PIN ──


def test_a_right_pin_is_counted_as_wrong_until_it_is_known_for_right(portal: Portal, browser: Browser) -> None:
    pin = portal.pin_for(key_of(portal, "willow", ANA))
    given_back = ["Update Budgets"] * 3
    consumed = ["TransactWrite Events Links Pins"]
    assert calls(portal, lambda: browser.post("/willow/pin", {"email": ANA, "pin": pin})) == [
        *PIN,
        *consumed,
        *given_back,
    ]


@pytest.mark.parametrize(
    ("email", "found"),
    [(ANA, PIN), ("nobody@example.com", [*PIN[:-1], "Get Pins"])],
    ids=["wrong", "where there is none"],
)
def test_a_wrong_pin_is_written_down(portal: Portal, browser: Browser, email: str, found: list[str]) -> None:
    pin = portal.pin_for(key_of(portal, "willow", ANA))
    wrong = f"{(int(pin) + 1) % 10**6:06d}"
    assert calls(portal, lambda: browser.post("/willow/pin", {"email": email, "pin": wrong})) == [*found, "Put Events"]


# ── by Google ──


def test_google_takes_two_writes_to_start_and_two_and_a_transaction_to_return(
    portal: Portal, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    portal.parameters["GoogleClientId"] = "client"
    change(portal, "willow", "maria.gomez@gmail.com", identities={})
    monkeypatch.setattr(
        oidc, "fetch_identity", lambda *_: ProviderIdentity("subject", CanonicalAddress("maria.gomez@gmail.com"))
    )
    returned: dict[str, Any] = {}

    def start_google() -> None:
        lines = {"host": "portal.example.com", "origin": ORIGIN, "content-type": "application/x-www-form-urlencoded"}
        sent = gateway_events.Sent("POST", "/willow/google", lines, b"", browser.source)
        returned.update(portal.invoke("GoogleCallback", gateway_events.event(sent, portal.now * 1000)))

    def return_from_google() -> None:
        state = returned["headers"]["location"].partition("state=")[2].partition("&")[0]
        lines = {
            "host": "portal.example.com",
            "cookie": "; ".join(cookie.partition(";")[0] for cookie in returned["cookies"]),
        }
        sent = gateway_events.Sent("GET", f"/google/callback?state={state}&code=code", lines, b"", browser.source)
        answer = portal.invoke("GoogleCallback", gateway_events.event(sent, portal.now * 1000))
        assert answer["headers"]["location"] == "/willow/profiles", answer

    start_google()
    browser.source = "198.51.100.10"
    assert calls(portal, start_google) == ["Update Budgets", "Put States"]
    assert calls(portal, return_from_google) == [
        "GetSecretValue",
        "Update States",
        "BatchGet",
        "TransactWrite Accounts Events Links States",
    ]


# ── signed in ──


def test_a_session_is_checked_in_one_call_and_touched_once_a_minute(portal: Portal, browser: Browser) -> None:
    browser.sign_in(ANA)
    browser.get("/willow/session")

    assert calls(portal, lambda: browser.get("/willow/session")) == CHECK
    portal.now += MINUTE
    assert calls(portal, lambda: browser.get("/willow/session")) == [*CHECK, "Update Links"]
    assert calls(portal, lambda: browser.get("/willow/home")) == [*CHECK, "Get Clients"]


def test_sign_out_reads_the_session_and_writes_an_audit_event(portal: Portal, browser: Browser) -> None:
    browser.sign_in(ANA)
    assert calls(portal, lambda: browser.post("/willow/sign-out")) == [*CHECK, "Put Events", "Update Links"]


@pytest.mark.parametrize(
    "page", ["", "/sign-in", "/sign-in/sent", "/pin", "/help", "/new-client", "/signed-out", "/handout"]
)
def test_a_page_makes_no_aws_calls(portal: Portal, browser: Browser, page: str) -> None:
    browser.get(f"/willow{page}")
    assert calls(portal, lambda: browser.get(f"/willow{page}")) == []


@pytest.mark.parametrize("page", ["guide", "guide.pdf"])
def test_the_guide_asks_once_for_the_printed_one(portal: Portal, browser: Browser, page: str) -> None:
    browser.get(f"/willow/{page}")
    assert calls(portal, lambda: browser.get(f"/willow/{page}")) == ["Get Practices"]


# ── what a role lets a write name ──


def test_a_write_that_names_what_its_role_does_not_is_refused(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tests the check in `tests/kit/portal.py`: a missing attribute of a condition or a change fails a test."""
    known = sam_template.attributes
    for lacking in ("session_0", "epoch", "last_sign_in_at"):
        portal.now += MINUTE
        link = portal.browser().link(ANA)
        less = {act: named - {lacking} for act, named in known("RedeemLink").items()}
        with monkeypatch.context() as patch:
            patch.setattr(sam_template, "attributes", {"RedeemLink": less}.__getitem__)
            with pytest.raises(AssertionError, match=lacking):
                portal.browser().post(link)


# ── as DynamoDB documents it ──


def test_add_names_top_level_attributes_only(portal: Portal, browser: Browser) -> None:
    """DynamoDB documents ADD for top-level attributes only. Nested ones are changed by SET."""
    pin = portal.pin_for(key_of(portal, "willow", ANA))
    for _ in range(2):
        browser.request_link(ANA)
        browser.post("/willow/pin", {"email": ANA, "pin": f"{(int(pin) + 1) % 10**6:06d}"})
        portal.now += MINUTE
    browser.post("/willow/pin", {"email": ANA, "pin": pin})

    added = [
        re.findall(r"ADD (.*?)(?: SET | REMOVE | DELETE |$)", arguments.get("UpdateExpression", ""))
        for _, arguments in portal.aws.calls
    ]
    clauses = [clause for found in added for clause in found]
    assert clauses
    assert not [clause for clause in clauses if "." in clause]
