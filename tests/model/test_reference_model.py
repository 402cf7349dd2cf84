"""The service and the reference model have the same outcome at every step of 48 hours."""

import gc
import logging
import os
from collections.abc import Iterator
from itertools import count

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from latchkey import tokens
from tests.model.backend import Backend, running_backend
from tests.model.limits import DAY, HOUR, MINUTE
from tests.model.state import ABSOLUTE_TIMEOUT, IDLE_TIMEOUT
from tests.model.steps import ADDRESSES, ELSEWHERE, END, GOOGLE, PEOPLE, SOURCES, Coverage, Steps, pick

STEPS = int(os.environ.get("LATCHKEY_MODEL_STEPS", "5000"))
FIRST = int.from_bytes(os.urandom(4)) if "LATCHKEY_MODEL_STEPS" in os.environ else 1
"""Seed of the first runs. It is random if LATCHKEY_MODEL_STEPS is set."""
TEST_COUNT = 12
"""The number of tests that share the steps. Short tests let all processes end at the same time."""
RUNS, STEPS_A_RUN = 5, 100
"""Runs for each seed, and the most steps of a run."""

browsers = st.integers(0, len(SOURCES) - 1)
practices = st.sampled_from(["willow", "willow", "harbor"])
addresses = st.sampled_from(ADDRESSES)
people = st.integers(0, len(PEOPLE) - 1)
recent = st.integers(0, 7)
"""The number of newer items."""
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
"""Steps between the start and the end of a sign-in."""


