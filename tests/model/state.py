"""The model's state: clients, accounts, links, PINs and sessions."""

from dataclasses import dataclass, field

from tests.model.limits import DAY, HOUR, MINUTE

LINK_LIFETIME = DAY
"""Seconds from the last mail with the link."""
PIN_LIFETIME = DAY
MAX_GUESSES = 5
MAX_MAIL_AGE = 6 * HOUR
"""Seconds after which a mail job is not sent any more."""
STATE_LIFETIME = 10 * MINUTE
IDLE_TIMEOUT = 20 * MINUTE
ABSOLUTE_TIMEOUT = 12 * HOUR
TOUCH_INTERVAL = MINUTE
"""Seconds between two writes of a session's activity."""
MAX_SESSIONS = 10


@dataclass(eq=False, slots=True)
class Request:
    """A mail job, and its link if it has one."""

    kind: str
    account: "Account"
    requested_at: int
    dead: bool = False
    """True if access ended after the request, or if there was none."""
    expires_at: int | None = None
    """Unix second at which its link expires. None before it is mailed."""
    used: bool = False

    @property
    def carries_link(self) -> bool:
        """True if the mail has a link."""
        return self.kind in ("sign_in", "invitation")


@dataclass(eq=False, slots=True)
class Pin:
    """A PIN."""

    digits: str
    expires_at: int
    tries: int = 0
    dead: bool = False
    """True if it was used or replaced, or if access ended."""


@dataclass(eq=False, slots=True)
class Session:
    """A session."""

    account: "Account"
    started_at: int
    seen_at: int
    dead: bool = False
    cookie: str = field(default="", repr=False)

    def live(self, now: int) -> bool:
        """Return True if the session is live."""
        return not self.dead and now < min(self.started_at + ABSOLUTE_TIMEOUT, self.seen_at + IDLE_TIMEOUT)


@dataclass(eq=False, slots=True)
class Start:
    """A started sign-in with Google."""

    practice: str
    browser: "Browser"
    started_at: int
    returned: bool = False
    signed_in: "Account | None" = None
    left_for: str = field(default="", repr=False)
    """The authorization URL."""


@dataclass(eq=False, slots=True)
class Account:
    """An address at a practice."""

    practice: str
    address: str
    owner: "Client | None" = None
    exists: bool = False
    status: str = "none"
    consent: bool = False
    stopped: bool = False
    """True if the address is suppressed."""
    google: str | None = None
    """The subject of the linked identity."""
    ended_at: int = 0
    newest: Request | None = None
    """The newest mail job whose link was mailed."""
    pin: Pin | None = None
    requests: list[Request] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    """The stored sessions, oldest first."""

    @property
    def may_sign_in(self) -> bool:
        """True if the access is invited or active."""
        return self.status in ("invited", "active")

    def has_live_pin(self, now: int) -> bool:
        """Return True if a PIN is live."""
        pin = self.pin
        return (
            self.may_sign_in and pin is not None and not pin.dead and pin.tries < MAX_GUESSES and now < pin.expires_at
        )

    def sign_out_everywhere(self) -> None:
        """End all sessions."""
        for session in self.sessions:
            session.dead = True
        self.sessions.clear()

    def end(self, now: int) -> None:
        """Disable access, and end its links, PIN and sessions for good."""
        self.status, self.ended_at = "disabled", now
        self.sign_out_everywhere()
        for request in self.requests:
            request.dead = True
        if self.pin:
            self.pin.dead = True


@dataclass(eq=False, slots=True)
class Client:
    """A client of a practice."""

    name: str
    practice: str
    emails: dict[str, bool]
    """Addresses on file, with consent."""
    address: str
    """The address for the next invitation."""
    access: Account | None = None

    @property
    def own(self) -> Account | None:
        """The account that they sign in with or did, None if it is now another client's."""
        return self.access if self.access and self.access.owner is self else None


@dataclass(eq=False, slots=True)
class Browser:
    """A browser, with its cookies of each practice."""

    source: str
    """The scope of its source."""
    sessions: dict[str, Session] = field(default_factory=dict)
    link_requests: dict[str, tuple[Request | None, str]] = field(default_factory=dict)
    """The request of this browser, and its address."""
    known: dict[str, Account] = field(default_factory=dict)
    """The account that signed in here last. All known browsers of an account share limits of their own."""
