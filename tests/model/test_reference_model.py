"""The service and the model go through the same 48 hours, and at every step agree on who may sign in."""

import logging
import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from latchkey import tokens
from tests.model.limits import DAY, HOUR, MINUTE
from tests.model.service import Backend, running_backend
from tests.model.state import ABSOLUTE, IDLE
from tests.model.steps import ADDRESSES, ELSEWHERE, END, GOOGLE, PEOPLE, SOURCES, Coverage, Steps, pick

STEPS = int(os.environ.get("LATCHKEY_MODEL_STEPS", "5000"))
FIRST = int.from_bytes(os.urandom(4)) if "LATCHKEY_MODEL_STEPS" in os.environ else 1
"""Seed of the first runs; whoever wants more steps than the usual ones gets other ones, too."""
PARTS = 12
"""The steps are spread over short tests, so that no process is left with a long one at the end. Each takes one seed of
the usual ones."""
RUNS, STEPS_A_RUN = 5, 100
"""For each seed, and at most."""

browsers = st.integers(0, len(SOURCES) - 1)
practices = st.sampled_from(["willow", "willow", "harbor"])
addresses = st.sampled_from(ADDRESSES)
people = st.integers(0, len(PEOPLE) - 1)
recent = st.integers(0, 7)
"""How many came after it."""
often = st.sampled_from([True, True, True, False])
BETWEEN: list[list[str]] = [
    ["disable"],
    *[["disable", "invite"]] * 3,
    ["sign out"],
    ["pin"],
    [*["guess"] * 5, "pin", "wait"],
    [*["guess"] * 4, "wait"],
    [*["guess"] * 5, "wait"],
]
"""What can come between setting out to sign in and arriving."""


