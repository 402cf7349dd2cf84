"""Tests of sign-in with Google, at a fake provider that answers as Google does."""

from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest

from tests.identity.fake_provider import CLIENT, MARIA, MISSING, FakeProvider, heard, read, secrets_in
from tests.identity.provider_portal import KIM, UNMATCHED, ProviderBrowser, ProviderPortal, is_refused
from tests.kit.live_portal import LivePortal


def test_a_gmail_address_on_file_signs_in(guest: ProviderBrowser) -> None:
    """B65"""
    answer = guest.sign_in_with_google()

    assert (answer.status, answer.location) == (303, "/willow/profiles")
    assert guest.get("/willow/session").document["method"] == "google"


def test_google_comes_back_to_the_page_that_sent_a_person_to_sign_in(guest: ProviderBrowser) -> None:
    """B182"""
    guest.get("/willow/sign-in?to=/willow/booking")
    assert guest.sign_in_with_google().location == "/willow/profiles"
    (own, *_) = guest.get("/willow/session").document["profiles"]
    assert guest.post("/willow/profiles", {"profile": own["id"]}).location == "/willow/booking"


def test_google_gets_no_personal_data_in_the_request(guest: ProviderBrowser, google: FakeProvider) -> None:
    """B71, B72"""
    where = urlsplit(guest.start_google())
    authorize_query = read(where.query and f"?{where.query}")

    assert f"{where.scheme}://{where.netloc}{where.path}" == f"{google.url}/o/auth"
    assert {
        name: authorize_query.pop(name) for name in ("response_type", "client_id", "scope", "code_challenge_method")
    } == {
        "response_type": "code",
        "client_id": CLIENT,
        "scope": "openid email profile",
        "code_challenge_method": "S256",
    }
    assert authorize_query.pop("redirect_uri") == f"{guest.portal.origin}/google/callback"
    assert authorize_query.keys() == {"state", "nonce", "code_challenge"}
    assert all(len(value) >= 43 for value in authorize_query.values())
    assert not [value for value in authorize_query.values() if "maria" in value or "willow" in value]


def test_no_two_attempts_have_anything_in_common(guest: ProviderBrowser) -> None:
    first, second = read(guest.start_google()), read(guest.start_google())

    assert not [name for name in ("state", "nonce", "code_challenge") if first[name] == second[name]]


def test_choosing_another_account_is_the_only_extra_question(guest: ProviderBrowser) -> None:
    """B73"""
    assert read(guest.start_google(choose="yes"))["prompt"] == "select_account"
    assert "prompt" not in read(guest.start_google())


def test_the_exchange_carries_what_it_must_and_no_more(guest: ProviderBrowser, google: FakeProvider) -> None:
    guest.sign_in_with_google()
    (form,) = google.exchanges

    assert form.keys() == {"grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier"}
    assert all(len(values) == 1 for values in form.values())


def test_the_state_cookie_lasts_ten_minutes(guest: ProviderBrowser) -> None:
    cookie = guest.post("/willow/google").morsels["__Host-google-willow"]

    assert (cookie["max-age"], cookie["samesite"], cookie["path"]) == ("600", "Lax", "/")
    assert cookie["secure"]
    assert cookie["httponly"]


def test_the_session_is_like_any_other(place: ProviderPortal, guest: ProviderBrowser) -> None:
    place.live_portal.new_day()
    guest.sign_in_with_google()
    config = guest.get("/willow/session").document
    by_link = place.live_portal.signed_in("maria.gomez@gmail.com").get("/willow/session").document

    differing = {"method", "signed_in_at", "expires_at"}
    assert {name for name in config if config[name] != by_link[name]} <= differing
    assert len(config["profiles"]) > 1
    assert guest.post("/willow/sign-out").status == 303
    assert not guest.is_signed_in()


def links_at_rest(place: ProviderPortal) -> dict[str, list[object]]:
    """Return the stored fields of each account's link, without the sessions in the same item."""
    of_a_link = ("digest", "sequence", "state", "used_by", "epoch", "expires_at")
    return {item["account"]: [item.get(name) for name in of_a_link] for item in place.live_portal.at_rest()["Links"]}


