"""The attacked client, her neighbours, and checks that they can still sign in during an attack."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from local import oidc_provider
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal
from tests.kit.provider_consent import approve, start_sign_in

MARIA, LUIS, ANA = "maria.gomez@gmail.com", "luis@example.com", "ana@example.com"
PARALLEL_REQUESTS = 8


def at_once[Tried](attempt: Callable[[Tried], HttpResponse], tries: Iterable[Tried]) -> list[int]:
    """Make several attempts in parallel, and return their statuses."""
    with ThreadPoolExecutor(PARALLEL_REQUESTS) as hands:
        return [answer.status for answer in hands.map(attempt, tries)]


class Victim:
    """Maria at Willow. She has a link in her mailbox, a Google Account and a known browser."""

    def __init__(self, live_portal: LivePortal) -> None:
        self._portal = live_portal
        self._known = live_portal.signed_in(MARIA)
        self._known.post("/willow/sign-out")
        live_portal.new_day()
        assert self._known.request_link(MARIA).status == 303
        live_portal.letter(MARIA)

    def can_sign_in(self, *, by_pin: bool = True) -> None:
        """Fail unless Maria can sign in by her newest link, Google, a new link in her known browser, and PIN."""
        link = next(letter["url"] for letter in self._portal.letters(MARIA) if letter["url"])
        assert self._portal.browser().post(link).location == "/willow/profiles"
        elsewhere = self._portal.browser()
        assert (
            elsewhere.get(approve(start_sign_in(elsewhere), oidc_provider.ACCOUNTS[0])).location == "/willow/profiles"
        )
        letters = len(self._portal.letters(MARIA))
        assert self._known.request_link(MARIA).status == 303
        assert self._known.get(self._portal.letter(MARIA, letters + 1)["url"]).location == "/willow/profiles"
        clinician = self._portal.clinician()
        typed = self._known.post("/willow/pin", {"email": MARIA, "pin": clinician.pin(clinician.client_with(MARIA))})
        assert typed.status == (303 if by_pin else 429)

    def neighbours_unaffected(self, *, by_pin: bool = True) -> None:
        """Fail unless another client and another practice can use links and PINs as usual."""
        for practice, address in (("willow", LUIS), ("harbor", ANA)):
            assert self._portal.browser().post(self._portal.link(address, practice)).location == f"/{practice}/home"
            clinician = self._portal.clinician(practice)
            typed = self._portal.app().post(
                f"/{practice}/pin", {"email": address, "pin": clinician.pin(clinician.client_with(address))}
            )
            assert typed.status == (200 if by_pin or practice == "harbor" else 429)
