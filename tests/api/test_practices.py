"""Tests of practices, their members and the wording of their letters."""

from dataclasses import replace
from typing import Any

import pytest

from latchkey.rules.members import Role
from latchkey.rules.practices import RESERVED_SLUGS
from latchkey.store import members, practices
from tests.api.cloud import MinistackCloud
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi, authorized_as

WHOLE = {
    "name": "Maple Street Therapy",
    "phone": "(555) 010-0199",
    "language": "es",
    "time_zone": "America/Puerto_Rico",
    "sender": "front.desk",
    "reply_to": "desk@maple.example",
    "website": True,
    "new_client_url": "https://maple.example/new",
    "app_url": "http://localhost:3000/portal",
    "help_url": "https://maple.example/help",
    "welcome": "Welcome!\nRead this first.",
    "unknown_address": "same_answer",
    "features": {"payments": False},
    "accent": "#7a1f5c",
    "address": "1 Maple Street\nSpringfield",
    "legal": {"privacy": "https://maple.example/privacy"},
    "clinician_word": {"es": "terapeuta"},
    "links": {"documents": "https://maple.example/documents", "messages": "/maple/messages"},
}


def test_an_operator_creates_a_practice_and_its_portal_answers(operator: ClinicianApi, cloud: MinistackCloud) -> None:
    maple = replace(operator, practice="maple")
    made = maple.request("PUT", "", WHOLE)
    assert made.status == 201
    features = {"appointments": True, "messages": True, "documents": True, "payments": False}
    fields = WHOLE | {
        "slug": "maple",
        "portal_url": "https://portal.example.com/maple",
        "google": True,
        "logo": None,
        "features": features,
        "mails_per_hour": None,
    }
    assert made.document == fields
    assert maple.request("GET", "").document == fields
    assert maple.request("PUT", "", WHOLE).status == 200
    assert Browser(cloud, "maple").get("/willow/sign-in").status == 200


def test_replacing_a_practice_forgets_what_is_left_out_but_not_its_letters(
    operator: ClinicianApi, admin: ClinicianApi
) -> None:
    admin.request("PUT", "/letters/{kind}/{language}", {"body": "Hello from us."}, kind="invitation", language="en")
    replaced = operator.request("PUT", "", {"name": "Willow"})
    assert replaced.status == 200
    assert replaced.document["phone"] is None
    assert replaced.document["time_zone"] == "UTC"
    letter = admin.request("GET", "/letters/{kind}/{language}", kind="invitation", language="en")
    assert letter.document == {"greeting": "", "body": "Hello from us.", "footer": ""}


def test_a_change_leaves_everything_else_as_it_is(admin: ClinicianApi) -> None:
    before = admin.request("GET", "").document
    changed = admin.request("PATCH", "", {"phone": None, "features": {"messages": False}})
    assert changed.status == 200
    assert changed.document == before | {"phone": None, "features": before["features"] | {"messages": False}}
    assert admin.request("PATCH", "", {}).document == changed.document


@pytest.mark.parametrize("website", [(True, True), (False, False), (None, False), ("https://willow.example", True)])
def test_a_website_is_stored_as_yes_or_no(admin: ClinicianApi, website: tuple[Any, bool]) -> None:
    sent, stored = website
    assert admin.request("PATCH", "", {"website": sent}).document["website"] is stored


@pytest.mark.parametrize("slug", sorted(RESERVED_SLUGS))
def test_a_reserved_slug_is_refused(operator: ClinicianApi, slug: str) -> None:
    assert replace(operator, practice=slug).request("PUT", "", {"name": "X"}).status == 404
    assert practices.get(slug) is None


@pytest.mark.parametrize("slug", ["a", "ab", "-willow", "willow-", "Willow", "wil_low", "w" * 41, "wíllow"])
def test_a_malformed_slug_is_refused(operator: ClinicianApi, slug: str) -> None:
    assert replace(operator, practice=slug).request("PUT", "", {"name": "X"}).status == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "Willow\r\nBcc: all@example.com"},
        {"name": ""},
        {"name": "   "},
        {"name": None},
        {"name": "x" * 201},
        {"name": 7},
        {"name": "Willow\u202eekaf"},
        {"phone": "555\n0100"},
        {"phone": ""},
        {"language": "fr"},
        {"time_zone": "Mars/Olympus"},
        {"time_zone": "../../etc/passwd"},
        {"time_zone": "America"},
        {"time_zone": ""},
        {"sender": "a@b"},
        {"sender": "no\nreply"},
        {"sender": ".dot"},
        {"sender": "two..dots"},
        {"new_client_url": "http://willow.example"},
        {"new_client_url": "javascript:alert(1)"},
        {"new_client_url": "https://"},
        {"new_client_url": "https://user@evil.example"},
        {"app_url": "http://localhost.evil.example"},
        {"app_url": "//willow.example"},
        {"help_url": 'https://willow.example/"onclick'},
        {"help_url": "https://willow.example/\n"},
        {"welcome": "bell \x07"},
        {"welcome": "x" * 2001},
        {"unknown_address": "maybe"},
        {"features": {"payments": "no"}},
        {"features": {"teleport": True}},
        {"features": None},
        {"website": "willow.example"},
        {"slug": "other"},
        {"letters": {}},
        {"links": {"teleport": "https://willow.example"}},
        {"links": {"documents": 7}},
        {"links": None},
        {"accent": 7},
        {"address": "x" * 301},
        {"address": "bell \x07"},
        {"legal": {"imprint": "https://willow.example"}},
        {"clinician_word": {"fr": "docteur"}},
        {"welcome": {"fr": "Bonjour"}},
        {"welcome": {"en": "x" * 2001}},
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(admin: ClinicianApi, wrong: dict[str, Any]) -> None:
    before = admin.request("GET", "").document
    answer = admin.request("PATCH", "", wrong)
    assert (answer.status, answer.code) == (400, "body_invalid")
    field = next(iter(wrong))
    assert answer.document["errors"][0]["location"].startswith(f"body.{field}")
    assert admin.request("GET", "").document == before


