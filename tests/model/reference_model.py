"""The rules of `docs/security.md` on sign-in, as plain Python without the product's code.

When access ends, the model marks every link, PIN and session as dead. The service compares epochs instead. Times are
Unix seconds. What ends at a second is over at that second.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import NamedTuple

from tests.model.limits import (
    CREATED,
    LINK_OPENS,
    LINK_REQUESTS,
    LINKS,
    PIN_SUBMISSIONS,
    PROVIDER_STARTS,
    RESEND_COOLDOWN,
    WRONG_ADDRESSES,
    WRONG_PINS,
    Limit,
    LimitCounters,
)
from tests.model.state import (
    ABSOLUTE_TIMEOUT,
    IDLE_TIMEOUT,
    LINK_LIFETIME,
    MAX_MAIL_AGE,
    MAX_SESSIONS,
    PIN_LIFETIME,
    STATE_LIFETIME,
    TOUCH_INTERVAL,
    Account,
    Browser,
    Client,
    Pin,
    Request,
    Session,
    Start,
)

TELLING_PRACTICE = "willow"
"""The practice that says when an address is unknown."""


class Outcome(NamedTuple):
    """A response: its code, and the seconds to wait."""

    code: str
    seconds: int = 0


class ModelRefusal(Exception):
    """Raised when a step is refused."""

    def __init__(self, code: str, seconds: int = 0) -> None:
        self.outcome = Outcome(code, seconds)


class ReferenceModel:
    """The state that decides on sign-in, and the steps that change it."""

    def __init__(self, now: int) -> None:
        self.now = now
        self.limit_counters = LimitCounters()
        self.accounts: dict[tuple[str, str], Account] = {}
        self.requests: list[Request] = []
        """All mail jobs, in order."""
        self.starts: list[Start] = []

    def account(self, practice: str, address: str) -> Account:
        """Return the account of an address at a practice. It may have no owner."""
        return self.accounts.setdefault((practice, address), Account(practice, address))

    def on_file(self, name: str, practice: str, address: str) -> Client:
        """Add a client whose invitation of yesterday was lost."""
        client, account = Client(name, practice, {address: True}, address), self.account(practice, address)
        self._grant(client, account)
        return client

    # ── clients ──

    def ask(self, browser: Browser, practice: str, address: str) -> Outcome:
        """Request a link."""
        tells, account = practice == TELLING_PRACTICE, self.account(practice, address)
        home, known = ("source", browser.source), browser.known.get(practice) is account
        guesses = (WRONG_ADDRESSES,) if tells else ()
        if not known:
            self._count(home, (LINK_REQUESTS,), unless=guesses)
        if tells and (not account.may_sign_in or account.stopped or not account.consent):
            if known:
                self._count(home, (LINK_REQUESTS,), unless=guesses)
            self._count(home, (WRONG_ADDRESSES,))
            return Outcome("no_mail_possible" if account.may_sign_in else "email_unknown")
        waits = 0
        if known:
            waits = self._use_for_link(("links of known browsers", account))
            if waits > 0:
                self._count(home, (LINK_REQUESTS,), unless=guesses)
        if not known or waits > 0:
            ordinary = self._use_for_link(("links", account))
            waits = min(waits, ordinary) if known and ordinary > 0 else ordinary
        if waits > 0:
            raise ModelRefusal("wait", waits)
        if waits < 0:
            return Outcome("just_asked")
        browser.link_requests[practice] = (self._request_mail("sign_in", account), address)
        return Outcome("sent")

    def open(self, browser: Browser, request: Request, *, submit: bool = False, switch: bool = False) -> Outcome:
        """Open a mailed link, or submit its form."""
        account, home = request.account, ("source", browser.source)
        signed_in_account = self.signed_in_account(browser, account.practice)
        state = self.link(request)
        if submit and state != "confirm" and not self.limit_counters.wait(home, (LINK_OPENS,), self.now):
            self.limit_counters.count(home, (LINK_OPENS,), self.now)
        if state == "link_used" and signed_in_account is account:
            return Outcome("signed_in_already")
        if state != "confirm":
            return Outcome(state)
        requested_here = (
            request.kind == "sign_in" and browser.link_requests.get(account.practice, (None, ""))[0] is request
        )
        if not submit and not requested_here:
            return Outcome("confirm")
        if signed_in_account not in (None, account) and not (submit and switch):
            return Outcome("account_switch")
        request.used = True
        return self._sign_in(browser, account)

    def open_elsewhere(self, browser: Browser, *, submit: bool) -> Outcome:
        """Open a link at another practice."""
        if submit:
            self._count(("source", browser.source), (LINK_OPENS,))
        return Outcome("link_unknown")

    def link(self, request: Request) -> str:
        """Return the response to a new browser that opens this link."""
        if request.account.newest is not request:
            return "link_replaced"
        if request.used:
            return "link_used"
        live = request.expires_at is not None and self.now < request.expires_at
        return "confirm" if live and not request.dead and request.account.may_sign_in else "link_expired"

    def type_pin(self, browser: Browser, practice: str, address: str, digits: str) -> Outcome:
        """Submit an address and a PIN."""
        account, home = self.account(practice, address), ("source", browser.source)
        if self.signed_in_account(browser, practice) not in (None, account):
            return Outcome("account_switch")
        who: tuple[object, ...] = ("PINs of known browsers", account)
        known = browser.known.get(practice) is account
        waits = self.limit_counters.wait(who, (WRONG_PINS,), self.now) if known else 0
        ordinary = not known or waits > 0
        if ordinary:
            self._count(home, (PIN_SUBMISSIONS,))
            who = ("PINs", account)
            if wait := self.limit_counters.wait(who, (WRONG_PINS,), self.now):
                raise ModelRefusal("pin_locked", min(wait, waits or wait))
        self.limit_counters.count(who, (WRONG_PINS,), self.now)
        lives = account.has_live_pin(self.now)
        if account.pin:
            account.pin.tries += 1
        if account.pin is None or not lives or account.pin.digits != digits:
            return Outcome("pin_refused")
        account.pin.dead = True
        self.limit_counters.uncount(who, WRONG_PINS)
        if ordinary:
            self.limit_counters.uncount(home, PIN_SUBMISSIONS)
        return self._sign_in(browser, account)

    def start_google(self, browser: Browser, practice: str) -> Outcome:
        """Start sign-in with Google."""
        self._count(("source", browser.source), (PROVIDER_STARTS,))
        self.starts.append(Start(practice, browser, self.now))
        return Outcome("away")

    def return_from_google(self, browser: Browser, start: Start, subject: str, address: str) -> Outcome:
        """Return from Google with this subject and address."""
        refused, account = Outcome("google_refused"), self.account(start.practice, address)
        signed_in_account = self.signed_in_account(browser, start.practice)
        if start.browser is not browser or start.returned or self.now >= start.started_at + STATE_LIFETIME:
            return (
                Outcome("signed_in_already") if signed_in_account and start.signed_in is signed_in_account else refused
            )
        start.returned = True
        if not address.endswith("@gmail.com") or not account.may_sign_in or account.ended_at >= start.started_at:
            return refused
        if account.google not in (None, subject):
            return refused
        if signed_in_account not in (None, account):
            return Outcome("account_switch")
        account.google, start.signed_in = subject, account
        return self._sign_in(browser, account)

    def signed_in_account(self, browser: Browser, practice: str) -> Account | None:
        """Return the account of a browser's live session. This is no activity."""
        session = browser.sessions.get(practice)
        return session.account if session and session.live(self.now) else None

    def session_account(self, browser: Browser, practice: str) -> Account | None:
        """Return the account of a browser's live session. This is activity."""
        session = browser.sessions.get(practice)
        return self.who(session) if session else None

    def who(self, session: Session) -> Account | None:
        """Return the account of a live session. This is activity."""
        if not session.live(self.now):
            return None
        if session.seen_at + TOUCH_INTERVAL <= self.now:
            session.seen_at = self.now
        return session.account

    def sign_out(self, browser: Browser, practice: str) -> Outcome:
        """Sign out."""
        if session := browser.sessions.pop(practice, None):
            session.dead = True
        return Outcome("signed_out")

    # ── clinicians ──

    def make_pin(self, client: Client) -> Outcome:
        """Create a PIN. Only the service knows its digits."""
        account = client.own
        with self._created():
            if account is None or not account.may_sign_in:
                raise ModelRefusal("no_access")
            account.pin = Pin("", self.now + PIN_LIFETIME)
            self._notify(account, "pin_made")
        return Outcome("made")

    def invite(self, client: Client, address: str | None = None) -> Outcome:
        """Invite a client to the address for the next invitation, or to another of their addresses."""
        address = address or client.address
        if not client.emails.get(address):
            raise ModelRefusal("email_consent_required")
        with self._created():
            self._invite(client, address)
        return Outcome("invited")

    def _invite(self, client: Client, address: str) -> None:
        account, own = self.account(client.practice, address), client.own
        if own is account and account.status == "active":
            raise ModelRefusal("already_signed_in")
        if account.owner not in (None, client) and account.may_sign_in:
            raise ModelRefusal("email_in_use")
        if account.stopped:
            raise ModelRefusal("address_suppressed")
        self._grant(client, account)
        self._request_mail("invitation", account)
        if own and own is not account:
            own.end(self.now)
            own.owner = None
            self._notify(own, "address_changed")

    def change_address(self, client: Client, address: str, *, consent: bool, agreed: bool) -> Outcome:
        """Save and confirm a client's address. With `agreed`, access moves there."""
        with self._created() if agreed else nullcontext() as created:
            invited = self._change_address(client, address, consent=consent, agreed=agreed)
            if created and not invited:
                created()
        return Outcome("saved")

    def _change_address(self, client: Client, address: str, *, consent: bool, agreed: bool) -> bool:
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
            self._invite(client, address)
        return invites

    def disable(self, client: Client) -> Outcome:
        """Disable a client's access."""
        if client.own and client.own.may_sign_in:
            client.own.end(self.now)
        return Outcome("done")

    def sign_out_everywhere(self, client: Client) -> Outcome:
        """End a client's sessions."""
        if client.own:
            client.own.sign_out_everywhere()
        return Outcome("done")

    def unbind(self, client: Client) -> Outcome:
        """Unlink a client's identity."""
        if client.own:
            client.own.google = None
        return Outcome("done")

    def seen_by_clinician(self, client: Client) -> tuple[str, str, bool]:
        """Return what a clinician sees: address, access and whether a PIN is live."""
        own = client.own
        status = own.status if own else "disabled"
        return client.address, status, own is not None and own.has_live_pin(self.now)

    # ── mail ──

    def deliver(self, request: Request) -> str | None:
        """Run a mail job, and return the recipient, None if no mail is sent. A job can run twice."""
        account = request.account
        if (
            not account.exists
            or not account.consent
            or account.stopped
            or request.requested_at + MAX_MAIL_AGE <= self.now
        ):
            return None
        if not request.carries_link:
            return account.address
        if request.dead or not account.may_sign_in:
            return None
        if request.used or (account.newest and account.newest.requested_at > request.requested_at):
            return None
        account.newest, request.expires_at = request, self.now + LINK_LIFETIME
        return account.address

    def report(self, request: Request, *, stops: bool) -> None:
        """Record what SES reports about a mail."""
        request.account.stopped |= stops

    def moments(self, what: str) -> Iterator[int]:
        """Yield the times at which something of this kind ends."""
        for account in self.accounts.values():
            match what:
                case "link" if account.newest and account.newest.expires_at and not account.newest.used:
                    yield account.newest.expires_at
                case "pin" if account.pin and account.has_live_pin(self.now):
                    yield account.pin.expires_at
                case "session":
                    yield from (
                        min(one.seen_at + IDLE_TIMEOUT, one.started_at + ABSOLUTE_TIMEOUT) for one in account.sessions
                    )
        if what == "mail":
            yield from (request.requested_at + MAX_MAIL_AGE for request in self.requests)
        if what == "google":
            yield from (start.started_at + STATE_LIFETIME for start in self.starts if not start.returned)
        if what == "limit":
            yield from (ends for _, ends in self.limit_counters.windows.values())

    def _count(
        self, who: tuple[object, ...], limits: tuple[Limit, ...], unless: tuple[Limit, ...] = (), code: str = "wait"
    ) -> None:
        if seconds := self.limit_counters.wait(who, (*limits, *unless), self.now):
            raise ModelRefusal(code, seconds)
        self.limit_counters.count(who, limits, self.now)

    @contextmanager
    def _created(self) -> Iterator[Callable[[], None]]:
        """Count a PIN or an invitation of the clinician, not if it is refused. Yield a function that takes it back."""
        who = ("clinician",)
        self._count(who, (CREATED,))

        def uncount() -> None:
            self.limit_counters.uncount(who, CREATED)

        try:
            yield uncount
        except ModelRefusal:
            uncount()
            raise

    def _use_for_link(self, who: tuple[object, ...]) -> int:
        """Count one link. Return 0 if it was counted, the seconds to wait if not, -1 within a minute of the last."""
        if self.limit_counters.wait(who, (RESEND_COOLDOWN,), self.now):
            return -1
        if seconds := self.limit_counters.wait(who, LINKS, self.now):
            return seconds
        self.limit_counters.count(who, (RESEND_COOLDOWN, *LINKS), self.now)
        return 0

    def _request_mail(self, kind: str, account: Account) -> Request:
        request = Request(kind, account, self.now, dead=not account.exists)
        account.requests.append(request)
        self.requests.append(request)
        return request

    def _notify(self, account: Account, kind: str) -> None:
        if account.consent and not account.stopped:
            self._request_mail(kind, account)

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
