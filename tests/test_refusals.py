"""Tests of refusals: each has a status, a code, a page and a problem document."""

import re
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any

import pytest

from latchkey.http import problems
from latchkey.http.requests import Request
from latchkey.rules import events, limits, refusals
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.refusals import Refusal
from latchkey.rules.times import millis
from latchkey.web import refusals as web_refusals
from tests.kit.clock import NOON
from tests.kit.seed import WILLOW


def leaves(family: type[Refusal]) -> Iterator[type[Refusal]]:
    """Yield the refusals that have no subclass."""
    for member in family.__subclasses__():
        yield from leaves(member) if member.__subclasses__() else [member]


REFUSALS = sorted(leaves(Refusal), key=lambda refusal: refusal.__name__)

TO_CLINICIANS = {
    "AccessAddress", "AddressChangeUnconfirmed", "AddressSuppressed", "AlreadySignedIn", "ConsentMissing", "EmailInUse",
    "ExternalIdInUse", "SubjectRequired", "UserPoolMissing", "MemberElsewhere", "OwnAddressUnknown",
    "IdempotencyInProgress", "IdempotencyKeyReused", "LetterInvalid", "NoAccess", "OpenedByOthers", "RecordNotFound",
    "RoleMissing", "SupportCodeUnknown", "TokenRefused", "ValueRefused", "NotAMember", "FormExpired",
    "TooManyCredentials", "TooManyWebhooks", "ImportInvalid", "TooManyImports",
}  # fmt: skip
"""Refusals that only the clinicians' API and the console give, so clients' pages have no text for them."""

SAMPLES: dict[str, Any] = {
    "until": NOON + 90,
    "allowed": ("GET", "HEAD"),
    "current": "Lee Park",
    "masked": "a•••@example.com",
    "errors": (("body.links.documents", "A link begins with https://"),),
    "people": (refusals.Opener("01KJTEST000000000000000000", "Lee Park", "lee@example.com", "guardian"),),
}


def raised(refusal: type[Refusal]) -> Refusal:
    """Return a refusal with sample facts."""
    carried: tuple[Field[Any], ...] = fields(refusal) if is_dataclass(refusal) else ()
    return refusal(**{fact.name: SAMPLES.get(fact.name, "x") for fact in carried if fact.default is MISSING})


def request(accept: str, language: Language, route: str = "/{practice}/sign-in") -> Request:
    """Return the request of a form that was sent to Willow."""
    return Request(
        method="POST",
        route=route,
        path=route.replace("{practice}", "willow"),
        path_parameters={"practice": "willow"},
        raw_query="",
        headers={"accept": accept},
        cookies={},
        raw_body="",
        is_base64=False,
        source_ip="203.0.113.7",
        host="portal.example.com",
        now_ms=millis(NOON),
        support_code="K7M-4QX",
        origin="https://portal.example.com",
        practice=WILLOW,
        language=language,
    )


def test_every_refusal_has_a_status_and_a_code() -> None:
    assert set(REFUSALS) == set(problems.PROBLEMS)
    assert {refusal.__name__ for refusal in REFUSALS} >= TO_CLINICIANS


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: refusal.__name__)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_refusal_has_a_page_and_a_problem_document(refusal: type[Refusal], language: Language) -> None:
    """B123"""
    expected, at = problems.PROBLEMS[refusal], "/{practice}/sign-in"
    if refusal.__name__.startswith("Pin"):
        at = "/{practice}/pin"
    elif issubclass(refusal, refusals.ProviderRefused):
        at = "/google/callback"
    problem = web_refusals.to_response(request("application/json", language, at), raised(refusal))
    assert (problem.status, problem.media_type) == (expected.status, "application/problem+json")
    assert f'"code": "{expected.code.format(provider="google")}"' in problem.body
    if refusal.__name__ in TO_CLINICIANS:
        return
    page = web_refusals.to_response(request("text/html", language, at), raised(refusal))
    if refusal is refusals.SignedOut:
        assert (page.status, page.headers["location"]) == (303, "/willow/sign-in")
    else:
        assert page.status == (200 if refusal is refusals.AccountSwitchRefused else expected.status)
        assert f'<html lang="{language}"' in page.body


def test_what_is_refused_for_a_while_says_for_how_long() -> None:
    for refusal in (refusals.RateLimited(NOON + 90, "ask_source"), refusals.Unavailable()):
        for accept in ("text/html", "application/json"):
            assert int(web_refusals.to_response(request(accept, "en"), refusal).headers["retry-after"]) > 0


CONTRACT = {
    "email_invalid", "email_unknown", "wait", "link_expired", "link_used", "link_replaced", "link_unknown",
    "origin_refused", "body_invalid", "body_too_large", "opened_by_others", "no_mail_possible",
}  # fmt: skip


def test_the_codes_that_programs_rely_on_are_stored() -> None:
    assert {one.code for one in problems.PROBLEMS.values()} >= CONTRACT


def test_every_limit_can_be_named_in_the_audit() -> None:
    policies = [limit for limit in vars(limits).values() if isinstance(limit, limits.Limit)]

    assert all(re.fullmatch(r"[a-z_]+", limit.name) for limit in policies)
    assert all(re.fullmatch(r"[a-z_]+", kind) for kind in events.EventKind)
