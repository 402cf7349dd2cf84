"""Tests with arbitrary input. Every response has the right code, and no input signs anyone in, uses up a proof or sends
mail.
"""

import base64
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, assume, event, given, settings
from hypothesis import strategies as st

from latchkey.http.problems import PROBLEMS
from tests.kit import sam_template
from tests.kit.browser import HTML
from tests.kit.cloud import Cloud
from tests.kit.gateway_events import ORIGIN
from tests.kit.portal import Portal

ROUTES = {key: function for key, function in sam_template.routes().items() if "/admin/" not in key}
TAKES_FORMS = ("/sign-in", "/pin", "/profiles", "/home", "/sign-out", "/google")
STATUSES = {200, 202, 303, 400, 401, 403, 404, 405, 409, 410, 413, 422, 429}

ODD = st.one_of(
    st.sampled_from(
        [
            "", " ", "\x00", "\n", "\r\nSet-Cookie: a=b", "\ud800", "\udfff", "\u212a", "\uff20", "\u202e", "\u200b",
            "\ufeff", "\u0130", "\u00df", "\ufb01", "\U0001d55c", "\u00e9", "e\u0301", "..", "../", "//", "\\", "%",
            "%00", "%ud800", "{}", "{{7*7}}", "${x}", "<script>", "' OR 1=1 --", '"', "=", "&", ";", ",", "a" * 300,
            "null", "true", "-1", "1e999",
        ]
    ),
    st.text(max_size=20),
)  # fmt: skip
WORDS = st.lists(ODD, max_size=4).map("".join)
PEOPLE = st.sampled_from(["ana@example.com", "robin@example.com", "jo@example.com", "nobody@example.com"])
ADDRESSES = st.one_of(
    PEOPLE,
    st.builds("{}{}{}".format, ODD, PEOPLE, ODD),
    st.builds("{}@{}".format, WORDS, WORDS),
    WORDS,
)
MEDIA = st.one_of(
    st.sampled_from(
        [
            "application/x-www-form-urlencoded",
            "application/x-www-form-urlencoded; charset=UTF-8",
            "application/x-www-form-urlencoded;charset=utf-16",
            "application/x-www-form-urlencoded,application/json",
            "application/json",
            "application/json; charset=latin-1",
            "application/json; charset=utf-8; charset=utf-7",
            "multipart/form-data; boundary=x",
            "text/plain",
            "",
        ]
    ),
    WORDS,
)
NAMES = st.one_of(
    st.sampled_from(["email"] * 4 + ["switch", "profile", "pin", "lang", "client", "password", "code", "state"]), WORDS
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), ADDRESSES),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(NAMES, inner, max_size=4)),
    max_leaves=8,
)
FORMS = st.lists(st.tuples(NAMES, ADDRESSES), max_size=4).map(
    lambda pairs: "&".join(f"{_quoted(name)}={_quoted(value)}" for name, value in pairs)
)
BODIES = st.one_of(
    st.none(),
    FORMS,
    JSON.map(json.dumps),
    st.tuples(NAMES, JSON, JSON).map(
        lambda fields: f'{{"email": {json.dumps(fields[1])}, "email": {json.dumps(fields[2])}}}'
    ),
    st.integers(min_value=1, max_value=9000).map(lambda depth: "[" * depth),
    st.integers(min_value=8000, max_value=9000).map(lambda size: "email=" + "a" * size),
    st.binary(max_size=60).map(lambda raw: raw.decode("latin-1")),
    WORDS,
)
ENCODINGS = st.sampled_from([(True, True)] * 3 + [(False, False)] * 3 + [(True, False), (False, True)])
METHODS = st.one_of(
    st.sampled_from(["POST"] * 6 + ["GET"] * 3 + ["HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "post", ""]),
    st.text(max_size=8),
)
COOKIES = st.lists(
    st.one_of(
        st.builds(
            "__Host-{}-{}={}".format,
            st.sampled_from(["session", "req", "browser", "again", "lang"]),
            st.sampled_from(["willow", "harbor", ""]),
            st.one_of(WORDS, st.sampled_from(["A" * 64, "A" * 22, "es", "1"])),
        ),
        WORDS,
    ),
    max_size=4,
)
HEADERS = st.dictionaries(
    st.sampled_from(
        [
            "accept",
            "accept-language",
            "origin",
            "sec-fetch-site",
            "sec-purpose",
            "user-agent",
            "referer",
            "x-forwarded-for",
        ]
    ),
    st.one_of(WORDS, st.sampled_from([ORIGIN, "null", "same-origin", "application/json", HTML, "es;q=0.5,,;q"])),
    max_size=5,
)
SOURCES = st.one_of(st.ip_addresses().map(str), WORDS)
SENT = st.one_of(
    st.tuples(st.just("application/x-www-form-urlencoded"), FORMS),
    st.tuples(st.just("application/json"), JSON.map(json.dumps)),
    st.tuples(MEDIA, BODIES),
)
ANYTHING = {
    "route": st.sampled_from(sorted(ROUTES)),
    "practice": st.one_of(st.sampled_from(["willow", "harbor", "nobody"]), WORDS),
    "token": st.one_of(WORDS, st.text("AaBb09-_", min_size=87, max_size=87)),
    "method": METHODS,
    "sent": SENT,
    "encoding": ENCODINGS,
    "cookies": COOKIES,
    "headers": HEADERS,
    "honest": st.booleans(),
    "query": st.one_of(st.just(""), FORMS, WORDS),
    "source": SOURCES,
}
A_FORM = ANYTHING | {
    "route": st.sampled_from([key for key in ROUTES if key.endswith(TAKES_FORMS)]),
    "practice": st.sampled_from(["willow", "harbor"]),
    "method": st.just("POST"),
    "honest": st.just(True),
    "query": st.just(""),
}


@pytest.fixture(scope="module")
def portal(cloud: Cloud) -> Iterator[Portal]:
    """Yield one portal for all examples, because earlier examples must not affect later ones."""
    with Portal(cloud).opened() as portal:
        yield portal


def _quoted(text: str) -> str:
    return quote_plus(text, errors="surrogatepass")


def event_of(drawn: dict[str, Any], now: int) -> dict[str, Any]:
    """Return an event with the drawn input. API Gateway itself would not send some of these events."""
    media, body = drawn["sent"]
    headers = drawn["headers"] | {"content-type": media}
    if drawn["honest"]:
        headers |= {"origin": ORIGIN, "sec-fetch-site": "same-origin"}
    encoded, words_of = drawn["encoding"]
    if body is not None and encoded:
        body = base64.b64encode(body.encode(errors="surrogatepass")).decode()
    return {
        "version": "2.0",
        "routeKey": drawn["route"],
        "rawPath": "/" + drawn["practice"],
        "rawQueryString": drawn["query"],
        "headers": headers,
        "cookies": drawn["cookies"],
        "requestContext": {
            "domainName": "portal.example.com",
            "http": {"method": drawn["method"], "path": "/", "sourceIp": drawn["source"]},
            "requestId": "JKJaXmPLvHcESHA=",
            "timeEpoch": now * 1000,
        },
        "pathParameters": {"practice": drawn["practice"], "token": drawn["token"]},
        "body": body,
        "isBase64Encoded": words_of,
    }


def many(examples: int) -> settings:
    """Return settings for this number of examples, without a limit of time."""
    return settings(max_examples=examples, suppress_health_check=[HealthCheck.too_slow])


COUNTED = {"Budgets", "Events"}
OWN_WORDS = sorted(
    {fields.code for fields in PROBLEMS.values()} | {route.rpartition(" ")[2] for route in ROUTES}, key=len
)[::-1]
"""Texts that the log may contain for every input. A cookie that equals one of them is not a leaked secret."""


def is_answered_and_changes_nothing(portal: Portal, drawn: dict[str, Any]) -> None:
    """Fail unless a request that is not from an honest client is answered, and changes nothing but counters and audit
    events.
    """
    portal.aws.calls.clear()
    portal.aws.written.clear()
    portal.log.seek(0)
    portal.log.truncate()

    answer = portal.respond(ROUTES[drawn["route"]], event_of(drawn, portal.now))

    event(f"{answer.status}")
    assert answer.status in STATUSES, answer
    assert portal.aws.written_tables() <= COUNTED
    assert not any(cookie.startswith("__Host-session-") and "Max-Age=0" not in cookie for cookie in answer.cookies)
    assert "SendMessage" not in portal.aws.operations() or answer.status in {202, 303}
    fields = portal.log.getvalue()
    for own in OWN_WORDS:
        fields = fields.replace(own, "")
    for secret in (drawn["token"], *drawn["cookies"]):
        assert len(secret) < 12 or secret not in fields
    assert "@example.com" not in fields


@many(250)
@given(st.fixed_dictionaries(ANYTHING))
def test_whatever_is_sent_anywhere_is_answered_and_changes_nothing(portal: Portal, drawn: dict[str, Any]) -> None:
    is_answered_and_changes_nothing(portal, drawn)


@many(500)
@given(st.fixed_dictionaries(A_FORM))
def test_whatever_is_in_a_form_it_is_answered_and_changes_nothing(portal: Portal, drawn: dict[str, Any]) -> None:
    portal.now += 60
    is_answered_and_changes_nothing(portal, drawn)


@many(200)
@given(ADDRESSES, st.sampled_from(["willow", "harbor"]), st.booleans(), st.integers(min_value=0, max_value=2**32))
def test_a_letter_goes_to_nobody_but_who_is_on_file_under_that_very_address(
    portal: Portal, typed: str, practice: str, as_json: bool, host: int
) -> None:
    portal.now += 3600
    portal.deliver()
    before = len(portal.letters)
    someone = (portal.app if as_json else portal.browser)(source=f"2001:db8:{host >> 16:x}:{host & 0xFFFF:x}::1")
    if as_json or not any("\ud800" <= letter <= "\udfff" for letter in typed):
        assert someone.request_link(typed, practice).status in STATUSES

    portal.deliver()

    assert [letter.to for letter in portal.letters[before:]] in ([], [["ana@example.com"]])
    if len(portal.letters) > before:
        assert typed.strip(" \t\r\n").lower() == "ana@example.com"


FIELDS = st.sampled_from(["practice", "account", "request", "epoch", "kind", "asked_at", "origin"])


@many(60)
@given(st.one_of(st.text(), JSON.map(json.dumps), st.dictionaries(FIELDS, JSON).map(json.dumps)))
def test_a_message_that_is_no_mail_job_sends_nothing(portal: Portal, body: str) -> None:
    before = len(portal.letters)

    assert portal.work(body) in ([], [0])

    assert len(portal.letters) == before


AT_A_LINK = ANYTHING | {
    "route": st.just("ANY /{practice}/link/{token}"),
    "practice": st.just("willow"),
    "method": st.sampled_from(["POST", "GET", "HEAD", "POST", "post", "PUT", "OPTIONS"]),
    "query": st.sampled_from(["", "", "lang=es", "switch=yes"]),
}
NEARLY = st.tuples(st.integers(min_value=0, max_value=87), st.integers(min_value=0, max_value=2), ODD)


def test_a_live_link_is_consumed_by_nothing_but_a_press_on_our_own_page(portal: Portal) -> None:
    """Tried are tokens that differ a little on the portal's own page, and the right token everywhere else."""
    portal.deliver()
    portal.now += 86_400
    path = portal.browser().link("ana@example.com")
    live = path.rpartition("/")[2]

    @many(250)
    @given(st.fixed_dictionaries(AT_A_LINK), NEARLY)
    def is_not_consumed(drawn: dict[str, Any], nearly: tuple[int, int, str]) -> None:
        place, length, other = nearly
        if drawn["honest"] and drawn["method"].upper() == "POST":
            token = live[:place] + other + live[place + length :]
            assume(token != live)
        else:
            token = live
            drawn = drawn | {"honest": False, "headers": drawn["headers"] | {"origin": "https://evil.example"}}
        is_answered_and_changes_nothing(portal, drawn | {"token": token})

    is_not_consumed()

    assert portal.browser().post(path).location == "/willow/home"
