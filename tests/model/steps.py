"""Single steps of a walk through the service, each taken there and in the model, which have to say the same."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize

from tests.kit.browser import Browser
from tests.kit.clock import NOON
from tests.model import state
from tests.model.limits import DAY, HOUR
from tests.model.reference_model import ModelRefusal, Outcome, ReferenceModel
from tests.model.service import Backend, Mail
from tests.model.state import Account, Client, Request, Session, Start

END = NOON + 48 * HOUR

PEOPLE = (
    ("Ana Reyes", "willow", "ana@example.com"),
    ("Maria Gomez", "willow", "maria.gomez@gmail.com"),
    ("Ana R. Smith", "harbor", "ana@example.com"),
)
ADDRESSES = ("ana@example.com", "maria.gomez@gmail.com", "ana.reyes@gmail.com", "nobody@example.com")
GOOGLE = (
    ("1001", "maria.gomez@gmail.com"),
    ("1002", "maria.gomez@gmail.com"),
    ("1003", "ana.reyes@gmail.com"),
    ("1004", "ana@example.com"),
)
"""Numbers and addresses of Google accounts; one address was given to someone else once."""
SOURCES = (
    ("203.0.113.7", "home"),
    ("::ffff:203.0.113.7", "home"),
    ("2001:db8:7:1::5", "office"),
    ("2001:db8:7:1:ffff::6", "office"),
    ("198.51.100.9", "elsewhere"),
)
"""Where browsers are, and which of these places count as one."""
ELSEWHERE = {"willow": "harbor", "harbor": "willow"}
CLINICIAN_LOOKS = 6
"""Steps after which a clinician looks."""


@dataclass
class Person:
    """A client, and the service's id of them."""

    client: Client
    id: str

    @property
    def place(self) -> tuple[str, str]:
        """Where clinicians find them."""
        return self.client.practice, self.id


@dataclass
class Device:
    """A browser, and what the model knows of it."""

    real: Browser
    known: state.Browser