class SigningIn(Steps):
    """Two practices, their clients, five browsers, Google, the mail and the clock."""

    # ── what visitors do ──

    @rule(browser=browsers, practice=practices, address=addresses, capitals=st.booleans())
    def ask(self, browser: int, practice: str, address: str, capitals: bool) -> None:
        """Ask for a link."""
        self._tick()
        self._ask(self.browsers[browser], practice, address, f" {address.upper()}" if capitals else address)

    @precondition(lambda self: self._links())
    @rule(browser=st.none() | browsers, which=recent, press=st.booleans(), switch=st.booleans(), here=often)
    def open(self, browser: int | None, which: int, press: bool, switch: bool, here: bool) -> None:
        """Open a link, new or old or used, or press the button behind it, in the browser that asked for it or in
        another, or even at another practice."""
        self._tick()
        request = pick(self._links(), which)
        practice = request.account.practice
        askers = (one for one in self.browsers if one.known.link_requests.get(practice, (None, ""))[0] is request)
        device = next(askers, self.browsers[0]) if browser is None else self.browsers[browser]
        if here:
            self._open(device, request, press, switch)
        else:
            path = (self.mail[request].path or "").replace(f"/{practice}/", f"/{ELSEWHERE[practice]}/")
            outcome = self.service.open(device.real, path, press=press)
            self._agree(outcome, lambda: self.world.open_elsewhere(device.known, press=press))

    @precondition(lambda self: self.pins)
    @rule(browser=browsers, which=recent, right_address=often)
    def type_pin(self, browser: int, which: int, right_address: bool) -> None:
        """Type a PIN, new or old or used, with its address or another one."""
        self._tick()
        account, digits = pick(self.pins, which)
        address = account.address if right_address else next(one for one in ADDRESSES if one != account.address)
        self._type(self.browsers[browser], account.practice, address, digits)

    @rule(browser=browsers, practice=practices, address=addresses)
    def guess(self, browser: int, practice: str, address: str) -> None:
        """Type a PIN that nobody was told."""
        self._tick()
        self._type(self.browsers[browser], practice, address, self._wrong(practice, address))

    @rule(browser=browsers, practice=practices)
    def leave(self, browser: int, practice: str) -> None:
        """Leave for Google."""
        self._tick()
        self._leave(self.browsers[browser], practice)

    @precondition(lambda self: self.world.starts)
    @rule(which=st.integers(0, 2), here=often, browser=browsers, google=st.integers(0, len(GOOGLE) - 1))
    def come_back(self, which: int, here: bool, browser: int, google: int) -> None:
        """Return from Google, in the browser that left or in another, for the first time or again."""
        self._tick()
        start = pick(self.world.starts, which)
        left = next(one for one in self.browsers if one.known is start.browser)
        device = left if here else self.browsers[browser]
        self._come_back(device, start, GOOGLE[google])

    @rule(browser=browsers, practice=practices, signs_out=st.booleans())
    def who_am_i(self, browser: int, practice: str, signs_out: bool) -> None:
        """Ask who is signed in here, and perhaps sign out."""
        self._tick()
        device = self.browsers[browser]
        self._who_is_in(device, practice)
        if signs_out:
            outcome = self.service.sign_out(device.real, practice)
            self._agree(outcome, lambda: self.world.sign_out(device.known, practice))

    @rule(
        browser=browsers,
        who=people,
        how=st.sampled_from(["mail", "link", "pin", "google"]),
        meanwhile=st.sampled_from([[]] * 5 + BETWEEN),
        left=st.sampled_from([None, None, None, 0, 1, 2]),
        twice=st.booleans(),
    )
    def sign_in(self, browser: int, who: int, how: str, meanwhile: list[str], left: int | None, twice: bool) -> None:
        """Do all that it takes to sign in, at once or when so many seconds are `left`, if nothing comes in between; and
        perhaps try to do so once more."""
        device, person, account = self.browsers[browser], self.people[who], self.people[who].client.own
        if account is None:
            return
        self._tick()
        self._set_out(device, person, account, how)
        for what in meanwhile:
            self._tick(15 * MINUTE if what == "wait" else 1)
            if what == "guess":
                self._type(device, account.practice, account.address, self._wrong(account.practice, account.address))
            elif what != "wait":
                self._change_access(person, what)
        self._wait_until(0 if left is None else max(self.world.moments(how), default=0) - left)
        self._arrive(device, account, how)
        if twice:
            self._deliver(list(self.bodies)[-1:])
            self._tick()
            self._arrive(device, account, how)

    @precondition(lambda self: self.world.now < END - 12 * HOUR)
    @rule(browser=browsers, practice=practices)
    def stay(self, browser: int, practice: str) -> None:
        """Never be silent for long, until signed out all the same."""
        device = self.browsers[browser]
        while self._who_is_in(device, practice):
            session = device.known.sessions[practice]
            self._wait_until(min(session.seen_at + IDLE - 1, session.started_at + ABSOLUTE))

    @rule(
        what=st.sampled_from(["ask"] * 9 + ["type"] * 9 + ["open", "leave"]),
        browser=browsers,
        address=addresses,
        which=recent,
    )
    def hurry(self, what: str, browser: int, address: str, which: int) -> None:
        """Do something from one place until it is refused for a while, and once more."""
        device, links, waits = self.browsers[browser], self._links(), 0
        for turn in range(32):
            self._tick()
            typed = ADDRESSES[turn % len(ADDRESSES)] if which % 2 else address
            match what:
                case "ask":
                    waits += bool(self._ask(device, "willow", typed, typed).seconds)
                case "open" if links:
                    waits += bool(self._open(device, pick(links, which), press=True, switch=False).seconds)
                case "type":
                    waits += bool(self._type(device, "willow", typed, self._wrong("willow", typed)).seconds)
                case "leave":
                    waits += bool(self._leave(device, "willow").seconds)
            if waits == 2 or (what == "open" and not links):
                return

    # ── what clinicians do ──

    @rule(who=people, what=st.sampled_from(["pin", "pin", "disable", "invite", "invite", "sign out", "unbind"]))
    def change_access(self, who: int, what: str) -> None:
        """Make a PIN, end access or give it back, end sessions, or let another Google account be the first."""
        self._tick()
        self._change_access(self.people[who], what)

    @rule(
        who=people,
        address=st.none() | addresses,
        how=st.sampled_from(["save", "save", "move", "move", "invite"]),
        consent=st.booleans(),
    )
    def change_address(self, who: int, address: str | None, how: str, consent: bool) -> None:
        """Save an address, the same again or another; move access there, in one of two ways."""
        self._tick()
        person = self.people[who]
        to = address or person.client.address
        if how == "invite":
            outcome = self.service.invite(*person.place, to)
            self._agree(outcome, lambda: self.world.invite(person.client, to))
        else:
            agreed = how == "move"
            outcome = self.service.change_address(*person.place, to, consent=consent, agreed=agreed)
            self._agree(outcome, lambda: self.world.change_address(person.client, to, consent=consent, agreed=agreed))

    # ── what becomes of mail ──

    @precondition(lambda self: self.waiting)
    @rule(first=st.none() | recent)
    def deliver(self, first: int | None) -> None:
        """Keep the promises that wait, in the order in which they were made, or one before the others."""
        self._deliver(self.waiting if first is None else [pick(self.waiting, first)])

    @precondition(lambda self: self.bodies)
    @rule(order=st.lists(recent, min_size=1, max_size=3))
    def redeliver(self, order: list[int]) -> None:
        """Hand the worker messages that it may have had already, in any order."""
        self._deliver([pick(list(self.bodies), which) for which in order])

    @precondition(lambda self: self.mail)
    @rule(which=recent, kind=st.sampled_from(["Delivery", "Bounce", "Transient", "Complaint"]))
    def report(self, which: int, kind: str) -> None:
        """What became of a mail."""
        self._tick()
        request, mail = pick(list(self.mail.items()), which)
        if kind in ("Bounce", "Transient"):
            bounce = {"bounceType": "Permanent" if kind == "Bounce" else kind}
            self.service.report(mail, "Bounce", bounce=bounce)
        else:
            self.service.report(mail, kind)
        self.world.report(request, stops=kind in ("Bounce", "Complaint"))

    # ── what becomes of time ──

    @precondition(lambda self: self.world.now < END)
    @rule(
        seconds=st.sampled_from(
            [30, MINUTE, 5 * MINUTE, 10 * MINUTE, 19 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 13 * HOUR, DAY]
        )
    )
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self._tick(seconds)

    @precondition(lambda self: self.world.now < END)
    @rule(
        what=st.sampled_from(["link", "mail", "session", "pin", "google", "limit"]),
        which=recent,
        before=st.integers(0, 2),
    )
    def wait_until(self, what: str, which: int, before: int) -> None:
        """Let time pass until the very second at which something ends, or one before: the next step takes one more."""
        moments = sorted(set(self.world.moments(what)))
        if moments:
            self._wait_until(moments[which % len(moments)] - before)
        if what in ("link", "session"):
            self._look_at_everything()
        elif what == "pin":
            self._look_at_clients()

    # ── who may sign in ──

    @invariant()
    def agreed(self) -> None:
        """Nobody gets in who may not, and whoever may does."""
        self.coverage.steps += 1
        self._look()


