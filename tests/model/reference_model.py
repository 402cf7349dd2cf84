"""Who may sign in, said once more: the promises of `docs/security.md` as plain Python, with nothing of the product's.

Access that ends takes everything with it that could open a door; here that is done by marking every such thing, where
the service compares epochs. Times are Unix seconds; a thing that ends at a second is over at that second.
"""

from collections.abc import Iterator
from typing import NamedTuple

from tests.model.limits import (
    ASKS,
    LEAVES,
    LINKS,
    ONE_A_MINUTE,
    OPENS,
    TYPES,
    WRONG_ADDRESSES,
    WRONG_PINS,
    Limit,
    LimitCounters,
)
from tests.model.state import (
    ABSOLUTE,
    GOOGLE_WAITS,
    IDLE,
    LINK_LIVES,
    MAIL_KEEPS,
    MAX_SESSIONS,
    NOTED,
    PIN_LIVES,
    Account,
    Browser,
    Client,
    Pin,
    Request,
    Session,
    Start,
)

TELLS = "willow"
"""The practice that says of an address that it is unknown."""


class Outcome(NamedTuple):
    """What someone is told: a code, and for how long to wait."""

    code: str
    seconds: int = 0


class ModelRefusal(Exception):
    """A step that ends here."""

    def __init__(self, code: str, seconds: int = 0) -> None:
        self.outcome = Outcome(code, seconds)