class SigningIn(Steps):
    """Two practices, their clients, five browsers, Google, the mail and the clock."""

    # ── clients ──

    @rule(browser=browsers, practice=practices, address=addresses, capitals=st.booleans())
    def ask(self, browser: int, practice: str, address: str, capitals: bool) -> None:
        """Request a link."""
        self._tick()
        self._ask(self.browsers[browser], practice, address, f" {address.upper()}" if capitals else address)

    @precondition(lambda self: self._links())
    @rule(browser=st.none() | browsers, which=recent, submit=st.booleans(), switch=st.booleans(), here=often)
    def open(self, browser: int | None, which: int, submit: bool, switch: bool, here: bool) -> None:
        """Open a link, or submit its form. The link may be old or used, the browser or the practice another one."""
        self._tick()
        request = pick(self._links(), which)
        practice = request.account.practice
        askers = (one for one in self.browsers if one.known.link_requests.get(practice, (None, ""))[0] is request)
        device = next(askers, self.browsers[0]) if browser is None else self.browsers[browser]
        if here:
            self._open(device, request, submit, switch)
        else:
            path = (self.mail[request].path or "").replace(f"/{practice}/", f"/{ELSEWHERE[practice]}/")
            outcome = self.service.open(device.real, path, submit=submit)
            self._agree(outcome, lambda: self.model.open_elsewhere(device.known, submit=submit))

    @precondition(lambda self: self.pins)
    @rule(browser=browsers, which=recent, right_address=often)
    def type_pin(self, browser: int, which: int, right_address: bool) -> None:
        """Submit a PIN, with its address or another one. The PIN may be old or used."""
        self._tick()
        account, digits = pick(self.pins, which)
        address = account.address if right_address else next(one for one in ADDRESSES if one != account.address)
        self._type(self.browsers[browser], account.practice, address, digits)

    @rule(browser=browsers, practice=practices, address=addresses)
    def guess(self, browser: int, practice: str, address: str) -> None:
        """Submit a wrong PIN."""
        self._tick()
        self._type(self.browsers[browser], practice, address, self._wrong(practice, address))

    @rule(browser=browsers, practice=practices)
    def start_google(self, browser: int, practice: str) -> None:
        """Start sign-in with Google."""
        self._tick()
        self._start_google(self.browsers[browser], practice)

    @precondition(lambda self: self.model.starts)
    @rule(which=st.integers(0, 2), here=often, browser=browsers, google=st.integers(0, len(GOOGLE) - 1))
    def return_from_google(self, which: int, here: bool, browser: int, google: int) -> None:
        """Return from Google, once or repeatedly, in the browser that started or in another."""
        self._tick()
        start = pick(self.model.starts, which)
        left = next(one for one in self.browsers if one.known is start.browser)
        device = left if here else self.browsers[browser]
        self._return_from_google(device, start, GOOGLE[google])

    @rule(browser=browsers, practice=practices, signs_out=st.booleans())
    def who_am_i(self, browser: int, practice: str, signs_out: bool) -> None:
        """Read the session of a browser, and sign out if `signs_out`."""
        self._tick()
        device = self.browsers[browser]
        self._session_account(device, practice)
        if signs_out:
            outcome = self.service.sign_out(device.real, practice)
            self._agree(outcome, lambda: self.model.sign_out(device.known, practice))

    @rule(
        browser=browsers,
        who=people,
        how=st.sampled_from(["mail", "link", "pin", "google"]),
        meanwhile=st.sampled_from([[]] * 5 + BETWEEN),
        left=st.sampled_from([None, None, None, 0, 1, 2]),
        twice=st.booleans(),
    )
    def sign_in(self, browser: int, who: int, how: str, meanwhile: list[str], left: int | None, twice: bool) -> None:
        """Sign in, with the steps `meanwhile` between start and end, and once more if `twice`.

        `left` are the seconds that link, PIN or state are still valid.
        """
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
        self._wait_until(0 if left is None else max(self.model.moments(how), default=0) - left)
        self._arrive(device, account, how)
        if twice:
            self._deliver(list(self.bodies)[-1:])
            self._tick()
            self._arrive(device, account, how)

    @precondition(lambda self: self.model.now < END - 12 * HOUR)
    @rule(browser=browsers, practice=practices)
    def stay(self, browser: int, practice: str) -> None:
        """Keep a session active until its absolute timeout."""
        device = self.browsers[browser]
        while self._session_account(device, practice):
            session = device.known.sessions[practice]
            self._wait_until(min(session.seen_at + IDLE_TIMEOUT - 1, session.started_at + ABSOLUTE_TIMEOUT))

    @rule(
        what=st.sampled_from(["ask"] * 9 + ["type"] * 9 + ["open", "leave"]),
        browser=browsers,
        address=addresses,
        which=recent,
    )
    def hurry(self, what: str, browser: int, address: str, which: int) -> None:
        """Repeat a request from one source until it is rate limited twice."""
        device, links, waits = self.browsers[browser], self._links(), 0
        for turn in range(32):
            self._tick()
            typed = ADDRESSES[turn % len(ADDRESSES)] if which % 2 else address
            match what:
                case "ask":
                    waits += bool(self._ask(device, "willow", typed, typed).seconds)
                case "open" if links:
                    waits += bool(self._open(device, pick(links, which), submit=True, switch=False).seconds)
                case "type":
                    waits += bool(self._type(device, "willow", typed, self._wrong("willow", typed)).seconds)
                case "leave":
                    waits += bool(self._start_google(device, "willow").seconds)
            if waits == 2 or (what == "open" and not links):
                return

    # ── clinicians ──

    @rule(who=people, what=st.sampled_from(["pin", "pin", "disable", "invite", "invite", "sign out", "unbind"]))
    def change_access(self, who: int, what: str) -> None:
        """Create a PIN, disable or reinstate access, end sessions, or unlink the identity."""
        self._tick()
        self._change_access(self.people[who], what)

    @rule(
        who=people,
        address=st.none() | addresses,
        how=st.sampled_from(["save", "save", "move", "move", "invite"]),
        consent=st.booleans(),
    )
    def change_address(self, who: int, address: str | None, how: str, consent: bool) -> None:
        """Save an address, move access there, or invite it."""
        self._tick()
        person = self.people[who]
        to = address or person.client.address
        if how == "invite":
            outcome = self.service.invite(*person.place, to)
            self._agree(outcome, lambda: self.model.invite(person.client, to))
        else:
            agreed = how == "move"
            outcome = self.service.change_address(*person.place, to, consent=consent, agreed=agreed)
            self._agree(outcome, lambda: self.model.change_address(person.client, to, consent=consent, agreed=agreed))

    # ── mail ──

    @precondition(lambda self: self.waiting)
    @rule(first=st.none() | recent)
    def deliver(self, first: int | None) -> None:
        """Run the queued mail jobs in order, or one of them first."""
        self._deliver(self.waiting if first is None else [pick(self.waiting, first)])

    @precondition(lambda self: self.bodies)
    @rule(order=st.lists(recent, min_size=1, max_size=3))
    def redeliver(self, order: list[int]) -> None:
        """Redeliver messages in any order."""
        self._deliver([pick(list(self.bodies), which) for which in order])

    @precondition(lambda self: self.mail)
    @rule(which=recent, kind=st.sampled_from(["Delivery", "Bounce", "Transient", "Complaint"]))
    def report(self, which: int, kind: str) -> None:
        """Report an event of SES about a mail."""
        self._tick()
        request, mail = pick(list(self.mail.items()), which)
        if kind in ("Bounce", "Transient"):
            bounce = {"bounceType": "Permanent" if kind == "Bounce" else kind}
            self.service.report(mail, "Bounce", bounce=bounce)
        else:
            self.service.report(mail, kind)
        self.model.report(request, stops=kind in ("Bounce", "Complaint"))

    # ── time ──

    @precondition(lambda self: self.model.now < END)
    @rule(
        seconds=st.sampled_from(
            [30, MINUTE, 5 * MINUTE, 10 * MINUTE, 19 * MINUTE, 30 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 13 * HOUR, DAY]
        )
    )
    def wait(self, seconds: int) -> None:
        """Let time pass."""
        self._tick(seconds)

    @precondition(lambda self: self.model.now < END)
    @rule(
        what=st.sampled_from(["link", "mail", "session", "pin", "google", "limit"]),
        which=recent,
        before=st.integers(0, 2),
    )
    def wait_until(self, what: str, which: int, before: int) -> None:
        """Let time pass until the second at which something ends, or one or two seconds before."""
        moments = sorted(set(self.model.moments(what)))
        if moments:
            self._wait_until(moments[which % len(moments)] - before)
        if what in ("link", "session"):
            self._check_everything()
        elif what == "pin":
            self._check_clients()

    # ── who may sign in ──

    @invariant()
    def agreed(self) -> None:
        """Count a step, and run its check."""
        self.coverage.steps += 1
        self._check_next()


