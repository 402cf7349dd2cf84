"""Members of practices, and their roles."""

from dataclasses import dataclass, field
from enum import IntEnum


class Role(IntEnum):
    """A role. It includes the permissions of every lower role."""

    CLINICIAN = 1
    """A member who looks after clients."""
    ADMIN = 2
    """A member who also changes the practice's settings, letters and members."""
    OPERATOR = 3
    """A person who acts for the stack and creates practices."""


MEMBER_ROLES = (Role.ADMIN, Role.CLINICIAN)
"""The roles that an admin can give."""


@dataclass(frozen=True, slots=True)
class Member:
    """A person's membership of a practice, or an operator's of the stack."""

    practice: str
    subject: str
    """The `sub` of the person's tokens."""
    role: Role
    name: str | None = field(default=None, repr=False)
    email: str | None = field(default=None, repr=False)
    verified_email: str | None = field(default=None, repr=False)
    """The address that the person's provider has verified. An admin cannot type it."""
    last_sign_in_at: int | None = None
    """Unix seconds of the last sign-in to the console."""


@dataclass(frozen=True, slots=True)
class Clinician:
    """A person with a verified token and a role."""

    subject: str
    """The `sub` of the token."""
    role: Role
