"""Tests of callbacks from Google that are refused, or that were used before."""

import pytest

from tests.identity.fake_provider import FakeProvider
from tests.identity.provider_portal import CANCELLED, FAILED, ProviderBrowser, ProviderPortal, is_refused, without


def shortly(value: str) -> str:
    """Return a short name of a case."""
    return ascii(value)[:9]


def consumed_no_state(guest: ProviderBrowser, back: str) -> None:
    """Fail if the state was used up by an earlier, refused callback."""
    assert len(guest.google.exchanges) == 0
    assert guest.get(back).status == 303


def test_someone_who_turns_back_at_google_reads_so(guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    assert is_refused(guest.get(without(back, "code", error="access_denied")), CANCELLED)
    consumed_no_state(guest, back)


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "login_required", "", "<b>x"])
def test_any_other_error_of_google_is_a_failure(guest: ProviderBrowser, error: str) -> None:
    back = guest.google_callback()
    answer = guest.get(without(back, "code", error=error))

    assert is_refused(answer, FAILED)
    assert "<b>x" not in answer.body
    consumed_no_state(guest, back)


@pytest.mark.parametrize("code", [None, ""])
def test_no_code_is_a_failure(guest: ProviderBrowser, code: str | None) -> None:
    back = guest.google_callback()
    other = {} if code is None else {"code": code}
    assert is_refused(guest.get(without(back, "code", **other)), FAILED)
    consumed_no_state(guest, back)


@pytest.mark.parametrize("code", ["x", "4/0" + "x" * 2000, "é", "\x00", "a b&c=d", "a,b"], ids=shortly)
def test_a_code_that_google_never_gave_is_a_failure(guest: ProviderBrowser, code: str) -> None:
    assert is_refused(guest.get(without(guest.google_callback(), code=code)), FAILED)
    assert not guest.is_signed_in()


