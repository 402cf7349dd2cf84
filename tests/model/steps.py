"""Steps that run in the service and in the model, and must have the same outcome."""

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
from tests.model.backend import Backend, Mail
from tests.model.limits import DAY, HOUR
from tests.model.model_base import ModelRefusal, Outcome
from tests.model.reference_model import ReferenceModel
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
"""Subjects and addresses of Google accounts. Two accounts have the same address."""
SOURCES = (
    ("203.0.113.7", "home"),
    ("::ffff:203.0.113.7", "home"),
    ("2001:db8:7:1::5", "office"),
    ("2001:db8:7:1:ffff::6", "office"),
    ("198.51.100.9", "elsewhere"),
)
"""Sources of browsers, each with its scope."""
ELSEWHERE = {"willow": "harbor", "harbor": "willow"}
STEPS_PER_CLINICIAN_CHECK = 6
"""Steps between two checks of what a clinician sees."""


@dataclass
class Person:
    """A client, with the service's id."""

    client: Client
    id: str

    @property
    def place(self) -> tuple[str, str]:
        """Practice and id."""
        return self.client.practice, self.id


@dataclass
class Device:
    """A browser of the service, and the model's browser."""

    real: Browser
    known: state.Browser


@dataclass
class Coverage:
    """Totals of all runs."""

    steps: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)


