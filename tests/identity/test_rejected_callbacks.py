"""Ways back from Google that nobody should take, or that someone else took before."""

import pytest

from tests.identity.fake_provider import Provider
from tests.identity.visits import CANCELLED, FAILED, Guest, Place, is_refused, without


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


def test_a_return_works_once_and_leads_home_when_it_is_reloaded(place: Place, guest: Guest) -> None:
    """As a used link does: home for whom it has signed in here, and no way in for anyone else."""
    back, before = guest.way_back(), place.sessions()
    assert guest.get(back).status == 303
    kept = dict(guest.cookies)
    assert guest.get(back).location == "/willow/home"
    assert (len(guest.google.exchanges), place.sessions()) == (1, before + 1)
    assert is_refused(place.guest().get(back), FAILED)
    guest.cookies.pop("__Host-session-willow")
    assert is_refused(guest.get(back), FAILED)
    guest.cookies |= kept
    assert guest.is_in()


def test_a_return_that_signed_someone_else_in_leads_nobody_home(place: Place, guest: Guest) -> None:
    back = guest.way_back()
    guest.get(back)
    ana = place.town.signed_in("willow", "ana@example.com")

    assert is_refused(ana.get(back), FAILED)


def test_a_used_state_takes_no_fresh_code(guest: Guest, google: Provider) -> None:
    back = guest.way_back()
    guest.get(back)
    (asked,) = google.asked
    fresh = without(back, code=google.code_for(asked))

    assert guest.get(fresh).location == "/willow/home"
    assert len(guest.google.exchanges) == 1
    guest.cookies.pop("__Host-session-willow")
    assert is_refused(guest.get(fresh), FAILED)
    assert len(guest.google.exchanges) == 1


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


@pytest.mark.parametrize("planted", ["__Host-google-willow", "__Host-browser-willow"])
@pytest.mark.parametrize("was_here", [True, False])
def test_one_cookie_that_an_attacker_plants_is_not_enough(place: Place, planted: str, *, was_here: bool) -> None:
    attacker, victim = place.guest(), place.guest()
    trap = attacker.way_back()
    if was_here:
        victim.leave()
    victim.cookies[planted] = attacker.cookies[planted]

    assert is_refused(victim.get(trap), FAILED)
    assert not victim.is_in()
    assert attacker.get(trap).status == 303


def test_whoever_is_signed_in_as_someone_else_is_asked_before_google_switches_accounts(
    place: Place, guest: Guest
) -> None:
    place.town.new_day()
    guest.press(place.town.link("willow", "ana@example.com"))
    account = guest.get("/willow/session").document["account"]
    before = place.sessions()

    asked = guest.get(guest.way_back())
    assert asked.status == 200
    assert asked.page.heading == "Switch to another account?"
    assert "m•••@gmail.com" in asked.page.text
    assert guest.get("/willow/session").document["account"] == account
    assert place.sessions() == before

    agreed = guest.google.consented(guest.leave(switch="yes"))
    assert guest.get(agreed).location == "/willow/profiles"
    assert guest.get("/willow/session").document["account"] != account


def test_an_attackers_code_with_the_victims_state_proves_nothing(place: Place, guest: Guest, google: Provider) -> None:
    attacker = place.guest()
    attacker.way_back()
    stolen = google.code_for(google.asked[-1])
    assert is_refused(guest.get(without(guest.way_back(), code=stolen)), FAILED)
    assert not guest.is_in()


def test_two_cookies_of_one_name_are_refused(guest: Guest) -> None:
    back = guest.way_back()
    own = "; ".join(f"{name}={value}" for name, value in guest.cookies.items())
    both = f"__Host-google-willow=x; {own}"
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