@dataclass
class Coverage:
    """What all runs together have come to."""

    steps: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Steps(RuleBasedStateMachine):
    """A service, the model of it, and everything that has happened to both."""

    backend: ClassVar[Backend]
    coverage: ClassVar[Coverage]

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.world = ExitStack(), ReferenceModel(NOON)
        self.bodies: dict[Request, str] = {}
        self.waiting: list[Request] = []
        self.mail: dict[Request, Mail] = {}
        self.pins: list[tuple[Account, str]] = []
        self.sessions: list[Session] = []
        self.people: list[Person] = []
        self.turn = 0

    @initialize(watched=st.booleans())
    def begin(self, watched: bool) -> None:
        """Put everyone on file. Some portals are looked at so often that no session goes idle."""
        self.watched, self.service = watched, self.stack.enter_context(self.backend.service())
        self.service.at(NOON - DAY)
        self.people = [Person(self.world.on_file(*facts), self.service.on_file(*facts)) for facts in PEOPLE]
        self.browsers = [Device(self.service.browser(ip), state.Browser(network)) for ip, network in SOURCES]
        self.service.at(NOON)

    def teardown(self) -> None:
        """Look at everything once more, and leave nothing."""
        with self.stack:
            self._look_at_everything()
            self._look_at_clients()

    def _tick(self, seconds: int = 1) -> None:
        """No two steps are at the same second: of two requests of one second, chance has it which link is the newer."""
        self.world.now += max(1, seconds)
        self.service.at(self.world.now)

    def _wait_until(self, moment: int) -> None:
        """Let time pass until then, if that is still to come."""
        self._tick(moment - self.world.now if moment <= END else 1)

    def _agree(self, outcome: Outcome, step: Callable[[], Outcome]) -> None:
        """The service was asked first; the model has to say the same, and promise the same mail."""
        known = len(self.world.requests)
        try:
            expected = step()
        except ModelRefusal as no:
            expected = no.outcome
        assert outcome == expected, (outcome, expected)
        self.coverage.outcomes[outcome.code] += 1
        promised, bodies = self.world.requests[known:], self.service.promises()
        for request, body in zip(promised, bodies, strict=True):
            assert json.loads(body)["kind"] == request.kind
            self.bodies[request] = body
        self.waiting += promised

    def _note(self, device: Device, practice: str, outcome: Outcome) -> None:
        """Steal the cookie of a new session."""
        if outcome.code == "signed_in":
            session = device.known.sessions[practice]
            session.cookie = self.service.cookie(device.real, practice)
            self.sessions.append(session)

    def _ask(self, device: Device, practice: str, address: str, typed: str) -> Outcome:
        outcome = self.service.ask(device.real, practice, typed)
        self._agree(outcome, lambda: self.world.ask(device.known, practice, address))
        return outcome

    def _open(self, device: Device, request: Request, press: bool, switch: bool) -> Outcome:
        outcome = self.service.open(device.real, self.mail[request].path or "", press=press, switch=switch)
        self._agree(outcome, lambda: self.world.open(device.known, request, press=press, switch=switch))
        self._note(device, request.account.practice, outcome)
        return outcome

    def _type(self, device: Device, practice: str, address: str, digits: str) -> Outcome:
        outcome = self.service.type_pin(device.real, practice, address, digits)
        self._agree(outcome, lambda: self.world.type_pin(device.known, practice, address, digits))
        self._note(device, practice, outcome)
        return outcome

    def _who_is_in(self, device: Device, practice: str) -> str | None:
        name = self.service.who(device.real, practice)
        assert name == name_of(self.world.who_is_in(device.known, practice))
        return name

    def _wrong(self, practice: str, address: str) -> str:
        pin = self.world.account(practice, address).pin
        return f"{(int(pin.digits) + 1) % 10**6:06}" if pin else "123456"

    def _leave(self, device: Device, practice: str) -> Outcome:
        outcome, left_for = self.service.leave(device.real, practice)
        self._agree(outcome, lambda: self.world.leave(device.known, practice))
        if outcome.code == "away":
            self.world.starts[-1].left_for = left_for
        return outcome

    def _make_pin(self, person: Person) -> None:
        outcome, digits = self.service.make_pin(*person.place)
        self._agree(outcome, lambda: self.world.make_pin(person.client))
        account = person.client.own
        if outcome.code == "made" and account and account.pin:
            account.pin.digits = digits
            self.pins.append((account, digits))

    def _change_access(self, person: Person, what: str) -> None:
        match what:
            case "pin":
                self._make_pin(person)
            case "disable":
                outcome = self.service.delete(*person.place, "portal-access")
                self._agree(outcome, lambda: self.world.disable(person.client))
            case "invite":
                self._agree(self.service.invite(*person.place, None), lambda: self.world.invite(person.client))
            case "sign out":
                outcome = self.service.delete(*person.place, "sessions")
                self._agree(outcome, lambda: self.world.sign_out_everywhere(person.client))
            case "unbind":
                outcome = self.service.delete(*person.place, "google")
                self._agree(outcome, lambda: self.world.unbind(person.client))

    def _come_back(self, device: Device, start: Start, google: tuple[str, str]) -> None:
        outcome = self.service.come_back(device.real, start.left_for, *google)
        self._agree(outcome, lambda: self.world.come_back(device.known, start, *google))
        self._note(device, start.practice, outcome)

    def _set_out(self, device: Device, person: Person, account: Account, how: str) -> None:
        """The first half of signing in."""
        match how:
            case "pin":
                self._make_pin(person)
            case "google":
                self._leave(device, account.practice)
            case _:
                self._ask(device, account.practice, account.address, account.address)
                if how == "link":
                    self._deliver(self.waiting)

    def _arrive(self, device: Device, account: Account, how: str) -> None:
        """The other half."""
        if how == "mail":
            self._deliver(self.waiting or list(self.bodies)[-1:])
        elif how == "link" and self._links():
            self._open(device, self._links()[-1], press=False, switch=False)
        elif how == "pin" and self.pins:
            self._type(device, account.practice, account.address, self.pins[-1][1])
        elif how == "google" and self.world.starts:
            number = next((number for number, address in GOOGLE if address == account.address), "1000")
            self._come_back(device, self.world.starts[-1], (number, account.address))

    def _deliver(self, requests: Sequence[Request]) -> None:
        """What goes out is what the model says, and a promise that is kept twice carries the same link twice."""
        if not requests:
            return
        self._tick()
        arrived = iter(self.service.deliver([self.bodies[request] for request in requests]))
        for request in list(requests):
            to = self.world.deliver(request)
            if to is not None:
                mail = next(arrived)
                assert (mail.to, bool(mail.path)) == (to, request.carries_link)
                assert mail == self.mail.setdefault(request, mail)
            self.coverage.outcomes["mailed" if to else "not mailed"] += 1
            if request in self.waiting:
                self.waiting.remove(request)
        assert next(arrived, None) is None

    def _links(self) -> list[Request]:
        return [request for request, mail in self.mail.items() if mail.path]

    def _look(self) -> None:
        """At one link or session after every step, in turn; at the end it is all of them."""
        self.turn += 1
        if looks := self._looks():
            looks[self.turn % len(looks)]()
        if self.turn % CLINICIAN_LOOKS == 0:
            self._look_at_client(self.people[self.turn // CLINICIAN_LOOKS % len(self.people)])

    def _looks(self) -> list[Callable[[], None]]:
        """What can be looked at: links by who was never here, and stolen cookies. Looking changes nothing, but that it
        keeps sessions alive where the portal is `watched`."""
        sessions = [one for one in self.sessions if self.watched or not one.live(self.world.now)]
        return [
            *(lambda request=request: self._look_at_link(request) for request in self._links()),
            *(lambda session=session: self._look_at_session(session) for session in sessions),
        ]

    def _look_at_everything(self) -> None:
        for look in self._looks():
            look()

    def _look_at_clients(self) -> None:
        for person in self.people:
            self._look_at_client(person)

    def _look_at_link(self, request: Request) -> None:
        stranger = self.service.browser("192.0.2.50")
        outcome = self.service.open(stranger, self.mail[request].path or "", press=False)
        assert outcome == Outcome(self.world.link(request))

    def _look_at_session(self, session: Session) -> None:
        profile = self.service.profile_of(session.account.practice, session.cookie)
        assert profile == name_of(self.world.who(session))

    def _look_at_client(self, person: Person) -> None:
        assert self.service.seen_by_clinician(*person.place) == self.world.seen_by_clinician(person.client)


def pick[T](things: Sequence[T], back: int) -> T:
    """The newest, or one that came so many before it."""
    return things[-1 - back % len(things)]


def name_of(account: Account | None) -> str | None:
    """Whose account it is."""
    return account.owner.name if account and account.owner else None