def test_a_reply_address_has_to_be_one(admin: ClinicianApi) -> None:
    answer = admin.request("PATCH", "", {"reply_to": "desk at willow"})
    assert (answer.status, answer.code) == (422, "email_invalid")


def test_what_is_wrong_is_never_echoed(admin: ClinicianApi) -> None:
    secret = "kim.secret@example.com"
    answer = admin.request("PATCH", "", {"name": f"{secret}\n", "phone": {"x": secret}, "language": secret})
    assert answer.status == 400
    assert secret not in answer.body
    assert len(answer.document["errors"]) == 3


def test_an_administrator_says_who_works_here(admin: ClinicianApi) -> None:
    made = admin.request("PUT", "/members/{subject}", {"role": "clinician"}, subject="auth0|new-person")
    assert (made.status, made.document) == (
        200,
        {"subject": "auth0|new-person", "role": "clinician", "name": None, "email": None},
    )
    new = replace(admin, authorization=authorized_as("auth0|new-person"))
    assert new.request("GET", "/clients").status == 200
    assert new.request("PATCH", "", {}).code == "role_missing"
    admin.request("PUT", "/members/{subject}", {"role": "admin"}, subject="auth0|new-person")
    assert new.request("PATCH", "", {}).status == 200
    assert admin.request("DELETE", "/members/{subject}", subject="auth0|new-person").status == 204
    assert admin.request("DELETE", "/members/{subject}", subject="auth0|new-person").status == 204
    assert new.request("GET", "").status == 404


def test_an_administrator_cannot_take_the_operators_place(admin: ClinicianApi) -> None:
    admin.request("PUT", "/members/{subject}", {"role": "clinician"}, subject="operator")
    admin.request("DELETE", "/members/{subject}", subject="operator")
    assert members.role_of("willow", "operator") is Role.OPERATOR


def test_a_practices_own_words_are_in_its_letters(
    admin: ClinicianApi, clinician: ClinicianApi, cloud: MinistackCloud
) -> None:
    words = {"greeting": "Dear {name},", "body": "Here is your key:\n\n{link}", "footer": "The desk of {practice}"}
    written = admin.request("PUT", "/letters/{kind}/{language}", words, kind="invitation", language="en")
    assert (written.status, written.document) == (200, words)
    clinician.add_client("Kim <b>Lee</b>", "kim@example.com", invite=True)
    (letter,) = cloud.deliver()
    assert "Dear Kim <b>Lee</b>," in letter.text
    assert "Dear Kim &lt;b&gt;Lee&lt;/b&gt;," in letter.html
    assert "The desk of Willow Family Therapy" in letter.text


@pytest.mark.parametrize("words", [{"body": "Dear {nobody}"}, {"footer": "{link}"}, {"body": "x" * 2001}])
def test_words_that_cannot_be_sent_are_refused_with_a_reason(admin: ClinicianApi, words: dict[str, str]) -> None:
    answer = admin.request("PUT", "/letters/{kind}/{language}", words, kind="sign_in", language="es")
    assert (answer.status, answer.code) == (422, "letter_invalid")
    assert answer.document["detail"].endswith(".")


@pytest.mark.parametrize("place", [("pin_made", "en"), ("sign_in", "fr"), ("", "en")])
def test_there_are_two_letters_in_two_languages(admin: ClinicianApi, place: tuple[str, str]) -> None:
    kind, language = place
    assert admin.request("GET", "/letters/{kind}/{language}", kind=kind, language=language).status == 404


def test_letters_in_two_languages_do_not_overwrite_each_other(admin: ClinicianApi) -> None:
    for language in ("en", "es"):
        admin.request("PUT", "/letters/{kind}/{language}", {"body": language}, kind="sign_in", language=language)
    bodies = [
        admin.request("GET", "/letters/{kind}/{language}", kind="sign_in", language=language).document["body"]
        for language in ("en", "es")
    ]
    assert bodies == ["en", "es"]