@pytest.fixture(scope="module")
def place() -> Iterator[Backend]:
    with pytest.MonkeyPatch.context() as patch:
        # how long a PIN is stretched is another test's affair
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        # what is logged is others' affair too, and thousands of lines around a failure hide it
        patch.setattr(logging.root.manager, "disable", logging.CRITICAL)
        with running_backend() as made:
            yield made


@pytest.mark.parametrize("part", range(PARTS))
def test_the_service_and_the_model_agree_at_every_step_on_who_may_sign_in(place: Backend, part: int) -> None:
    SigningIn.backend, SigningIn.coverage = place, Coverage()
    for number in count(FIRST + part, PARTS):
        run_state_machine_as_test(
            seed(number)(SigningIn),
            settings=settings(
                max_examples=RUNS, stateful_step_count=STEPS_A_RUN, suppress_health_check=list(HealthCheck)
            ),
        )
        if SigningIn.coverage.steps >= STEPS / PARTS:
            return


def test_after_the_reported_wait_the_next_request_succeeds(place: Backend) -> None:
    """Two limits can be full at once, and the one that is looked at first is not the one that ends last."""
    SigningIn.backend, SigningIn.coverage = place, Coverage()
    walk = SigningIn()
    walk.begin(watched=False)
    for _ in range(4):
        walk.ask(browser=0, practice="willow", address="nobody@example.com", capitals=False)
    walk.wait(seconds=14 * MINUTE)
    for address in ["ana@example.com"] * 9 + ["nobody@example.com"] * 2:
        walk.ask(browser=0, practice="willow", address=address, capitals=False)
    walk.teardown()

    assert SigningIn.coverage.outcomes["wait"] == 1


def test_an_address_can_be_confirmed_after_it_was_another_clients(place: Backend) -> None:
    """Its mail came back while it was another client's; whoever gives it to the next one says that it is right."""
    SigningIn.backend, SigningIn.coverage = place, Coverage()
    walk = SigningIn()
    walk.begin(watched=False)
    walk.ask(browser=0, practice="willow", address=PEOPLE[1][2], capitals=False)
    walk.deliver(first=None)
    walk.report(which=0, kind="Complaint")
    walk.change_access(who=1, what="disable")
    walk.change_address(who=0, address=PEOPLE[1][2], how="move", consent=True)
    walk.teardown()

    assert SigningIn.coverage.outcomes["saved"] == 1
