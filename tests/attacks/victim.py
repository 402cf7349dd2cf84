"""Those who are attacked, those who live beside them, and what both can still do meanwhile."""

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from local import oidc_provider
from tests.kit.live_portal import Town
from tests.kit.provider_consent import agree, leave
from tests.kit.visitors import Answer

MARIA, LUIS, ANA = "maria.gomez@gmail.com", "luis@example.com", "ana@example.com"
HANDS = 8


def at_once[Tried](attempt: Callable[[Tried], Answer], tries: Iterable[Tried]) -> list[int]:
    """The statuses of attempts, several of which are under way at any moment."""
    with ThreadPoolExecutor(HANDS) as hands:
        return [answer.status for answer in hands.map(attempt, tries)]


class Victim:
    """Maria at Willow, who has a link in her mailbox, a Google Account, and a browser that knows her."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self._known = town.signed_in("willow", MARIA)
        self._known.press("/willow/sign-out")
        town.new_day()
        assert self._known.ask("willow", MARIA).status == 303
        town.letter(MARIA)

    def is_let_in(self, *, by_pin: bool = True) -> None:
        """She comes in by her newest link, by Google, from her own browser, and by a PIN that is read out to her."""
        link = next(letter["url"] for letter in self._town.letters(MARIA) if letter["url"])
        assert self._town.browser().press(link).location == "/willow/profiles"
        elsewhere = self._town.browser()
        assert elsewhere.get(agree(leave(elsewhere), oidc_provider.ACCOUNTS[0])).location == "/willow/profiles"
        letters = len(self._town.letters(MARIA))
        assert self._known.ask("willow", MARIA).status == 303
        assert self._known.get(self._town.letter(MARIA, letters + 1)["url"]).location == "/willow/profiles"
        desk = self._town.desk()
        typed = self._known.press("/willow/pin", email=MARIA, pin=desk.pin(desk.client(MARIA)))
        assert typed.status == (303 if by_pin else 429)

    def has_peace_around(self, *, by_pin: bool = True) -> None:
        """Nobody else pays: neither another client, nor another practice."""
        for practice, address in (("willow", LUIS), ("harbor", ANA)):
            assert self._town.browser().press(self._town.link(practice, address)).location == f"/{practice}/home"
            desk = self._town.desk(practice)
            typed = self._town.app().post(f"/{practice}/pin", email=address, pin=desk.pin(desk.client(address)))
            assert typed.status == (200 if by_pin or practice == "harbor" else 429)