def test_no_state_is_a_failure(guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    assert is_refused(guest.get(without(back, "state")), FAILED)
    consumed_no_state(guest, back)


@pytest.mark.parametrize("state", ["", "x", "x" * 60, "é", "\x00", "A" * 5000, "=", "a,b"], ids=shortly)
def test_a_state_that_is_not_valid_is_a_failure(guest: ProviderBrowser, state: str) -> None:
    back = guest.google_callback()
    assert is_refused(guest.get(without(back, state=state)), FAILED)
    consumed_no_state(guest, back)


@pytest.mark.parametrize("slugs", [(), ("willow", "harbor")], ids=str)
def test_a_return_of_nowhere_names_no_practice(guest: ProviderBrowser, slugs: tuple[str, ...]) -> None:
    for slug in slugs:
        guest.start_google(slug)
    answer = guest.get("/google/callback")

    assert answer.status == 403
    assert "We don’t know which Client Portal you came from" in answer.page.text


def test_a_cookie_for_a_practice_that_is_none_breaks_nothing(guest: ProviderBrowser) -> None:
    guest.cookies["__Host-google-no-such-place"] = "x"
    assert guest.get("/google/callback").status == 404


@pytest.mark.parametrize("twice", ["code", "state", "error"])
def test_a_repeated_parameter_is_not_read(guest: ProviderBrowser, twice: str) -> None:
    back = guest.google_callback()
    extra = {"code": "code=x", "state": "state=x", "error": "error=x&error=access_denied"}[twice]
    answer = guest.get(f"{back}&{extra}")

    assert answer.status == 400
    assert not any(name.startswith("__Host-session") for name in answer.cookie_values)
    consumed_no_state(guest, back)


def test_a_callback_works_once_and_redirects_home_when_it_is_reloaded(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    """Like a used link, the callback leads home in the browser that it signed in, and is refused elsewhere."""
    back, before = guest.google_callback(), place.sessions()
    assert guest.get(back).status == 303
    saved = dict(guest.cookies)
    assert guest.get(back).location == "/willow/home"
    assert (len(guest.google.exchanges), len(place.sessions() - before)) == (1, 1)
    assert is_refused(place.guest().get(back), FAILED)
    guest.cookies.pop("__Host-session-willow")
    assert is_refused(guest.get(back), FAILED)
    guest.cookies |= saved
    assert guest.is_signed_in()


def test_a_used_callback_redirects_no_other_account_home(place: ProviderPortal, guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    guest.get(back)
    ana = place.live_portal.signed_in("ana@example.com")

    assert is_refused(ana.get(back), FAILED)


def test_a_used_state_takes_no_fresh_code(guest: ProviderBrowser, google: FakeProvider) -> None:
    back = guest.google_callback()
    guest.get(back)
    (query,) = google.authorize_requests
    fresh = without(back, code=google.code_for(query))

    assert guest.get(fresh).location == "/willow/home"
    assert len(guest.google.exchanges) == 1
    guest.cookies.pop("__Host-session-willow")
    assert is_refused(guest.get(fresh), FAILED)
    assert len(guest.google.exchanges) == 1


def test_a_return_after_ten_minutes_is_too_late(place: ProviderPortal, guest: ProviderBrowser) -> None:
    back, saved = guest.google_callback(), dict(guest.cookies)
    place.live_portal.wait(601)
    guest.cookies = saved

    assert is_refused(guest.get(back), FAILED)
    assert guest.google.exchanges == []


def test_a_return_within_ten_minutes_is_not(place: ProviderPortal, guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    place.live_portal.wait(590)
    assert guest.get(back).status == 303


def test_without_the_cookie_it_is_another_browser(place: ProviderPortal, guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    assert is_refused(place.guest().get(back), FAILED)
    consumed_no_state(guest, back)


def test_an_attackers_code_and_state_do_nothing_in_a_victims_browser(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    attacker, victim = place.guest(), guest
    trap, own = attacker.google_callback(), victim.google_callback()

    assert is_refused(victim.get(trap), FAILED)
    assert not victim.is_signed_in()
    consumed_no_state(victim, own)
    assert victim.is_signed_in()
    # the attacker's own state was not used up either
    assert attacker.get(trap).status == 303


@pytest.mark.parametrize("planted", ["__Host-google-willow", "__Host-browser-willow"])
@pytest.mark.parametrize("was_here", [True, False])
def test_one_cookie_that_an_attacker_plants_is_not_enough(
    place: ProviderPortal, planted: str, *, was_here: bool
) -> None:
    attacker, victim = place.guest(), place.guest()
    trap = attacker.google_callback()
    if was_here:
        victim.start_google()
    victim.cookies[planted] = attacker.cookies[planted]

    assert is_refused(victim.get(trap), FAILED)
    assert not victim.is_signed_in()
    assert attacker.get(trap).status == 303


def test_google_switches_accounts_only_after_confirmation(place: ProviderPortal, guest: ProviderBrowser) -> None:
    place.live_portal.new_day()
    guest.post(place.live_portal.link("ana@example.com"))
    account = guest.get("/willow/session").document["account"]
    before = place.sessions()

    query = guest.get(guest.google_callback())
    assert query.status == 200
    assert query.page.heading == "Do you want to switch to another account?"
    assert "m•••@gmail.com" in query.page.text
    assert guest.get("/willow/session").document["account"] == account
    assert place.sessions() == before

    agreed = guest.google.consented(guest.start_google(switch="yes"))
    assert guest.get(agreed).location == "/willow/profiles"
    assert guest.get("/willow/session").document["account"] != account


def test_an_attackers_code_with_the_victims_state_proves_nothing(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    attacker = place.guest()
    attacker.google_callback()
    stolen = google.code_for(google.authorize_requests[-1])
    assert is_refused(guest.get(without(guest.google_callback(), code=stolen)), FAILED)
    assert not guest.is_signed_in()


def test_two_cookies_of_one_name_are_refused(guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    own = "; ".join(f"{name}={value}" for name, value in guest.cookies.items())
    both = f"__Host-google-willow=x; {own}"
    assert is_refused(guest.get(back, Cookie=both), FAILED)
    consumed_no_state(guest, back)


def test_a_state_of_one_practice_opens_nothing_at_another(guest: ProviderBrowser) -> None:
    back = guest.google_callback("harbor")
    guest.cookies["__Host-google-willow"] = guest.cookies.pop("__Host-google-harbor")
    assert guest.get(back).status == 403
    assert not guest.is_signed_in("willow")
    assert not guest.is_signed_in("harbor")


def test_an_address_of_one_practice_opens_nothing_at_another(guest: ProviderBrowser) -> None:
    answer = guest.sign_in_with_google("harbor")

    assert answer.status == 403
    assert answer.page.links["Request a new link"] == "/harbor/sign-in"
    assert not guest.is_signed_in("harbor")


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Purpose": "prefetch"},
        {"Sec-Purpose": "prefetch;prerender"},
        {"Purpose": "prefetch"},
        {"X-Moz": "prefetch"},
    ],
    ids=str,
)
def test_a_prefetched_callback_consumes_no_state(guest: ProviderBrowser, headers: dict[str, str]) -> None:
    back = guest.google_callback()
    assert guest.get(back, **headers).status == 403
    consumed_no_state(guest, back)


def test_a_head_request_for_a_callback_consumes_no_state(guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    assert guest.head(back).status == 403
    consumed_no_state(guest, back)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_only_a_get_request_is_a_callback(guest: ProviderBrowser, method: str) -> None:
    back = guest.google_callback()
    assert guest.send(method, back).status == 405
    consumed_no_state(guest, back)


def test_a_refusal_page_is_in_the_browsers_language(guest: ProviderBrowser) -> None:
    guest.headers["accept-language"] = "es"
    answer = guest.get(without(guest.google_callback(), "code", error="access_denied"))
    assert "No terminó de iniciar sesión con Google" in answer.page.heading
