"""Tests of which account an identity at Google may sign in to. Access can change while the person is at Google."""

from tests.identity.fake_provider import FakeProvider
from tests.identity.provider_portal import UNMATCHED, ProviderBrowser, ProviderPortal, is_refused

OTHER = "115792089237316195423"


def test_the_first_google_account_decides_from_then_on(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    guest.sign_in_with_google()
    google.claims["sub"] = OTHER
    another = place.guest()

    answer = another.sign_in_with_google()
    assert is_refused(answer, UNMATCHED)
    assert not another.is_signed_in()
    assert place.refusals()[-1] == "another_subject"
    rows = place.live_portal.items("Events", kind="google_refused")
    assert answer.page.one("code").text in [row["reference"] for row in rows], "a clinician finds it (B145)"
    google.claims.clear()
    assert place.guest().sign_in_with_google().status == 303


def test_a_clinician_can_unlink_the_identity(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    guest.sign_in_with_google()
    assert place.clinician("DELETE", f"{place.client()}/google") == 204
    google.claims["sub"] = OTHER
    assert place.guest().sign_in_with_google().status == 303
    google.claims.clear()
    assert is_refused(place.guest().sign_in_with_google(), UNMATCHED)


def test_two_google_accounts_that_come_first_at_once_are_not_both_linked(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    back, other = guest.google_callback(), place.guest()
    others = other.google_callback()
    assert guest.get(back).status == 303
    google.claims["sub"] = OTHER
    assert is_refused(other.get(others), UNMATCHED)


def test_a_refused_google_account_is_not_linked(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    google.claims["email_verified"] = False
    guest.sign_in_with_google()
    assert "google" not in place.account()


def test_access_that_has_ended_meanwhile_opens_nothing(place: ProviderPortal, guest: ProviderBrowser) -> None:
    back = guest.google_callback()
    assert place.clinician("DELETE", f"{place.client()}/portal-access") == 204
    try:
        assert is_refused(guest.get(back), UNMATCHED)
        assert is_refused(place.guest().sign_in_with_google(), UNMATCHED)
        assert place.refusals()[-2:] == ["no_access", "no_access"]
    finally:
        reinvited(place)
    place.live_portal.wait(1)
    assert place.guest().sign_in_with_google().status == 303


def test_access_that_has_ended_and_been_restored_meanwhile_opens_nothing_either(
    place: ProviderPortal, guest: ProviderBrowser
) -> None:
    back = guest.google_callback()
    place.live_portal.wait(5)
    assert place.clinician("DELETE", f"{place.client()}/portal-access") == 204
    place.live_portal.wait(5)
    reinvited(place)
    place.live_portal.wait(5)

    assert is_refused(guest.get(back), UNMATCHED)
    assert not guest.is_signed_in()
    assert place.refusals()[-1] == "ended_since"
    assert place.guest().sign_in_with_google().status == 303


def test_someone_signed_out_everywhere_may_sign_in_anew(place: ProviderPortal, guest: ProviderBrowser) -> None:
    guest.sign_in_with_google()
    assert place.clinician("DELETE", f"{place.client()}/sessions") == 204
    assert not guest.is_signed_in()
    place.live_portal.wait(1)
    assert guest.sign_in_with_google().status == 303


def test_someone_without_access_is_refused_like_a_stranger(place: ProviderPortal, google: FakeProvider) -> None:
    stranger = place.guest()
    google.claims["email"] = "pat.quinn@gmail.com"

    assert is_refused(stranger.sign_in_with_google(), UNMATCHED)
    assert place.refusals()[-1] == "no_access"


def test_the_clinician_can_see_that_google_was_refused(
    place: ProviderPortal, guest: ProviderBrowser, google: FakeProvider
) -> None:
    guest.sign_in_with_google()
    google.claims["sub"] = OTHER
    place.guest().sign_in_with_google()
    assert place.clinician("GET", f"{place.client()}/diagnosis") == 200
    assert place.refusals()[-1] == "another_subject"


def reinvited(place: ProviderPortal) -> None:
    """Invite Maria after her access has ended."""
    assert place.clinician("POST", f"{place.client()}/invitations", body={}) == 201
