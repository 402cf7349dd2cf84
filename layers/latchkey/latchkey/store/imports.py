"""Imports of practices and their rows, and the lease by which one worker at a time works on those of a practice."""

from collections.abc import Iterable
from itertools import batched

from pynamodb.attributes import BooleanAttribute, UnicodeAttribute
from pynamodb.exceptions import UpdateError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from latchkey import settings
from latchkey.rules.imports import KEEP_SECONDS, Import, ImportRow, RowResult
from latchkey.rules.refusals import RecordNotFound
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed, connection, set_or_remove
from latchkey.store.records import to_attributes, to_record

BATCH = 100
"""Items that one transaction can write."""
CONTENT = tuple(ImportRow.__dataclass_fields__)
"""The attributes of a row's content, which are removed as soon as the row is decided."""


class ImportItem(Table):
    """An import."""

    class Meta:
        table_name = settings.load().imports_table

    practice = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    created_by = UnicodeAttribute()
    created_at_ms = IntegerAttribute()
    origin = UnicodeAttribute()
    support_code = UnicodeAttribute()
    row_count = IntegerAttribute()
    finished_at = IntegerAttribute(null=True)
    stopped_at = IntegerAttribute(null=True)
    sweep_at = IntegerAttribute()

    def accepted(self) -> Import:
        """Return the import as a value."""
        return to_record(Import, self)


class ImportRowItem(Table):
    """A row of an import."""

    class Meta:
        table_name = settings.load().imports_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice, `#rows#` and the import."""
    id = UnicodeAttribute(range_key=True)
    """The number of the row, in ten digits."""
    status = UnicodeAttribute()
    code = UnicodeAttribute(null=True)
    client = UnicodeAttribute(null=True)
    invitation = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)
    language = UnicodeAttribute(null=True)
    email = UnicodeAttribute(null=True)
    email_ok = BooleanAttribute(null=True)
    external_id = UnicodeAttribute(null=True)
    invite = BooleanAttribute(null=True)
    sweep_at = IntegerAttribute()

    def result(self) -> RowResult:
        """Return the row as a value."""
        content = None if self.name is None else to_record(ImportRow, self)
        return to_record(RowResult, self, number=int(self.id), content=content)


class LeaseItem(Table):
    """The lease of a practice's imports."""

    class Meta:
        table_name = settings.load().imports_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice and `#lease`."""
    id = UnicodeAttribute(range_key=True)
    holder = UnicodeAttribute(null=True)
    until = IntegerAttribute(null=True)
    sweep_at = IntegerAttribute()


def add(accepted: Import, rows: Iterable[RowResult]) -> None:
    """Store an import with its rows. The import itself comes last, so that one without its rows is never found."""
    sweep_at = accepted.created_at_ms // 1000 + KEEP_SECONDS
    for batch in batched(rows, BATCH, strict=False):
        with TransactWrite(connection=connection) as transaction:
            for row in batch:
                content = to_attributes(row.content) if row.content else {}
                transaction.save(
                    ImportRowItem(
                        _rows(accepted.practice, accepted.id),
                        _number(row),
                        sweep_at=sweep_at,
                        **to_attributes(row, leave_out=("number", "content")),
                        **content,
                    )
                )
    ImportItem(sweep_at=sweep_at, **to_attributes(accepted)).save()


def delete(accepted: Import) -> None:
    """Delete an import of which no row is on file. Its rows expire."""
    ImportItem(accepted.practice, accepted.id).delete()


def find(practice: str, import_id: str, now: int) -> Import:
    """Return an import of this practice.

    :raises RecordNotFound: the practice has no such import, or it is too old.
    """
    try:
        item = ImportItem.get(practice, import_id, consistent_read=True)
    except ImportItem.DoesNotExist:
        raise RecordNotFound from None
    if item.sweep_at <= now:
        raise RecordNotFound
    return item.accepted()


def newest(practice: str, now: int) -> list[Import]:
    """Return the imports of a practice that are not too old, newest first."""
    found = ImportItem.query(practice, scan_index_forward=False, consistent_read=True)
    return [item.accepted() for item in found if item.sweep_at > now]


def rows_of(accepted: Import) -> list[RowResult]:
    """Return all rows of an import, in the order of the file."""
    found = ImportRowItem.query(_rows(accepted.practice, accepted.id), consistent_read=True)
    return [item.result() for item in found]


def decide_in(transaction: TransactWrite, accepted: Import, row: RowResult) -> None:
    """Write the result of a waiting row in a transaction, and remove the row's content."""
    transaction.update(_row(accepted, row), _decided(row), condition=ImportRowItem.status == "waiting")


