"""What the model knows of: people, the addresses that they sign in by, and everything that can open a door."""

from dataclasses import dataclass, field

from tests.model.limits import DAY, HOUR, MINUTE

LINK_LIVES = DAY
"""From the moment at which it was mailed, last if more than once."""
PIN_LIVES = DAY
PIN_TRIES = 5
MAIL_KEEPS = 6 * HOUR
"""A promised mail that could not be sent for so long is not sent."""
GOOGLE_WAITS = 10 * MINUTE
IDLE = 20 * MINUTE
ABSOLUTE = 12 * HOUR
NOTED = MINUTE
"""Activity is noted once a minute."""
MAX_SESSIONS = 10


@dataclass(eq=False, slots=True)
class Request:
    """A mail that was promised, and the link in it if it carries one."""

    kind: str
    account: "Account"
    requested_at: int
    dead: bool = False
    """Access ended after it was asked for, or there never was any."""
    expires_at: int | None = None
    """Of its link; None while it was not mailed."""
    used: bool = False

    @property
    def carries_link(self) -> bool:
        """Whether it is one to sign in by."""
        return self.kind in ("sign_in", "invitation")


@dataclass(eq=False, slots=True)
class Pin:
    """What a clinician reads out."""

    digits: str
    expires_at: int
    tries: int = 0
    dead: bool = False
    """Used, replaced, or made before access ended."""


@dataclass(eq=False, slots=True)
class Session:
    """Someone signed in."""

    account: "Account"
    started_at: int
    seen_at: int
    dead: bool = False
    cookie: str = field(default="", repr=False)

    def live(self, now: int) -> bool:
        """Whether it still opens the portal."""
        return not self.dead and now < min(self.started_at + ABSOLUTE, self.seen_at + IDLE)


@dataclass(eq=False, slots=True)
class Start:
    """Someone left for Google."""

    practice: str
    browser: "Browser"
    started_at: int
    returned: bool = False
    signed_in: "Account | None" = None
    left_for: str = field(default="", repr=False)
    """Where at Google."""


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
    """Mail came back, or was complained about."""
    google: str | None = None
    """Whose Google account was the first."""
    ended_at: int = 0
    newest: Request | None = None
    """The newest request whose link was mailed."""
    pin: Pin | None = None
    requests: list[Request] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    """The newest sign-ins, oldest first."""

    @property
    def may_sign_in(self) -> bool:
        """Whether a client has access by it."""
        return self.status in ("invited", "active")

    def pin_lives(self, now: int) -> bool:
        """Whether a PIN would still open a session."""
        pin = self.pin
        return self.may_sign_in and pin is not None and not pin.dead and pin.tries < PIN_TRIES and now < pin.expires_at

    def sign_out_everywhere(self) -> None:
        """No session is left."""
        for session in self.sessions:
            session.dead = True
        self.sessions.clear()

    def end(self, now: int) -> None:
        """Access ends, and with it all that was to open a door; giving it back revives nothing."""
        self.status, self.ended_at = "disabled", now
        self.sign_out_everywhere()
        for request in self.requests:
            request.dead = True
        if self.pin:
            self.pin.dead = True


@dataclass(eq=False, slots=True)
class Client:
    """Someone on file at a practice."""

    name: str
    practice: str
    emails: dict[str, bool]
    """Addresses, and whether mail may go there."""
    address: str
    """The one to use next."""
    access: Account | None = None

    @property
    def own(self) -> Account | None:
        """By which they sign in or did, unless it has become another's."""
        return self.access if self.access and self.access.owner is self else None


@dataclass(eq=False, slots=True)
class Browser:
    """A browser somewhere, and what it keeps of each practice."""

    source: str
    """What its network counts as."""
    sessions: dict[str, Session] = field(default_factory=dict)
    link_requests: dict[str, tuple[Request | None, str]] = field(default_factory=dict)
    """The request that was made here, if it was kept, and for which address."""
    known: dict[str, Account] = field(default_factory=dict)
    """Who signed in here last: all browsers that know an account have limits of their own there, together."""
