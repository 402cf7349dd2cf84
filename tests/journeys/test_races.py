"""Tests of 32 equal requests at the same moment, on both engines in place of DynamoDB. Exactly one succeeds."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import repeat
from threading import Barrier
from typing import Any, cast
from urllib.parse import urlencode

import pytest

from latchkey import tokens
from local.oidc_provider import ACCOUNTS
from local.stack import Engine
from tests.kit.browser import Browser
from tests.kit.clinician import ClinicianApi
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal, running_portal
from tests.kit.phone import Phone
from tests.kit.provider_consent import approve, start_sign_in

ANA = "ana@example.com"
ROUNDS, CROWD = 20, 32
GUESSES = [f"guess{number}@example.com" for number in range(40)]


@pytest.fixture(scope="module", params=["ministack", "dynamodb-local"])
def place(request: pytest.FixtureRequest) -> Iterator[LivePortal]:
    """Yield a portal on each engine, for these tests alone."""
    with running_portal(cast("Engine", request.param)) as live_portal:
        yield live_portal


@pytest.fixture
def live_portal(place: LivePortal) -> LivePortal:
    """Return the portal on a new day."""
    place.new_day()
    return place


def test_one_link_opens_one_session_in_twenty_rounds_of_thirty_two(live_portal: LivePortal) -> None:
    with ThreadPoolExecutor(CROWD) as crowd:
        for _ in range(ROUNDS):
            link = live_portal.link(ANA)
            before = live_portal.sessions()
            browsers = [live_portal.browser() for _ in range(CROWD)]
            answers = list(crowd.map(Browser.post, browsers, repeat(link)))
            (winner,) = (browser for browser in browsers if browser.cookie("session-willow"))

            assert sorted(answer.status for answer in answers) == [303] + [410] * (CROWD - 1)
            assert winner.get("/willow/session").status == 200
            assert len(live_portal.sessions() - before) == 1
            live_portal.new_day()


def test_thirty_two_presses_for_one_address_send_one_mail(live_portal: LivePortal) -> None:
    for number in range(1, 4):
        browsers = [live_portal.browser() for _ in range(CROWD)]
        with ThreadPoolExecutor(CROWD) as crowd:
            statuses = list(crowd.map(lambda browser: browser.request_link(ANA).status, browsers))

        assert statuses == [303] * CROWD
        assert len(live_portal.letters(ANA)) == number
        live_portal.wait(61)


def test_forty_requests_from_one_place_are_ten_that_count(live_portal: LivePortal) -> None:
    for turn in range(3):
        app = live_portal.app(source=f"192.0.2.{turn}")
        with ThreadPoolExecutor(40) as crowd:
            answers = list(crowd.map(partial(app.request_link, practice="harbor"), GUESSES))

        assert sorted(answer.status for answer in answers) == [202] * 10 + [429] * 30


def test_forty_wrong_addresses_from_one_place_get_five_answers(live_portal: LivePortal) -> None:
    app = live_portal.app()
    with ThreadPoolExecutor(40) as crowd:
        answers = list(crowd.map(app.request_link, GUESSES))

    assert sorted(answer.status for answer in answers) == [422] * 5 + [429] * 35


def test_of_sixty_guesses_at_a_code_five_are_compared(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    pin = clinician.pin(clinician.client_with(ANA))
    guesses = [f"{(int(pin) + number) % 10**6:06d}" for number in range(1, 61)]
    with ThreadPoolExecutor(60) as crowd:
        answers = list(
            crowd.map(lambda guess: live_portal.app().post("/willow/pin", {"email": ANA, "pin": guess}), guesses)
        )
    (account,) = live_portal.items("Accounts", practice="willow", address=ANA)
    (stored,) = live_portal.items("Pins", account=account["key"])

    assert sorted(answer.status for answer in answers) == [422] * 5 + [429] * 55
    assert stored["attempts"] == 5


def test_sixteen_times_the_right_code_opens_one_session(live_portal: LivePortal) -> None:
    clinician = live_portal.clinician()
    pin = clinician.pin(clinician.client_with(ANA))
    before = live_portal.sessions()
    with ThreadPoolExecutor(16) as crowd:
        answers = list(
            crowd.map(lambda _: live_portal.app().post("/willow/pin", {"email": ANA, "pin": pin}), range(16))
        )

    assert [answer.status for answer in answers].count(200) == 1
    assert len(live_portal.sessions() - before) == 1


def test_one_departure_for_google_opens_one_session_in_three_rounds_of_thirty_two_returns(
    live_portal: LivePortal,
) -> None:
    """Each callback has a code of its own, which Google accepts."""
    with ThreadPoolExecutor(CROWD) as crowd:
        for _ in range(3):
            browser = live_portal.browser()
            location = start_sign_in(browser)
            before = live_portal.sessions()
            tabs = [live_portal.browser() for _ in range(CROWD)]
            for tab in tabs:
                tab.cookies = dict(browser.cookies)
            returns = [approve(location, ACCOUNTS[0]) for _ in tabs]
            answers = list(crowd.map(Browser.get, tabs, returns))
            (winner,) = (tab for tab in tabs if tab.cookie("session-willow"))

            assert len(set(returns)) == CROWD
            assert sorted(answer.status for answer in answers) == [303] + [403] * (CROWD - 1)
            assert winner.get("/willow/session").document["method"] == "google"
            assert len(live_portal.sessions() - before) == 1
            live_portal.new_day()


def phone_of(live_portal: LivePortal, browser: Browser) -> tuple[Phone, dict[str, Any]]:
    """Return an app that was just signed in by this browser, and what it got."""
    phone = Phone(live_portal.app(), tokens.random_secret())
    return phone, phone.signed_in(browser)


def devices_of(live_portal: LivePortal, address: str) -> set[str]:
    """Return the ids of the devices that a clinician sees. They outlive the day of a test."""
    clinician = live_portal.clinician()
    listed = clinician.request("GET", "/clients/{client}/devices", client=clinician.client_with(address))
    return {device["id"] for device in listed.document["devices"]}


def renewals(live_portal: LivePortal, refresh_token: str, crowd: int) -> list[Callable[[], HttpResponse]]:
    """Return requests with one refresh token, each from another place."""
    fields = {"refresh_token": refresh_token}
    return [partial(live_portal.app().post, "/willow/app/session", fields) for _ in range(crowd)]


def at_once(calls: Sequence[Callable[[], HttpResponse]]) -> list[HttpResponse]:
    """Return the responses to requests that are sent at the same moment."""
    start = Barrier(len(calls))

    def send(call: Callable[[], HttpResponse]) -> HttpResponse:
        start.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as crowd:
        return list(crowd.map(send, calls))


def test_an_apps_code_that_is_sent_thirty_two_times_makes_one_device(live_portal: LivePortal) -> None:
    """B221"""
    browser = live_portal.signed_in(ANA)
    phone = Phone(live_portal.app(), tokens.random_secret())
    code, before = phone.code(browser), devices_of(live_portal, ANA)
    answers = at_once([partial(Phone(live_portal.app(), phone.verifier).redeem, code) for _ in range(CROWD)])
    (winner,) = (answer.document for answer in answers if answer.status == 200)

    assert {answer.status for answer in answers} <= {200, 403, 503}
    assert {answer.document["code"] for answer in answers if answer.status == 403} == {"app_code_refused"}
    assert devices_of(live_portal, ANA) - before == {winner["device"]}
    assert phone.is_in(winner)
    assert phone.redeem(code).status == 403
    assert browser.is_signed_in()


def test_a_refresh_token_that_is_sent_eight_times_leaves_nothing_signed_in(live_portal: LivePortal) -> None:
    """B224: the device ends with the second use, also for the first of them."""
    browser = live_portal.signed_in(ANA)
    other, untouched = phone_of(live_portal, browser)
    phone, first = phone_of(live_portal, browser)
    answers = at_once(renewals(live_portal, first["refresh_token"], 8))
    renewed = [answer.document for answer in answers if answer.status == 200]

    assert len(renewed) <= 1
    assert {answer.status for answer in answers} <= {200, 403, 503}
    codes = {answer.document["code"] for answer in answers if answer.status == 403}
    assert "refresh_token_reused" in codes
    assert codes <= {"refresh_token_reused", "refresh_token_refused"}
    assert not any(phone.is_in(document) for document in (first, *renewed))
    for document in (first, *renewed):
        assert phone.send(refresh_token=document["refresh_token"]).document["code"] == "refresh_token_refused"
    # the other device of the same person is another family
    assert other.is_in(untouched)
    assert devices_of(live_portal, ANA) & {first["device"], untouched["device"]} == {untouched["device"]}


def test_a_device_that_a_clinician_ends_while_it_is_renewed_opens_nothing_afterwards(live_portal: LivePortal) -> None:
    """B226"""
    browser, clinician = live_portal.signed_in(ANA), live_portal.clinician()
    phone, first = phone_of(live_portal, browser)
    client = clinician.client_with(ANA)
    end = partial(
        clinician.request, "DELETE", "/clients/{client}/devices/{device}", client=client, device=first["device"]
    )
    requests = [partial(phone.with_token, first) for _ in range(4)]
    ended, *answers = at_once([end, *requests, *renewals(live_portal, first["refresh_token"], 1)])

    assert ended.status == 204
    assert {answer.status for answer in answers} <= {200, 401, 403, 503}
    documents = [first, *(answer.document for answer in answers if "refresh_token" in answer.document)]
    assert not any(phone.is_in(document) for document in documents)
    for document in documents:
        assert phone.send(refresh_token=document["refresh_token"]).status == 403
    assert first["device"] not in devices_of(live_portal, ANA)


class PracticeSystem:
    """A practice system of Willow, with credentials that an admin made over HTTP."""

    def __init__(self, live_portal: LivePortal) -> None:
        self.portal = live_portal
        self.admin = ClinicianApi(live_portal, live_portal.portal.authorization("willow", "admin"))
        self.made = self.admin.request("POST", "/credentials", {"name": "Race"}).document
        self.api = ClinicianApi(live_portal, f"Bearer {self.sign_in().document['access_token']}", base="/admin/m1")

    def sign_in(self) -> HttpResponse:
        """Ask for an access token."""
        fields = {"grant_type": "client_credentials"} | {
            name: self.made[name] for name in ("client_id", "client_secret")
        }
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.portal.send("POST", "/admin/m1/token", headers, urlencode(fields).encode(), "192.0.2.9")

    def add_client(self, external_id: str) -> int:
        """Put a client on file, and return the status."""
        return self.api.request("POST", "/clients", {"name": "Kim Lee", "external_id": external_id}).status

    def revoke(self) -> int:
        """Revoke the credentials, as their admin."""
        return self.admin.request("DELETE", "/credentials/{credential}", credential=self.made["id"]).status


def test_one_external_id_wanted_thirty_two_times_is_one_clients(live_portal: LivePortal) -> None:
    system = PracticeSystem(live_portal)
    for number in range(2):
        with ThreadPoolExecutor(CROWD) as crowd:
            statuses = list(crowd.map(system.add_client, repeat(f"MRN-{number}", CROWD)))

        assert sorted(status for status in statuses if status != 503) == [201] + [409] * (
            CROWD - 1 - statuses.count(503)
        )
        rows = live_portal.at_rest()["Clients"]
        assert len([row for row in rows if str(row["id"]).count(f"MRN-{number}")]) == 1


def test_credentials_that_are_revoked_while_they_are_used_end_with_the_answer(live_portal: LivePortal) -> None:
    system = PracticeSystem(live_portal)
    with ThreadPoolExecutor(9) as crowd:
        used = [crowd.submit(system.add_client, f"REV-{number}") for number in range(8)]
        assert crowd.submit(system.revoke).result() == 204
        after = [crowd.submit(system.add_client, f"AFTER-{number}") for number in range(8)]
        tokens = [crowd.submit(system.sign_in) for _ in range(4)]

    assert {call.result() for call in used} <= {201, 401}
    assert {call.result() for call in after} == {401}
    assert {call.result().status for call in tokens} == {401}
    assert "AFTER-" not in str(live_portal.at_rest()["Clients"])