def decide(accepted: Import, row: RowResult) -> None:
    """Write the result of a row, and remove the row's content. A row that is decided already stays as it is."""
    try:
        _row(accepted, row).upsert(_decided(row), condition=ImportRowItem.status == "waiting")
    except UpdateError as error:
        if not condition_failed(error):
            raise


def is_waiting(accepted: Import, row: RowResult) -> bool:
    """Return True if a row is not decided yet."""
    return ImportRowItem.get(_rows(accepted.practice, accepted.id), _number(row), consistent_read=True).status == (
        "waiting"
    )


def set_invitation(accepted: Import, row: RowResult) -> None:
    """Write the result of a row's invitation."""
    _row(accepted, row).upsert(_invited(row), condition=ImportRowItem.status.exists())


def set_invitation_in(transaction: TransactWrite, accepted: Import, row: RowResult) -> None:
    """Write the result of a row's invitation, together with the client's access."""
    transaction.update(_row(accepted, row), _invited(row), condition=ImportRowItem.status.exists())


def finish(accepted: Import, now: int) -> None:
    """Record that no row and no invitation of an import waits. `now` is Unix seconds."""
    ImportItem(accepted.practice, accepted.id).upsert(
        [ImportItem.finished_at.set(now)], condition=ImportItem.row_count.exists()
    )


def stop(accepted: Import, now: int) -> None:
    """Record that an import stops, unless it is finished. `now` is Unix seconds."""
    try:
        ImportItem(accepted.practice, accepted.id).upsert(
            [ImportItem.stopped_at.set(now)],
            condition=ImportItem.row_count.exists()
            & ImportItem.finished_at.does_not_exist()
            & ImportItem.stopped_at.does_not_exist(),
        )
    except UpdateError as error:
        if not condition_failed(error):
            raise


def take_lease(practice: str, holder: str, now: int, until: int) -> bool:
    """Give a holder the lease of a practice's imports, until `until` at most. Return False if another one has it.

    `now` and `until` are Unix seconds.
    """
    try:
        LeaseItem(f"{practice}#lease", "lease").upsert(
            [LeaseItem.holder.set(holder), LeaseItem.until.set(until), LeaseItem.sweep_at.set(until + KEEP_SECONDS)],
            condition=LeaseItem.until.does_not_exist() | (LeaseItem.until <= now) | (LeaseItem.holder == holder),
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


def release_lease(practice: str, holder: str) -> None:
    """End a lease, if the holder still has it."""
    try:
        LeaseItem(f"{practice}#lease", "lease").upsert(
            [LeaseItem.holder.remove(), LeaseItem.until.remove()], condition=LeaseItem.holder == holder
        )
    except UpdateError as error:
        if not condition_failed(error):
            raise


def _decided(row: RowResult) -> list[Action]:
    changed = {"status": row.status, "code": row.code, "client": row.client, "invitation": row.invitation}
    return [
        *(set_or_remove(getattr(ImportRowItem, name), value) for name, value in changed.items()),
        *(getattr(ImportRowItem, name).remove() for name in CONTENT),
    ]


def _invited(row: RowResult) -> list[Action]:
    return [set_or_remove(ImportRowItem.invitation, row.invitation), set_or_remove(ImportRowItem.code, row.code)]


def _row(accepted: Import, row: RowResult) -> ImportRowItem:
    return ImportRowItem(_rows(accepted.practice, accepted.id), _number(row))


def _rows(practice: str, import_id: str) -> str:
    return f"{practice}#rows#{import_id}"


def _number(row: RowResult) -> str:
    return f"{row.number:010d}"
