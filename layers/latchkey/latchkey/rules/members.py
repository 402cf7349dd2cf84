"""Who may act for a practice."""

from dataclasses import dataclass
from enum import IntEnum


class Role(IntEnum):
    """Each may do what those below may."""

    CLINICIAN = 1
    ADMIN = 2
    """Of one practice: its settings, letters and members too."""
    OPERATOR = 3
    """Of the stack: makes practices."""


MEMBER_ROLES = (Role.ADMIN, Role.CLINICIAN)
"""The roles that an admin can give to members of a practice."""


@dataclass(frozen=True, slots=True)
class Clinician:
    """Someone who acts, as a verified token and a membership row say."""

    subject: str
    """The token's `sub`."""
    role: Role
