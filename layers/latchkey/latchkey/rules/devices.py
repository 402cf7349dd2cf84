"""Devices: phones and tablets on which an app is signed in, each with refresh tokens that replace each other."""

from dataclasses import dataclass, field

from latchkey.rules.accounts import Account
from latchkey.rules.refusals import RefreshTokenRefused, RefreshTokenReused, ValueRefused
from latchkey.rules.sessions import Session

DEVICE_SECONDS = 90 * 24 * 3600
"""Seconds after which a person signs in on the device again, however often the app was used."""
MAX_DEVICES = 5
"""Devices of one account. A further one ends the oldest."""
MAX_NAME_LENGTH = 60
"""Characters of a device's name."""


@dataclass(frozen=True, slots=True)
class AppDevice:
    """A phone or tablet on which an app is signed in."""

    id: str
    """ULID."""
    name: str = field(repr=False)
    """The name that the app gave, such as "Ana's phone". "" for none."""
    family: str = field(repr=False)
    """The digest of what all refresh tokens of the device share."""
    token: str = field(repr=False)
    """The digest of the newest refresh token. Every other one of the family is an old one."""
    signed_in_at: int
    """Unix seconds of the sign-in in the browser's window."""
    session: Session
    """The newest session of the app. It may have timed out, or been replaced since."""

    @property
    def last_used_at(self) -> int:
        """Unix seconds of the app's last activity."""
        return self.session.last_active_at

    @property
    def ends_at(self) -> int:
        """Unix seconds at which the device ends."""
        return self.signed_in_at + DEVICE_SECONDS

    def is_live(self, account: Account, now: int) -> bool:
        """Return True if the device may have a new session. `now` is Unix seconds.

        It may not if a clinician ended access or sessions, or took away the profile that the app has open.
        """
        session = self.session
        belongs = session.belongs_to(account) and session.may_open_profile_of(account)
        return account.may_sign_in and belongs and self.ends_at > now


def check_refresh(device: AppDevice | None, account: Account | None, token: str, now: int) -> tuple[AppDevice, Account]:
    """Return the device whose refresh token has the digest `token`, and its account. `now` is Unix seconds.

    :raises RefreshTokenRefused: there is no such device, or it has ended.
    :raises RefreshTokenReused: the token was replaced before, so someone else may hold a token of this device.
    """
    if device is None or account is None or not device.is_live(account, now):
        raise RefreshTokenRefused
    if device.token != token:
        raise RefreshTokenReused(device.id)
    return device, account


def evicted(live: list[AppDevice]) -> list[AppDevice]:
    """Return the oldest of the live devices, as many as must end before another one signs in."""
    return sorted(live, key=lambda device: device.signed_in_at)[: max(0, len(live) - MAX_DEVICES + 1)]


def device_name(text: str) -> str:
    """Return the name of a device without spaces around it.

    :raises ValueRefused: it is too long, or has characters that are not text.
    """
    name = text.strip(" ")
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise ValueRefused((("device", f"at most {MAX_NAME_LENGTH} printable characters"),))
    return name
