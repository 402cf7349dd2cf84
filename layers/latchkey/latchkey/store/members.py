"""Members of practices, and operators. Read at every request, because a token alone gives no role."""

from pynamodb.attributes import UnicodeAttribute

from latchkey import settings
from latchkey.rules.members import Role
from latchkey.store.dynamodb import Table

OPERATOR_PARTITION = "*"
"""Partition of operators, who belong to no practice. It is no valid slug."""


class MemberItem(Table):
    """A member of a practice, or an operator."""

    class Meta:
        table_name = settings.load().members_table

    practice = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    role = UnicodeAttribute()


def role_of(practice: str, subject: str) -> Role | None:
    """Return the highest role of a token's subject at a practice, or None. A role of a later version counts as none."""
    rows = [row for partition in (practice, OPERATOR_PARTITION) if (row := _find(partition, subject))]
    return max((Role[row.role.upper()] for row in rows if row.role.upper() in Role.__members__), default=None)


def set_role(practice: str, subject: str, role: Role) -> None:
    """Give someone a role, in place of the one before. An operator acts at every practice."""
    MemberItem(OPERATOR_PARTITION if role is Role.OPERATOR else practice, subject, role=role.name.lower()).save()


def remove(practice: str, subject: str) -> None:
    """Remove a member."""
    MemberItem(practice, subject).delete()


def _find(partition: str, subject: str) -> MemberItem | None:
    try:
        return MemberItem.get(partition, subject, consistent_read=True)
    except MemberItem.DoesNotExist:
        return None