class ReferenceModel:
    """Everyone and everything that decides who may sign in."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.limit_counters = LimitCounters()
        self.accounts: dict[tuple[str, str], Account] = {}
        self.requests: list[Request] = []
        """Every mail that was ever promised, in order."""
        self.starts: list[Start] = []

    def account(self, practice: str, address: str) -> Account:
        """An address at a practice, whether or not anybody has it."""
        return self.accounts.setdefault((practice, address), Account(practice, address))

    def on_file(self, name: str, practice: str, address: str) -> Client:
        """A client who was invited a day ago, by a mail that was lost."""
        client, account = Client(name, practice, {address: True}, address), self.account(practice, address)
        self._grant(client, account)
        return client

    # ── what visitors do ──

    def ask(self, browser: Browser, practice: str, address: str) -> Outcome:
        """Ask for a link."""
        tells, account = practice == TELLS, self.account(practice, address)
        home, known = ("source", browser.source), browser.known.get(practice) is account
        guesses = (WRONG_ADDRESSES,) if tells else ()
        if not known:
            self._take(home, (ASKS,), unless=guesses)
        if tells and (not account.may_sign_in or account.stopped or not account.consent):
            if known:
                self._take(home, (ASKS,), unless=guesses)
            self._take(home, (WRONG_ADDRESSES,))
            return Outcome("no_mail_possible" if account.may_sign_in else "email_unknown")
        waits = 0
        if known:
            waits = self._use_for_link(("links of known browsers", account))
            if waits > 0:
                self._take(home, (ASKS,), unless=guesses)
        if not known or waits > 0:
            ordinary = self._use_for_link(("links", account))
            waits = min(waits, ordinary) if known and ordinary > 0 else ordinary
        if waits > 0:
            raise ModelRefusal("wait", waits)
        if waits < 0:
            return Outcome("just_asked")
        browser.link_requests[practice] = (self._promise("sign_in", account), address)
        return Outcome("sent")

    def open(self, browser: Browser, request: Request, *, press: bool = False, switch: bool = False) -> Outcome:
        """Open a link that was mailed, or press the button behind it."""
        account, home = request.account, ("source", browser.source)
        present = self.present(browser, account.practice)
        state = self.link(request)
        if press and state != "confirm" and not self.limit_counters.wait(home, (OPENS,), self.now):
            self.limit_counters.use(home, (OPENS,), self.now)
        if state == "link_used" and present is account:
            return Outcome("signed_in_already")
        if state != "confirm":
            return Outcome(state)
        requested_here = (
            request.kind == "sign_in" and browser.link_requests.get(account.practice, (None, ""))[0] is request
        )
        if not press and not requested_here:
            return Outcome("confirm")
        if present not in (None, account) and not (press and switch):
            return Outcome("account_switch")
        request.used = True
        return self._sign_in(browser, account)

    def open_elsewhere(self, browser: Browser, *, press: bool) -> Outcome:
        """Open a link at a practice that it is not of."""
        if press:
            self._take(("source", browser.source), (OPENS,))
        return Outcome("link_unknown")

    def link(self, request: Request) -> str:
        """What a link says to whoever opens it and was never here."""
        if request.account.newest is not request:
            return "link_replaced"
        if request.used:
            return "link_used"
        live = request.expires_at is not None and self.now < request.expires_at
        return "confirm" if live and not request.dead and request.account.may_sign_in else "link_expired"

    def type_pin(self, browser: Browser, practice: str, address: str, digits: str) -> Outcome:
        """Type an address and a PIN."""
        account, home = self.account(practice, address), ("source", browser.source)
        if self.present(browser, practice) not in (None, account):
            return Outcome("account_switch")
        who: tuple[object, ...] = ("PINs of known browsers", account)
        known = browser.known.get(practice) is account
        waits = self.limit_counters.wait(who, (WRONG_PINS,), self.now) if known else 0
        ordinary = not known or waits > 0
        if ordinary:
            self._take(home, (TYPES,))
            who = ("PINs", account)
            if wait := self.limit_counters.wait(who, (WRONG_PINS,), self.now):
                raise ModelRefusal("pin_locked", min(wait, waits or wait))
        self.limit_counters.use(who, (WRONG_PINS,), self.now)
        lives = account.pin_lives(self.now)
        if account.pin:
            account.pin.tries += 1
        if account.pin is None or not lives or account.pin.digits != digits:
            return Outcome("pin_refused")
        account.pin.dead = True
        self.limit_counters.give_back(who, WRONG_PINS)
        if ordinary:
            self.limit_counters.give_back(home, TYPES)
        return self._sign_in(browser, account)

    def leave(self, browser: Browser, practice: str) -> Outcome:
        """Leave for Google."""
        self._take(("source", browser.source), (LEAVES,))
        self.starts.append(Start(practice, browser, self.now))
        return Outcome("away")

    def come_back(self, browser: Browser, start: Start, subject: str, address: str) -> Outcome:
        """Return from Google as someone whom Google knows by a number and an address."""
        refused, account = Outcome("google_refused"), self.account(start.practice, address)
        present = self.present(browser, start.practice)
        if start.browser is not browser or start.returned or self.now >= start.started_at + GOOGLE_WAITS:
            return Outcome("signed_in_already") if present and start.signed_in is present else refused
        start.returned = True
        if not address.endswith("@gmail.com") or not account.may_sign_in or account.ended_at >= start.started_at:
            return refused
        if account.google not in (None, subject):
            return refused
        if present not in (None, account):
            return Outcome("account_switch")
        account.google, start.signed_in = subject, account
        return self._sign_in(browser, account)

    def present(self, browser: Browser, practice: str) -> Account | None:
        """Who is signed in on a browser, seen from a page that is there for everyone."""
        session = browser.sessions.get(practice)
        return session.account if session and session.live(self.now) else None

    def who_is_in(self, browser: Browser, practice: str) -> Account | None:
        """Who is signed in on a browser; asking is activity."""
        session = browser.sessions.get(practice)
        return self.who(session) if session else None

    def who(self, session: Session) -> Account | None:
        """Whom a session stands for, wherever its cookie has got to; asking is activity."""
        if not session.live(self.now):
            return None
        if session.seen_at + NOTED <= self.now:
            session.seen_at = self.now
        return session.account

    def sign_out(self, browser: Browser, practice: str) -> Outcome:
        """Sign out."""
        if session := browser.sessions.pop(practice, None):
            session.dead = True
        return Outcome("signed_out")

    # ── what clinicians do ──

    def make_pin(self, client: Client) -> Outcome:
        """Make a PIN; its digits are told by the service alone."""
        account = client.own
        if account is None or not account.may_sign_in:
            return Outcome("no_access")
        account.pin = Pin("", self.now + PIN_LIVES)
        self._tell(account, "pin_made")
        return Outcome("made")

    def invite(self, client: Client, address: str | None = None) -> Outcome:
        """Give a client access, by the address that is to be used next or another one of theirs."""
        address = address or client.address
        if not client.emails.get(address):
            raise ModelRefusal("email_consent_required")
        account, own = self.account(client.practice, address), client.own
        if own is account and account.status == "active":
            raise ModelRefusal("already_signed_in")
        if account.owner not in (None, client) and account.may_sign_in:
            raise ModelRefusal("email_in_use")
        if account.stopped:
            raise ModelRefusal("address_suppressed")
        self._grant(client, account)
        self._promise("invitation", account)
        if own and own is not account:
            own.end(self.now)
            own.owner = None
            self._tell(own, "address_changed")
        return Outcome("invited")

    def change_address(self, client: Client, address: str, *, consent: bool, agreed: bool) -> Outcome:
        """Save a client's address; if that is agreed to, access moves there. Saving an address confirms it."""
        account, own = self.account(client.practice, address), client.own
        same = own is account
        if own and not same and own.may_sign_in and not agreed:
            raise ModelRefusal("confirm_disable_and_resend")
        if account.owner not in (None, client) and account.may_sign_in:
            raise ModelRefusal("email_in_use")
        invites = agreed and not (same and account.status == "active")
        if invites and not consent:
            raise ModelRefusal("email_consent_required")
        if not same and address not in client.emails:
            client.emails.pop(client.address, None)
        client.emails[address] = consent
        client.address = address
        account.stopped = False
        if same:
            account.consent = consent
        if invites:
            self.invite(client, address)
        return Outcome("saved")

    def disable(self, client: Client) -> Outcome:
        """End a client's access."""
        if client.own and client.own.may_sign_in:
            client.own.end(self.now)
        return Outcome("done")

    def sign_out_everywhere(self, client: Client) -> Outcome:
        """End a client's sessions."""
        if client.own:
            client.own.sign_out_everywhere()
        return Outcome("done")

    def unbind(self, client: Client) -> Outcome:
        """Let another Google account be the first."""
        if client.own:
            client.own.google = None
        return Outcome("done")

    def seen_by_clinician(self, client: Client) -> tuple[str, str, bool]:
        """What a clinician sees: the address, its status, and whether a PIN is live."""
        own = client.own
        status = own.status if own else "disabled"
        return client.address, status, own is not None and own.pin_lives(self.now)

    # ── what becomes of mail ──

    def deliver(self, request: Request) -> str | None:
        """Keep a promise of mail, once more if it comes twice; where the mail goes, if there is one."""
        account = request.account
        if (
            not account.exists
            or not account.consent
            or account.stopped
            or request.requested_at + MAIL_KEEPS <= self.now
        ):
            return None
        if not request.carries_link:
            return account.address
        if request.dead or not account.may_sign_in:
            return None
        if request.used or (account.newest and account.newest.requested_at > request.requested_at):
            return None
        account.newest, request.expires_at = request, self.now + LINK_LIVES
        return account.address

    def report(self, request: Request, *, stops: bool) -> None:
        """What became of a mail that was sent."""
        request.account.stopped |= stops

    def moments(self, what: str) -> Iterator[int]:
        """When something of a kind ends by itself."""
        for account in self.accounts.values():
            match what:
                case "link" if account.newest and account.newest.expires_at and not account.newest.used:
                    yield account.newest.expires_at
                case "pin" if account.pin and account.pin_lives(self.now):
                    yield account.pin.expires_at
                case "session":
                    yield from (min(one.seen_at + IDLE, one.started_at + ABSOLUTE) for one in account.sessions)
        if what == "mail":
            yield from (request.requested_at + MAIL_KEEPS for request in self.requests)
        if what == "google":
            yield from (start.started_at + GOOGLE_WAITS for start in self.starts if not start.returned)
        if what == "limit":
            yield from (ends for _, ends in self.limit_counters.windows.values())

    def _take(
        self, who: tuple[object, ...], limits: tuple[Limit, ...], unless: tuple[Limit, ...] = (), code: str = "wait"
    ) -> None:
        if seconds := self.limit_counters.wait(who, (*limits, *unless), self.now):
            raise ModelRefusal(code, seconds)
        self.limit_counters.use(who, limits, self.now)

    def _use_for_link(self, who: tuple[object, ...]) -> int:
        """Use one link; 0 if there was one, the seconds to wait if not, -1 within a minute of the last one."""
        if self.limit_counters.wait(who, (ONE_A_MINUTE,), self.now):
            return -1
        if seconds := self.limit_counters.wait(who, LINKS, self.now):
            return seconds
        self.limit_counters.use(who, (ONE_A_MINUTE, *LINKS), self.now)
        return 0

    def _promise(self, kind: str, account: Account) -> Request:
        request = Request(kind, account, self.now, dead=not account.exists)
        account.requests.append(request)
        self.requests.append(request)
        return request

    def _tell(self, account: Account, kind: str) -> None:
        if account.consent and not account.stopped:
            self._promise(kind, account)

    def _grant(self, client: Client, account: Account) -> None:
        if account.owner not in (None, client):
            account.google = None
        account.exists, account.owner, account.consent = True, client, True
        account.status = account.status if account.may_sign_in else "invited"
        client.access, client.address = account, account.address

    def _sign_in(self, browser: Browser, account: Account) -> Outcome:
        before = browser.sessions.get(account.practice)
        if before:
            before.dead = True
        stored = [one for one in account.sessions if one is not before and one.live(self.now)]
        package = len(stored) - (MAX_SESSIONS - 1)
        for oldest in stored[: max(0, package)]:
            oldest.dead = True
        session = Session(account, self.now, self.now)
        account.sessions = [*stored[max(0, package) :], session]
        account.status = "active"
        browser.sessions[account.practice] = session
        browser.known[account.practice] = account
        browser.link_requests.pop(account.practice, None)
        return Outcome("signed_in")
