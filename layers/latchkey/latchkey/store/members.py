"""Members of practices, and operators. Read at every request, because a token alone gives no role."""

from collections.abc import Iterable, Iterator

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from latchkey import settings
from latchkey.rules.members import Member, Role
from latchkey.rules.staff import StaffPerson
from latchkey.store.batches import Batch, ItemKey, read_batch
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed

OPERATOR_PARTITION = "*"
"""Partition of operators, who belong to no practice. It is no valid slug."""


class BySubject(GlobalSecondaryIndex["MemberItem"]):
    """An index of memberships by person, with keys only. It is eventually consistent."""

    class Meta:
        index_name = "BySubject"
        projection = KeysOnlyProjection()

    subject = UnicodeAttribute(hash_key=True)
    practice = UnicodeAttribute(range_key=True)


class MemberItem(Table):
    """A member of a practice, or an operator."""

    class Meta:
        table_name = settings.load().members_table

    practice = UnicodeAttribute(hash_key=True)
    subject = UnicodeAttribute(range_key=True)
    role = UnicodeAttribute()
    name = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    verified_email = UnicodeAttribute(null=True)
    last_sign_in_at = IntegerAttribute(null=True)
    by_subject = BySubject()

    def member(self) -> Member | None:
        """Return the member as a value. None for a role of a later version."""
        role = Role.__members__.get(self.role.upper())
        if role is None:
            return None
        return Member(
            self.practice, self.subject, role, self.name, self.email, self.verified_email, self.last_sign_in_at
        )


def role_of(practice: str, subject: str) -> Role | None:
    """Return the highest role of a token's subject at a practice, or None. A role of a later version counts as none."""
    return highest_role(row for partition in (practice, OPERATOR_PARTITION) if (row := _find(partition, subject)))


def role_alone_of(practice: str, subject: str) -> Role | None:
    """Return the same as `role_of`, and read only the role, for functions that may not read names and addresses."""
    keys = [(partition, subject) for partition in (practice, OPERATOR_PARTITION)]
    return highest_role(row for key in keys if (row := _find(*key, only=("practice", "subject", "role"))))


def highest_role(rows: Iterable[MemberItem]) -> Role | None:
    """Return the highest role of these memberships. None if there is no membership whose role this version knows."""
    return max((member.role for row in rows if (member := row.member())), default=None)


def set_role(practice: str, subject: str, role: Role, name: str | None = None, email: str | None = None) -> None:
    """Give someone a role, in place of the one before. An operator acts at every practice.

    Without a `name` or an `email`, the one on file stays.
    """
    save(Member(OPERATOR_PARTITION if role is Role.OPERATOR else practice, subject, role, name, email))


def save(member: Member) -> None:
    """Store a membership. Without a name or an address, the one on file stays."""
    values = ((MemberItem.name, member.name), (MemberItem.email, member.email))
    texts = (*values, (MemberItem.verified_email, member.verified_email))
    actions: list[Action] = [MemberItem.role.set(member.role.name.lower())]
    actions += [attribute.set(text) for attribute, text in texts if text]
    MemberItem(member.practice, member.subject).upsert(actions)


def record_sign_in(member: Member, person: StaffPerson, now: int) -> None:
    """Store the time of a sign-in, and the name and address as the provider says them now. `now` is Unix seconds."""
    texts = (
        (MemberItem.name, person.name),
        (MemberItem.email, person.email),
        (MemberItem.verified_email, person.verified_email),
    )
    actions: list[Action] = [attribute.set(text) for attribute, text in texts if text]
    actions.append(MemberItem.last_sign_in_at.set(now))
    try:
        MemberItem(member.practice, member.subject).upsert(actions, condition=MemberItem.role.exists())
    except UpdateError as error:
        # They were removed meanwhile.
        if not condition_failed(error):
            raise


def verified_address_of(practice: str, subject: str) -> str | None:
    """Return the address of a member or operator that their provider has verified. None if there is none."""
    rows = (_find(partition, subject) for partition in (practice, OPERATOR_PARTITION))
    return next((row.verified_email for row in rows if row and row.verified_email), None)


def remove(practice: str, subject: str) -> None:
    """Remove a member."""
    MemberItem(practice, subject).delete()


def page_of(practice: str, max_count: int, after: str | None = None) -> list[Member]:
    """Return up to `max_count` members of a practice, by subject, from the one after the subject `after` on."""
    later = MemberItem.subject > after if after else None
    items = MemberItem.query(practice, later, limit=max_count, consistent_read=True)
    return [member for item in items if (member := item.member())]


def memberships_of(subject: str, max_count: int) -> list[Member]:
    """Return up to `max_count` memberships of a token's subject, read consistently."""
    keys = [(item.practice, item.subject) for item in MemberItem.by_subject.query(subject, limit=max_count)]
    found = MemberItem.batch_get(keys, consistent_read=True)
    return sorted((member for item in found if (member := item.member())), key=lambda member: member.practice)


def name_keys(practice: str, subjects: Iterable[str]) -> Iterator[tuple[type[MemberItem], ItemKey]]:
    """Yield the tables and keys of members and operators, to read their names with other items."""
    for subject in subjects:
        yield from ((MemberItem, (partition, subject)) for partition in (practice, OPERATOR_PARTITION))


def names_in(batch: Batch, practice: str, subjects: Iterable[str]) -> dict[str, str]:
    """Return the names that were read with other items, by subject. Those without a name have their address."""
    found = [batch.get(MemberItem, partition, subject) for _, (partition, subject) in name_keys(practice, subjects)]
    return {item.subject: name for item in found if item and (name := item.name or item.email)}


def names_of(practice: str, subjects: Iterable[str]) -> dict[str, str]:
    """Return the names of members and operators by subject. Those without a name have their address."""
    known = set(subjects)
    return names_in(read_batch(name_keys(practice, known)), practice, known) if known else {}


def _find(partition: str, subject: str, only: tuple[str, ...] = ()) -> MemberItem | None:
    try:
        return MemberItem.get(partition, subject, consistent_read=True, attributes_to_get=list(only) or None)
    except MemberItem.DoesNotExist:
        return None
