"""Steps of clients in the reference model."""

from tests.model.limits import (
    LINK_OPENS,
    LINK_REQUESTS,
    LINKS,
    PIN_SUBMISSIONS,
    PROVIDER_STARTS,
    RESEND_COOLDOWN,
    WRONG_ADDRESSES,
    WRONG_PINS,
)
from tests.model.model_base import TELLING_PRACTICE, ModelBase, ModelRefusal, Outcome
from tests.model.state import MAX_SESSIONS, STATE_LIFETIME, TOUCH_INTERVAL, Account, Browser, Request, Session, Start


class ClientRules(ModelBase):
    """The steps of clients: they request and open links, type PINs, use Google and sign out."""

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

    def _use_for_link(self, who: tuple[object, ...]) -> int:
        """Count one link. Return 0 if it was counted, the seconds to wait if not, -1 within a minute of the last."""
        if self.limit_counters.wait(who, (RESEND_COOLDOWN,), self.now):
            return -1
        if seconds := self.limit_counters.wait(who, LINKS, self.now):
            return seconds
        self.limit_counters.count(who, (RESEND_COOLDOWN, *LINKS), self.now)
        return 0

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
