"""Who may act for which practice. Read at every request: a token alone never says so."""

from pynamodb.attributes import UnicodeAttribute

from latchkey import settings
from latchkey.rules.members import Role
from latchkey.store.dynamodb import Table

OPERATOR_PARTITION = "*"
"""The place of operators, who belong to no practice; no slug reads like it."""


class MemberItem(Table):
    """A membership at rest."""

    class Meta:
        table_name = settings.load().members_table

    practice = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    role = UnicodeAttribute()


def role_of(practice: str, subject: str) -> Role | None:
    """The highest role of a token's subject at a practice, or None; one that only a later version knows is none."""
    rows = [row for place in (practice, OPERATOR_PARTITION) if (row := _find(place, subject))]
    return max((Role[row.role.upper()] for row in rows if row.role.upper() in Role.__members__), default=None)


def set_role(practice: str, subject: str, role: Role) -> None:
    """Let someone act, or act in another role; an operator acts everywhere."""
    MemberItem(OPERATOR_PARTITION if role is Role.OPERATOR else practice, subject, role=role.name.lower()).save()


def remove(practice: str, subject: str) -> None:
    """Let someone act no more."""
    MemberItem(practice, subject).delete()


def _find(place: str, subject: str) -> MemberItem | None:
    try:
        return MemberItem.get(place, subject, consistent_read=True)
    except MemberItem.DoesNotExist:
        return None