def test_no_mail_is_sent_and_the_link_that_waits_stays_what_it_is(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    """B75"""
    place.live_portal.new_day()
    link = place.live_portal.link("maria.gomez@gmail.com")
    waiting, mails = links_at_rest(place), len(place.live_portal.letters("maria.gomez@gmail.com"))
    guest.sign_in_with_google()

    assert links_at_rest(place) == waiting
    assert len(place.live_portal.letters("maria.gomez@gmail.com")) == mails
    assert place.guest().post(link).status == 303


def test_the_audit_event_has_the_sign_in_method(place: ProviderPortal, guest: ProviderBrowser) -> None:
    before = len(place.live_portal.items("Events", kind="session_started", method="google"))
    guest.sign_in_with_google()

    assert len(place.live_portal.items("Events", kind="session_started", method="google")) == before + 1


def test_a_session_that_the_browser_brought_is_ended_and_never_reused(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    before = len(place.live_portal.items("Events", kind="session_ended", reason="replaced", method="google"))
    guest.sign_in_with_google()
    old = guest.cookies["__Host-session-willow"]
    guest.sign_in_with_google()

    assert guest.cookies["__Host-session-willow"] != old
    guest.cookies["__Host-session-willow"] = old
    assert not guest.is_signed_in()
    assert (
        len(place.live_portal.items("Events", kind="session_ended", reason="replaced", method="google")) == before + 1
    )


@pytest.mark.parametrize("planted", ["x", "A" * 22 + "=", "A" * 43, "a" * 4000, "A" * 21 + "B"])
def test_a_browser_s_secret_is_one_that_was_made_here(guest: ProviderBrowser, planted: str) -> None:
    """An attacker who can set cookies can neither choose the value that ties a sign-in to the browser, nor make it
    last.
    """
    guest.cookies["__Host-google-willow"] = planted
    back = guest.google_callback()

    assert guest.cookies["__Host-google-willow"] != planted
    assert guest.get(back).status == 303


def test_two_parallel_tabs_both_sign_in(guest: ProviderBrowser) -> None:
    first, second = guest.google_callback(), guest.google_callback()

    assert [guest.get(first).status, guest.get(second).status] == [303, 303]
    assert guest.is_signed_in()


def test_one_return_is_one_session_however_often_it_comes_at_once(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    back, before = guest.google_callback(), place.sessions()
    with ThreadPoolExecutor(16) as pool:
        statuses = list(pool.map(lambda _: guest.get(back).status, range(16)))

    # callbacks that come after the session has started redirect home
    assert {*statuses} <= {303, 403}
    assert 303 in statuses
    assert len(place.sessions() - before) == 1
    assert len(guest.google.exchanges) == 1


@pytest.mark.parametrize("email", ["maria.gomez@gmail.com", "Maria.Gomez@Gmail.com", "MARIA.GOMEZ@GMAIL.COM"])
def test_case_does_not_distinguish_addresses(guest: ProviderBrowser, google: FakeProvider, email: str) -> None:
    google.claims["email"] = email
    assert guest.sign_in_with_google().status == 303


@pytest.mark.parametrize(
    "email",
    [
        "mariagomez@gmail.com",
        "m.aria.gomez@gmail.com",
        "maria.gomez+portal@gmail.com",
        "maria.gomez@googlemail.com",
        "maria.gomez@gmail.com.example.org",
        "maria.gomez@gmail.co",
        "maria.gomez@example.com",
        "ana@example.com",
        "nobody@gmail.com",
        "mаria.gomez@gmail.com",  # noqa: RUF001 - a Cyrillic a
        "maria.gomez@ɡmail.com",  # noqa: RUF001
        "maria.gomez@ｇmail.com",  # noqa: RUF001
        "maria.gomez@gmaıl.com",  # noqa: RUF001
        "maria.gomez@gmail.com\u200b",
        "maria.gomez@gmail.com\x00",
        "maria.gomez\ud800@gmail.com",
        "maria.gomez@gmail.com, evil@gmail.com",
        "Maria <maria.gomez@gmail.com>",
        "",
        "gmail.com",
        "x" * 300 + "@gmail.com",
        MISSING,
        None,
        7,
        ["maria.gomez@gmail.com"],
        {"maria.gomez@gmail.com": True},
    ],
    ids=ascii,
)
def test_any_other_address_opens_nothing(guest: ProviderBrowser, google: FakeProvider, email: object) -> None:
    """B68"""
    google.claims["email"] = email
    assert is_refused(guest.sign_in_with_google(), UNMATCHED)
    assert not guest.is_signed_in()


@pytest.mark.parametrize("verified", [False, "true", "false", 1, 0, None, [True], MISSING], ids=repr)
def test_only_a_verified_address_counts(guest: ProviderBrowser, google: FakeProvider, verified: object) -> None:
    google.claims["email_verified"] = verified
    assert is_refused(guest.sign_in_with_google(), UNMATCHED)


@pytest.mark.parametrize("domain", ["gmail.com", "example.com", "", True], ids=repr)
def test_a_company_s_account_is_not_gmail(guest: ProviderBrowser, google: FakeProvider, domain: object) -> None:
    google.claims["hd"] = domain
    assert is_refused(guest.sign_in_with_google(), UNMATCHED)


@pytest.mark.parametrize("email", [KIM, "kim@gmail.com"])
def test_a_modifier_on_file_rules_google_out_and_the_page_says_what_to_do(
    guest: ProviderBrowser, google: FakeProvider, email: str
) -> None:
    """B70"""
    google.claims["email"] = email
    answer = guest.sign_in_with_google()

    assert is_refused(answer, UNMATCHED)
    assert "Gmail address that has no plus sign (+)" in answer.page.text
    assert "Continue with Google" in " ".join(answer.page.buttons)
    assert guest.request_link(KIM).status == 303


def test_nothing_of_google_s_is_stored_or_written_down(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    """B74"""
    guest.sign_in_with_google()
    google.claims["sub"] = "987654321098765432109"
    is_refused(place.guest().sign_in_with_google())
    config = [claim for token in google.given if token.count(".") == 2 for claim in _identifying(heard(token))]
    secret = [*google.given, *config, *(it for form in google.exchanges for it in secrets_in(form))]
    states = [query[name][0] for query in google.authorize_requests for name in ("state", "nonce", "code_challenge")]
    place.live_portal.settle()
    at_rest = repr(place.live_portal.at_rest())
    logs = "".join(path.read_text(errors="replace") for path in place.live_portal.portal.logs.glob("*.log"))

    assert len(secret) == 14
    assert not [it for it in secret + states if it in at_rest]
    assert not [it for it in secret + states if it in logs]
    assert "gmail.com" not in logs


def _identifying(claims: dict[str, str]) -> list[str]:
    return [claims["sub"], claims["nonce"]]


# ── practices without Google ──


def test_a_practice_that_does_not_want_it_has_neither_button_nor_route(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    back = guest.google_callback()
    place.practice_wants_google(False)
    try:
        assert guest.get("/willow/sign-in").page.buttons == ["Send link"]
        assert "Google" not in guest.get("/willow/sign-in").page.text
        assert place.guest().post("/willow/google").status == 404
        assert is_refused(guest.get(back), "We couldn’t sign you in")
        assert place.guest().post("/harbor/google").status == 303
    finally:
        place.practice_wants_google(True)
    assert guest.get("/willow/sign-in").page.buttons == ["Send link", "Continue with Google"]
    # the refused callback has not used up the state
    assert guest.get(back).status == 303


def test_a_form_of_another_site_sends_nobody_to_google(guest: ProviderBrowser) -> None:
    answer = guest.send("POST", "/willow/google", headers={"Origin": "https://evil.example"})
    assert answer.status == 403
    assert guest.get("/willow/google").status == 405


def test_the_page_may_lead_to_google_and_nowhere_else(guest: ProviderBrowser, google: FakeProvider) -> None:
    policy = guest.get("/willow/sign-in").headers["content-security-policy"]
    assert f"form-action 'self' {google.url};" in policy
    assert "script" not in policy


def test_starting_is_limited_for_each_source(guest: ProviderBrowser) -> None:
    statuses = [guest.post("/willow/google").status for _ in range(31)]
    assert statuses == [303] * 30 + [429]


def test_what_google_says_does_not_change_who_is_on_file(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    place.live_portal.wait(1)
    before = place.account()
    google.claims |= {"name": "Somebody Else", "email": "MARIA.gomez@gmail.com", "sub": MARIA}
    guest.sign_in_with_google()

    changed = {name for name, value in place.account().items() if before.get(name) != value}
    assert changed >= {"google"}
    assert changed <= {"google", "revision", "status", "first_sign_in_at"}
    assert place.account()["google"] != MARIA


def test_an_app_gets_documents(live_portal: LivePortal, place: ProviderPortal, guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    config = {"Accept": "application/json"}

    assert guest.get(back, **config).document["method"] == "google"
    assert guest.get(back, **config).document["method"] == "google"
    repeated = place.guest().get(back, **config)
    assert (repeated.status, repeated.code) == (403, "google_refused")
    assert live_portal.url not in repeated.body
