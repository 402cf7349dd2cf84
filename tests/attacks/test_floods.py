"""Floods of requests from one source, from one network and from many sources. The rate limits let an exact number
through, and the attacked clients can still sign in.
"""

from collections import Counter

import pytest

from tests.attacks.victim import ANA, LUIS, MARIA, Victim, at_once
from tests.kit.live_portal import LivePortal
from tools.load.seed import Person, seed

ALL = 300
HOUSES = [f"house{number}@example.com" for number in range(ALL)]
"""Addresses of Willow's other clients."""
WITH_PINS = HOUSES[:10]
SOURCES = [f"100.64.{number >> 8}.{number & 255}" for number in range(ALL)]
A_64 = [f"2001:db8:aa:1:{number:x}::1" for number in range(ALL)]
"""Sources in one /64, as one subscriber has it."""
A_48 = [f"2001:db8:bb:{number % 20:x}::{number:x}" for number in range(ALL)]
"""Sources in one /48: twenty subscribers with fifteen sources each."""


@pytest.fixture(scope="package")
def houses(place: LivePortal) -> None:
    """Put Willow's other clients on file."""
    seed(place.portal, {}, [Person("willow", house) for house in HOUSES])


@pytest.fixture
def pins(live_portal: LivePortal, houses: None) -> dict[str, str]:  # noqa: ARG001 - some of them
    """Return the PINs that some of the other clients have today."""
    return seed(live_portal.portal, {}, [Person("willow", house, pin=True) for house in WITH_PINS])


@pytest.fixture
def victim(live_portal: LivePortal, houses: None) -> Victim:  # noqa: ARG001 - they live beside her
    return Victim(live_portal)


class MailCount:
    """Counts the mail to Willow's other clients from now on."""

    def __init__(self, live_portal: LivePortal) -> None:
        self._portal = live_portal
        self._before = self._sent()

    def sent(self) -> int:
        """Return the number of letters."""
        self._portal.settle()
        return self._sent() - self._before

    def _sent(self) -> int:
        return sum(mail["to"] in HOUSES for mail in self._portal.portal.mail())


def compared(live_portal: LivePortal) -> int:
    """Return the number of wrong PINs that were compared, according to the audit."""
    return len(live_portal.items("Events", kind="pin_refused"))


@pytest.mark.parametrize(
    ("sources", "through"),
    [(SOURCES[:1] * ALL, 10), (A_64, 10), (A_48, 100)],
    ids=["one address", "one subscriber", "one site"],
)
def test_link_requests_for_all_addresses_are_limited_by_source_and_network(
    live_portal: LivePortal, victim: Victim, sources: list[str], through: int
) -> None:
    mail_count, tries = MailCount(live_portal), list(zip(sources, HOUSES, strict=True))
    statuses = at_once(lambda each: live_portal.app(source=each[0]).request_link(each[1]), tries)
    live_portal.wait(61)
    victim.can_sign_in()
    victim.neighbours_unaffected()

    assert Counter(statuses) == {202: through, 429: ALL - through}
    assert mail_count.sent() == through
    assert live_portal.app(source=sources[0]).request_link(HOUSES[0]).status == 429, "the limit still holds"


def test_three_hundred_strangers_cannot_bury_a_client_in_mail(live_portal: LivePortal, victim: Victim) -> None:
    """The second request within a minute sends nothing. After three letters the address is limited. Maria's newest link
    works.
    """
    before = len(live_portal.letters(MARIA))
    waves = []
    for wave in range(4):
        sources = SOURCES[wave::4]
        waves.append(Counter(at_once(lambda source: live_portal.app(source=source).request_link(MARIA), sources)))
        live_portal.wait(61)
    sent = len(live_portal.letters(MARIA)) - before
    victim.can_sign_in()
    victim.neighbours_unaffected()

    assert waves == [{202: ALL // 4}] * 3 + [{429: ALL // 4}]
    assert sent == 3


def test_a_flood_stops_a_practices_mail_for_an_hour_except_to_known_browsers(
    live_portal: LivePortal, victim: Victim
) -> None:
    tries = list(zip(SOURCES, HOUSES, strict=True))
    statuses = at_once(lambda each: live_portal.app(source=each[0]).request_link(each[1]), tries)
    live_portal.wait(61)
    victim.can_sign_in()

    assert Counter(statuses) == {202: ALL}
    assert live_portal.app().request_link(LUIS).status == 429, "the limit still holds"
    assert live_portal.app().request_link(ANA, "harbor").status == 202


def test_of_60_parallel_guesses_at_a_pin_5_are_compared(live_portal: LivePortal, victim: Victim) -> None:
    """The PIN is dead afterwards. A new PIN works in Maria's known browser."""
    clinician, before = live_portal.clinician(), compared(live_portal)
    wrong = f"{(int(clinician.pin(clinician.client_with(MARIA))) + 1) % 10**6:06d}"
    statuses = at_once(
        lambda each: live_portal.app(source=each).post("/willow/pin", {"email": MARIA, "pin": wrong}), SOURCES[:60]
    )
    guesses = compared(live_portal) - before
    live_portal.wait(61)
    victim.can_sign_in()

    assert Counter(statuses) == {422: 5, 429: 55}
    assert guesses == 5
    assert live_portal.app().post("/willow/pin", {"email": MARIA, "pin": wrong}).code == "pin_locked"


@pytest.mark.parametrize(
    ("sources", "limit"), [(SOURCES[:1] * ALL, 10), (SOURCES, 100)], ids=["one address", "everywhere"]
)
def test_one_pin_tried_on_everyone_is_compared_up_to_the_limit(
    victim: Victim, live_portal: LivePortal, pins: dict[str, str], sources: list[str], limit: int
) -> None:
    """After wrong PINs from many sources, the practice accepts no PIN for an hour. Links and Google still work."""
    code = next(f"{number:06d}" for number in range(ALL) if f"{number:06d}" not in pins.values())
    before, tries = compared(live_portal), list(zip(sources, HOUSES, strict=True))
    statuses = at_once(
        lambda each: live_portal.app(source=each[0]).post("/willow/pin", {"email": each[1], "pin": code}), tries
    )
    found, tried = (
        compared(live_portal) - before,
        sum(int(pin["attempts"]) for pin in live_portal.items("Pins", state="live")),
    )
    live_portal.wait(61)
    victim.can_sign_in(by_pin=limit < 100)
    victim.neighbours_unaffected(by_pin=limit < 100)

    assert Counter(statuses) == {422: limit, 429: ALL - limit}
    assert found == limit
    assert tried == statuses[: len(WITH_PINS)].count(422)