@pytest.fixture(scope="module")
def place() -> Iterator[Backend]:
    with pytest.MonkeyPatch.context() as patch:
        # other tests check how slow PBKDF2 is
        patch.setattr(tokens, "PIN_ROUNDS", 1000)
        # other tests check the log, and its thousands of lines would hide a failure
        logging.disable()
        with running_backend() as backend:
            # objects that exist now live as long as the tests, so the garbage collector need not look at them
            gc.collect()
            gc.freeze()
            yield backend
            gc.unfreeze()
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("part", range(TEST_COUNT))
def test_the_service_and_the_model_agree_at_every_step_on_who_may_sign_in(place: Backend, part: int) -> None:
    SigningIn.backend, SigningIn.coverage = place, Coverage()
    for number in count(FIRST + part, TEST_COUNT):
        run_state_machine_as_test(
            seed(number)(SigningIn),
            settings=settings(
                max_examples=RUNS, stateful_step_count=STEPS_A_RUN, suppress_health_check=list(HealthCheck)
            ),
        )
        if SigningIn.coverage.steps >= STEPS / TEST_COUNT:
            return


def test_after_the_reported_wait_the_next_request_succeeds(place: Backend) -> None:
    """Two limits can be full at once, and the limit that is checked first may end before the other."""
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
    """Its mail bounced while it was another client's. Saving it for the next client confirms it."""
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


def test_a_clinician_creates_thirty_pins_and_invitations_in_a_minute_at_all_practices_together(place: Backend) -> None:
    SigningIn.backend, SigningIn.coverage = place, Coverage()
    walk = SigningIn()
    walk.begin(watched=False)
    for _ in range(29):
        walk.change_access(who=0, what="pin")
    for what in ("unbind", "disable", "pin", "invite", "pin", "invite"):
        walk.change_access(who=0, what=what)
    walk.change_address(who=1, address="nobody@example.com", how="move", consent=True)
    walk.change_address(who=1, address="nobody@example.com", how="save", consent=True)
    walk.change_access(who=2, what="pin")
    walk.wait(seconds=MINUTE)
    walk.change_access(who=2, what="pin")
    walk.teardown()

    assert SigningIn.coverage.outcomes["made"] == 30
    assert SigningIn.coverage.outcomes["wait"] == 4
