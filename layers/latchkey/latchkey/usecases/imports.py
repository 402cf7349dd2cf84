"""Use cases of imports: many clients at once, from a file (B183 to B186)."""

from contextlib import suppress
from dataclasses import dataclass, replace

from latchkey import log, tokens
from latchkey.rules import import_files
from latchkey.rules.import_files import FileFormat
from latchkey.rules.imports import MAX_UNFINISHED, Import, Progress, RowResult, progress
from latchkey.rules.members import Role
from latchkey.rules.refusals import TooManyImports, Unavailable
from latchkey.store import imports
from latchkey.store.dynamodb import OUTAGES
from latchkey.usecases import import_queue, import_rows
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import use_case
from latchkey.usecases.import_queue import ImportJob


@dataclass(frozen=True, slots=True)
class ImportReport:
    """An import with its counts, or what a dry run found."""

    accepted: Import | None
    """None for a dry run."""
    counts: Progress
    results: tuple[RowResult, ...] = ()
    """The results of all rows, as of now or as a dry run foresees them. Empty for an import that was just accepted."""


@use_case(Role.CLINICIAN, idempotent=True)
def import_clients(
    context: RequestContext, content: bytes, file_format: FileFormat, *, dry_run: bool = False
) -> ImportReport:
    """Accept a file of clients, to be put on file by the worker. A dry run only says what would become of each row.

    :raises ImportInvalid: the file as a whole cannot be read.
    :raises TooManyImports: the practice has `MAX_UNFINISHED` imports that are not finished.
    :raises Unavailable: the queue does not respond. Nothing of the file is used, so the request can be repeated.
    """
    rows = import_files.read(content, file_format)
    results = tuple(
        RowResult(row.number, "waiting", invitation="waiting" if row.content.invite else None, content=row.content)
        if row.content
        else RowResult(row.number, "refused", row.code)
        for row in rows
    )
    if dry_run:
        decided = _decided(context, results)
        return ImportReport(None, progress(decided), decided)
    if sum(other.finished_at is None for other in imports.newest(context.slug, context.now)) >= MAX_UNFINISHED:
        raise TooManyImports
    accepted = Import(
        practice=context.slug,
        id=tokens.new_ulid(context.now_ms),
        created_by=context.clinician.subject,
        created_at_ms=context.now_ms,
        origin=context.origin,
        support_code=context.support_code,
        row_count=len(results),
    )
    imports.add(accepted, results)
    try:
        _queue(context, accepted)
    except Unavailable:
        with suppress(*OUTAGES):
            imports.delete(accepted)
        raise
    return ImportReport(accepted, progress(results))


@use_case(Role.CLINICIAN)
def list_imports(context: RequestContext) -> tuple[Import, ...]:
    """Return the practice's imports of the last days, newest first."""
    return tuple(imports.newest(context.slug, context.now))


@use_case(Role.CLINICIAN)
def read_import(context: RequestContext, import_id: str) -> ImportReport:
    """Return how far an import is, with what became of each row.

    :raises RecordNotFound: the practice has no such import.
    """
    accepted = imports.find(context.slug, import_id, context.now)
    results = tuple(imports.rows_of(accepted))
    return ImportReport(accepted, progress(results), results)


@use_case(Role.CLINICIAN)
def list_rows(context: RequestContext, import_id: str) -> tuple[RowResult, ...]:
    """Return what became of each row of an import, in the order of the file.

    :raises RecordNotFound: the practice has no such import.
    """
    return tuple(imports.rows_of(imports.find(context.slug, import_id, context.now)))


@use_case(Role.CLINICIAN)
def stop_import(context: RequestContext, import_id: str) -> None:
    """Stop an import. Clients that are on file stay, and rows and invitations that wait are refused.

    :raises RecordNotFound: the practice has no such import.
    :raises Unavailable: the queue does not respond. The import stops at its next turn.
    """
    accepted = imports.find(context.slug, import_id, context.now)
    imports.stop(accepted, context.now)
    _queue(context, accepted)


def _queue(context: RequestContext, accepted: Import) -> None:
    try:
        import_queue.send(ImportJob(context.slug, accepted.id))
    except OUTAGES as outage:
        log.log_fault(outage, context.support_code)
        raise Unavailable from None


def _decided(context: RequestContext, results: tuple[RowResult, ...]) -> tuple[RowResult, ...]:
    on_file = import_rows.read_on_file(context, (row.content for row in results if row.content))
    decided = []
    for row in results:
        if row.content:
            client = import_rows.new_client(context, row.content)
            result = import_rows.decide(context, row, row.content, client, on_file)
            row = replace(result, client=result.client if result.status == "unchanged" else None)  # noqa: PLW2901
        decided.append(row)
    return tuple(decided)