class Steps(RuleBasedStateMachine):
    """A service and its model, with the requests, mails, PINs and sessions so far."""

    backend: ClassVar[Backend]
    coverage: ClassVar[Coverage]

    def __init__(self) -> None:
        super().__init__()
        self.stack, self.model = ExitStack(), ReferenceModel(NOON)
        self.bodies: dict[Request, str] = {}
        self.waiting: list[Request] = []
        self.mail: dict[Request, Mail] = {}
        self.pins: list[tuple[Account, str]] = []
        self.sessions: list[Session] = []
        self.people: list[Person] = []
        self.turn = 0

    @initialize(watched=st.booleans())
    def begin(self, watched: bool) -> None:
        """Add all clients. With `watched`, checks keep every session from going idle."""
        self.watched, self.service = watched, self.stack.enter_context(self.backend.service())
        self.service.at(NOON - DAY)
        self.people = [Person(self.model.on_file(*facts), self.service.on_file(*facts)) for facts in PEOPLE]
        self.browsers = [Device(self.service.browser(ip), state.Browser(network)) for ip, network in SOURCES]
        self.service.at(NOON)

    def teardown(self) -> None:
        """Check everything once more, and remove what the service wrote."""
        with self.stack:
            self._check_everything()
            self._check_clients()

    def _tick(self, seconds: int = 1) -> None:
        """Let time pass. Two steps are never in one second, because the newer of their links would be random."""
        self.model.now += max(1, seconds)
        self.service.at(self.model.now)

    def _wait_until(self, moment: int) -> None:
        """Let time pass until this moment, if it is in the future."""
        self._tick(moment - self.model.now if moment <= END else 1)

    def _agree(self, outcome: Outcome, step: Callable[[], Outcome]) -> None:
        """Fail unless the model has the same outcome as the service, and the same mail jobs."""
        known = len(self.model.requests)
        try:
            expected = step()
        except ModelRefusal as no:
            expected = no.outcome
        assert outcome == expected, (outcome, expected)
        self.coverage.outcomes[outcome.code] += 1
        new_requests, bodies = self.model.requests[known:], self.service.new_bodies()
        for request, body in zip(new_requests, bodies, strict=True):
            assert json.loads(body)["kind"] == request.kind
            self.bodies[request] = body
        self.waiting += new_requests

    def _note(self, device: Device, practice: str, outcome: Outcome) -> None:
        """Copy the cookie of a new session."""
        if outcome.code == "signed_in":
            session = device.known.sessions[practice]
            session.cookie = self.service.cookie(device.real, practice)
            self.sessions.append(session)

    def _ask(self, device: Device, practice: str, address: str, typed: str) -> Outcome:
        outcome = self.service.ask(device.real, practice, typed)
        self._agree(outcome, lambda: self.model.ask(device.known, practice, address))
        return outcome

    def _open(self, device: Device, request: Request, submit: bool, switch: bool) -> Outcome:
        outcome = self.service.open(device.real, self.mail[request].path or "", submit=submit, switch=switch)
        self._agree(outcome, lambda: self.model.open(device.known, request, submit=submit, switch=switch))
        self._note(device, request.account.practice, outcome)
        return outcome

    def _type(self, device: Device, practice: str, address: str, digits: str) -> Outcome:
        outcome = self.service.type_pin(device.real, practice, address, digits)
        self._agree(outcome, lambda: self.model.type_pin(device.known, practice, address, digits))
        self._note(device, practice, outcome)
        return outcome

    def _session_account(self, device: Device, practice: str) -> str | None:
        name = self.service.who(device.real, practice)
        assert name == name_of(self.model.session_account(device.known, practice))
        return name

    def _wrong(self, practice: str, address: str) -> str:
        pin = self.model.account(practice, address).pin
        return f"{(int(pin.digits) + 1) % 10**6:06}" if pin else "123456"

    def _start_google(self, device: Device, practice: str) -> Outcome:
        outcome, left_for = self.service.start_google(device.real, practice)
        self._agree(outcome, lambda: self.model.start_google(device.known, practice))
        if outcome.code == "away":
            self.model.starts[-1].left_for = left_for
        return outcome

    def _make_pin(self, person: Person) -> None:
        outcome, digits = self.service.make_pin(*person.place)
        self._agree(outcome, lambda: self.model.make_pin(person.client))
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
                self._agree(outcome, lambda: self.model.disable(person.client))
            case "invite":
                self._agree(self.service.invite(*person.place, None), lambda: self.model.invite(person.client))
            case "sign out":
                outcome = self.service.delete(*person.place, "sessions")
                self._agree(outcome, lambda: self.model.sign_out_everywhere(person.client))
            case "unbind":
                outcome = self.service.delete(*person.place, "google")
                self._agree(outcome, lambda: self.model.unbind(person.client))

    def _return_from_google(self, device: Device, start: Start, google: tuple[str, str]) -> None:
        outcome = self.service.return_from_google(device.real, start.left_for, *google)
        self._agree(outcome, lambda: self.model.return_from_google(device.known, start, *google))
        self._note(device, start.practice, outcome)

    def _set_out(self, device: Device, person: Person, account: Account, how: str) -> None:
        """Start to sign in."""
        match how:
            case "pin":
                self._make_pin(person)
            case "google":
                self._start_google(device, account.practice)
            case _:
                self._ask(device, account.practice, account.address, account.address)
                if how == "link":
                    self._deliver(self.waiting)

    def _arrive(self, device: Device, account: Account, how: str) -> None:
        """Finish signing in."""
        if how == "mail":
            self._deliver(self.waiting or list(self.bodies)[-1:])
        elif how == "link" and self._links():
            self._open(device, self._links()[-1], submit=False, switch=False)
        elif how == "pin" and self.pins:
            self._type(device, account.practice, account.address, self.pins[-1][1])
        elif how == "google" and self.model.starts:
            number = next((number for number, address in GOOGLE if address == account.address), "1000")
            self._return_from_google(device, self.model.starts[-1], (number, account.address))

    def _deliver(self, requests: Sequence[Request]) -> None:
        """Run mail jobs. Fail unless the model sends the same mails, and a repeated job the same link."""
        if not requests:
            return
        self._tick()
        arrived = iter(self.service.deliver([self.bodies[request] for request in requests]))
        for request in list(requests):
            to = self.model.deliver(request)
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

    def _check_next(self) -> None:
        """Check one link or session, in turn."""
        self.turn += 1
        if checks := self._checks():
            checks[self.turn % len(checks)]()
        if self.turn % STEPS_PER_CLINICIAN_CHECK == 0:
            self._check_client(self.people[self.turn // STEPS_PER_CLINICIAN_CHECK % len(self.people)])

    def _checks(self) -> list[Callable[[], None]]:
        """Return a check of each link by a new browser, and of each copied cookie.

        A check changes nothing, except that it keeps sessions from going idle if they are `watched`.
        """
        sessions = [one for one in self.sessions if self.watched or not one.live(self.model.now)]
        return [
            *(lambda request=request: self._check_link(request) for request in self._links()),
            *(lambda session=session: self._check_session(session) for session in sessions),
        ]

    def _check_everything(self) -> None:
        for check in self._checks():
            check()

    def _check_clients(self) -> None:
        for person in self.people:
            self._check_client(person)

    def _check_link(self, request: Request) -> None:
        stranger = self.service.browser("192.0.2.50")
        outcome = self.service.open(stranger, self.mail[request].path or "", submit=False)
        assert outcome == Outcome(self.model.link(request))

    def _check_session(self, session: Session) -> None:
        profile = self.service.profile_of(session.account.practice, session.cookie)
        assert profile == name_of(self.model.who(session))

    def _check_client(self, person: Person) -> None:
        assert self.service.seen_by_clinician(*person.place) == self.model.seen_by_clinician(person.client)


def pick[T](things: Sequence[T], back: int) -> T:
    """Return the newest item, or the one that is `back` before it."""
    return things[-1 - back % len(things)]


def name_of(account: Account | None) -> str | None:
    """Return the name of an account's owner."""
    return account.owner.name if account and account.owner else None
