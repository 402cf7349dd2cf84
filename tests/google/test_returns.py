"""Ways back from Google that nobody should take, or that someone else took before."""

import pytest

from tests.google.provider import Provider
from tests.google.visits import CANCELLED, FAILED, Guest, Place, is_refused, without


def shortly(value: str) -> str:
    """The name of a case."""
    return ascii(value)[:9]


def spends_nothing(guest: Guest, back: str) -> None:
    """The attempt still stands, and leads in."""
    assert len(guest.google.exchanges) == 0
    assert guest.get(back).status == 303


def test_someone_who_turns_back_at_google_reads_so(guest: Guest) -> None:
    back = guest.way_back()
    assert is_refused(guest.get(without(back, "code", error="access_denied")), CANCELLED)
    spends_nothing(guest, back)


@pytest.mark.parametrize("error", ["server_error", "temporarily_unavailable", "login_required", "", "<b>x"])
def test_any_other_error_of_google_is_a_failure(guest: Guest, error: str) -> None:
    back = guest.way_back()
    answer = guest.get(without(back, "code", error=error))

    assert is_refused(answer, FAILED)
    assert "<b>x" not in answer.body.decode()
    spends_nothing(guest, back)


@pytest.mark.parametrize("code", [None, ""])
def test_no_code_is_a_failure(guest: Guest, code: str | None) -> None:
    back = guest.way_back()
    other = {} if code is None else {"code": code}
    assert is_refused(guest.get(without(back, "code", **other)), FAILED)
    spends_nothing(guest, back)


@pytest.mark.parametrize("code", ["x", "4/0" + "x" * 2000, "é", "\x00", "a b&c=d", "a,b"], ids=shortly)
def test_a_code_that_google_never_gave_is_a_failure(guest: Guest, code: str) -> None:
    assert is_refused(guest.get(without(guest.way_back(), code=code)), FAILED)
    assert not guest.is_in()


def test_no_state_is_a_failure(guest: Guest) -> None:
    back = guest.way_back()
    assert is_refused(guest.get(without(back, "state")), FAILED)
    spends_nothing(guest, back)


@pytest.mark.parametrize("state", ["", "x", "x" * 60, "é", "\x00", "A" * 5000, "=", "a,b"], ids=shortly)
def test_a_state_that_is_not_ours_is_a_failure(guest: Guest, state: str) -> None:
    back = guest.way_back()
    assert is_refused(guest.get(without(back, state=state)), FAILED)
    spends_nothing(guest, back)


@pytest.mark.parametrize("slugs", [(), ("willow", "harbor")], ids=str)
def test_a_return_of_nowhere_names_no_practice(guest: Guest, slugs: tuple[str, ...]) -> None:
    for slug in slugs:
        guest.leave(slug)
    answer = guest.get("/google/callback")

    assert answer.status == 403
    assert "We can’t tell which Client Portal you came from" in answer.page.text


def test_a_cookie_for_a_practice_that_is_none_breaks_nothing(guest: Guest) -> None:
    guest.cookies["__Host-google-no-such-place"] = "x"
    assert guest.get("/google/callback").status == 404


@pytest.mark.parametrize("twice", ["code", "state", "error"])
def test_what_is_said_twice_is_not_read(guest: Guest, twice: str) -> None:
    back = guest.way_back()
    extra = {"code": "code=x", "state": "state=x", "error": "error=x&error=access_denied"}[twice]
    answer = guest.get(f"{back}&{extra}")

    assert answer.status == 400
    assert not any(name.startswith("__Host-session") for name in answer.cookies)
    spends_nothing(guest, back)


def test_a_return_works_once(guest: Guest) -> None:
    back = guest.way_back()
    assert guest.get(back).status == 303
    assert is_refused(guest.get(back), FAILED)
    assert len(guest.google.exchanges) == 1
    assert guest.is_in()


def test_a_used_state_takes_no_fresh_code(guest: Guest, google: Provider) -> None:
    back = guest.way_back()
    guest.get(back)
    (asked,) = google.asked
    fresh = without(back, code=google.code_for(asked))

    assert is_refused(guest.get(fresh), FAILED)


def test_a_return_after_ten_minutes_is_too_late(place: Place, guest: Guest) -> None:
    back, kept = guest.way_back(), dict(guest.cookies)
    place.town.wait(601)
    guest.cookies = kept

    assert is_refused(guest.get(back), FAILED)
    assert guest.google.exchanges == []


def test_a_return_within_ten_minutes_is_not(place: Place, guest: Guest) -> None:
    back = guest.way_back()
    place.town.wait(590)
    assert guest.get(back).status == 303


def test_without_the_cookie_it_is_another_browser(place: Place, guest: Guest) -> None:
    back = guest.way_back()
    assert is_refused(place.guest().get(back), FAILED)
    spends_nothing(guest, back)


def test_an_attackers_code_and_state_do_nothing_in_a_victims_browser(place: Place, guest: Guest) -> None:
    attacker, victim = place.guest(), guest
    trap, own = attacker.way_back(), victim.way_back()

    assert is_refused(victim.get(trap), FAILED)
    assert not victim.is_in()
    spends_nothing(victim, own)
    assert victim.is_in()
    # nor was the attacker's own attempt used up by it
    assert attacker.get(trap).status == 303


def test_an_attackers_code_with_the_victims_state_proves_nothing(place: Place, guest: Guest, google: Provider) -> None:
    attacker = place.guest()
    attacker.way_back()
    stolen = google.code_for(google.asked[-1])
    assert is_refused(guest.get(without(guest.way_back(), code=stolen)), FAILED)
    assert not guest.is_in()


def test_two_cookies_of_one_name_are_refused(guest: Guest) -> None:
    back = guest.way_back()
    both = f"__Host-google-willow=x; __Host-google-willow={guest.cookies['__Host-google-willow']}"
    assert is_refused(guest.get(back, {"Cookie": both}), FAILED)
    spends_nothing(guest, back)


def test_a_state_of_one_practice_opens_nothing_at_another(guest: Guest) -> None:
    back = guest.way_back("harbor")
    guest.cookies["__Host-google-willow"] = guest.cookies.pop("__Host-google-harbor")
    assert guest.get(back).status == 403
    assert not guest.is_in("willow")
    assert not guest.is_in("harbor")


def test_an_address_of_one_practice_opens_nothing_at_another(guest: Guest) -> None:
    answer = guest.come("harbor")

    assert answer.status == 403
    assert answer.page.links["Request a new link"] == "/harbor/sign-in"
    assert not guest.is_in("harbor")


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
def test_getting_ahead_spends_nothing(guest: Guest, headers: dict[str, str]) -> None:
    back = guest.way_back()
    assert guest.get(back, headers).status == 403
    spends_nothing(guest, back)


def test_a_head_spends_nothing(guest: Guest) -> None:
    back = guest.way_back()
    assert guest.head(back).status == 403
    spends_nothing(guest, back)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_but_a_visit_is_a_return(guest: Guest, method: str) -> None:
    back = guest.way_back()
    assert guest.send(method, back).status == 405
    spends_nothing(guest, back)


def test_a_page_of_refusal_speaks_the_language_of_its_reader(guest: Guest) -> None:
    guest.speaks = "es"
    answer = guest.get(without(guest.way_back(), "code", error="access_denied"))
    assert "No terminó de iniciar sesión con Google" in answer.page.heading
