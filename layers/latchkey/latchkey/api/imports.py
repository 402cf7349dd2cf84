"""Routes and documents of imports: many clients at once, from a file."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler import Request as ResolvedRequest
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from latchkey.api.client_documents import Timestamp, timestamp
from latchkey.api.context import CurrentContext, Exchange
from latchkey.api.fields import Document, one_of
from latchkey.api.routes import ResourceRoutes
from latchkey.http.requests import UTF_8
from latchkey.http.responses import rfc3339
from latchkey.rules.import_files import FileFormat
from latchkey.rules.imports import (
    IMPORT_STATUSES,
    MAX_BYTES,
    ROW_STATUSES,
    SENTENCES,
    Import,
    ImportStatus,
    RowResult,
    RowStatus,
    status_of,
)
from latchkey.rules.refusals import BodyInvalid, ImportInvalid, TooManyImports
from latchkey.rules.text_limits import ULID
from latchkey.usecases import imports
from latchkey.usecases.context import RequestContext
from latchkey.usecases.imports import ImportReport

FORMATS: dict[str, FileFormat] = {"text/csv": "csv", "application/x-ndjson": "json_lines"}

routes = ResourceRoutes("imports")

ImportId = Annotated[str, Path(description="An import's id.", pattern=ULID)]
RowInvitationField = Annotated[Literal["waiting", "queued", "refused"], one_of("waiting", "queued", "refused")]
DryRun = Annotated[bool, Query(description="Only say what would become of each row: nobody is put on file.")]


class CountsDocument(Document):
    """The counts of an import's rows."""

    rows: int
    created: int
    unchanged: Annotated[int, Field(description="Rows whose client is on file already. Nothing of them is changed.")]
    refused: int
    waiting: Annotated[int, Field(description="Rows that are not decided yet.")]
    invited: Annotated[int, Field(description="Created clients whose invitation is on its way.")]
    invitations_waiting: Annotated[int, Field(description="Invitations that are still to be sent.")]
    invitations_refused: int


class RowDocument(Document):
    """A row and what became of it. In a dry run it is what would become of it."""

    row: Annotated[int, Field(description="The number that a spreadsheet shows. The header of a CSV is row 1.")]
    status: Annotated[RowStatus, one_of(*ROW_STATUSES)]
    code: Annotated[str | None, Field(description="Why the row or its invitation is refused. Stable, for programs.")]
    message: Annotated[str | None, Field(description="The code as a sentence.")]
    client: Annotated[str | None, Field(description="The client's id, if the row is created or unchanged.")]
    invitation: Annotated[
        RowInvitationField | None, Field(description="What became of the invitation. Null if the row asks for none.")
    ]


class ImportEntry(Document):
    """An import in the list."""

    id: str
    created_at: Timestamp
    created_by: Annotated[str, Field(description="The actor in the audit.")]
    rows: int
    finished_at: Annotated[Timestamp | None, Field(description="Null while a row or an invitation waits.")]
    stopped_at: Timestamp | None


class ImportDocument(Document):
    """An import and how far it is."""

    id: Annotated[str | None, Field(description="Null for a dry run.")]
    status: Annotated[
        ImportStatus,
        one_of(*IMPORT_STATUSES),
        Field(description="`waiting` while rows wait, `inviting` while invitations wait."),
    ]
    dry_run: bool
    created_at: Timestamp | None
    created_by: str | None
    finished_at: Timestamp | None
    counts: CountsDocument
    progress_url: Annotated[str | None, Field(description="The address of this document. Null for a dry run.")]
    rows: Annotated[
        list[RowDocument] | None, Field(description="All rows, for a dry run. Null otherwise: read `/rows`.")
    ]


class ImportList(Document):
    """The imports of the last 7 days, newest first."""

    imports: list[ImportEntry]


class RowList(Document):
    """All rows of an import, in the order of the file."""

    rows: list[RowDocument]


@dataclass(frozen=True, slots=True)
class UploadedFile:
    """A file in a request's body."""

    content: bytes = field(repr=False)
    file_format: FileFormat


def _base(resolved: ResolvedRequest) -> str:
    """Return the base of the API that was called: the clinicians' or that of practice systems."""
    exchange: Exchange = resolved.context["exchange"]
    return exchange.request.path.partition("/practices/")[0]


ApiBase = Annotated[str, Depends(_base)]


def _uploaded(resolved: ResolvedRequest) -> UploadedFile:
    exchange: Exchange = resolved.context["exchange"]
    media, charset = exchange.request.content_type
    if media not in FORMATS or charset not in UTF_8:
        raise BodyInvalid((("header.content-type", f"Send {' or '.join(FORMATS)}, in UTF-8"),))
    return UploadedFile(exchange.request.body_bytes(MAX_BYTES), FORMATS[media])


@routes.on(
    "POST /clients/import",
    imports.import_clients,
    responses={202: ImportDocument, 200: ImportDocument},
    refusals=(ImportInvalid, TooManyImports),
    content_types=tuple(FORMATS),
)
def post_import(
    file: Annotated[UploadedFile, Depends(_uploaded)], context: CurrentContext, base: ApiBase, dry_run: DryRun = False
) -> tuple[ImportDocument, int]:
    """Put many clients on file, from CSV or JSON lines.

    A file has at most 1,000 rows and 1 MiB, in UTF-8. The columns are `name`, `kind`, `language`, `email`, `email_ok`,
    `external_id` and `invite`. Only `name` is required, and each row needs an `external_id` or an `email`. Send the
    file with `dry_run=true` first. A worker then puts the rows on file, and sends at most 30 invitations a minute.
    A file that is sent again puts nobody on file twice: clients with the same `external_id`, or the same name and
    address, are unchanged.
    """
    report = imports.import_clients(context, file.content, file.file_format, dry_run=dry_run)
    return _document(report, context, base), 200 if dry_run else 202


@routes.on("GET /imports", imports.list_imports, responses={200: ImportList})
def get_imports(context: CurrentContext) -> ImportList:
    """List the imports of the last 7 days."""
    return ImportList(imports=[_entry(accepted) for accepted in imports.list_imports(context)])


@routes.on("GET /imports/{import_id}", imports.read_import, responses={200: ImportDocument})
def get_import(import_id: ImportId, context: CurrentContext, base: ApiBase) -> ImportDocument:
    """Read how far an import is."""
    return _document(imports.read_import(context, import_id), context, base)


@routes.on("GET /imports/{import_id}/rows", imports.list_rows, responses={200: RowList})
def get_import_rows(import_id: ImportId, context: CurrentContext) -> RowList:
    """Read what became of each row.

    Names and addresses of the file are not in it. They are deleted as soon as a row is decided.
    """
    return RowList(rows=[_row(result) for result in imports.list_rows(context, import_id)])


@routes.on("DELETE /imports/{import_id}", imports.stop_import, responses={204: None})
def delete_import(import_id: ImportId, context: CurrentContext) -> Response[None]:
    """Stop an import. Clients that are on file stay. Rows and invitations that wait are refused as `stopped`."""
    imports.stop_import(context, import_id)
    return Response(204)


def _document(report: ImportReport, context: RequestContext, base: str) -> ImportDocument:
    accepted, counts = report.accepted, report.counts
    return ImportDocument(
        id=accepted.id if accepted else None,
        status=status_of(accepted, counts) if accepted else "done",
        dry_run=accepted is None,
        created_at=rfc3339(accepted.created_at_ms // 1000) if accepted else None,
        created_by=accepted.created_by if accepted else None,
        finished_at=timestamp(accepted.finished_at) if accepted else None,
        counts=CountsDocument(**{name: getattr(counts, name) for name in CountsDocument.model_fields}),
        progress_url=f"{context.origin}{base}/practices/{context.slug}/imports/{accepted.id}" if accepted else None,
        rows=None if accepted else [_row(result) for result in report.results],
    )


def _entry(accepted: Import) -> ImportEntry:
    return ImportEntry(
        id=accepted.id,
        created_at=rfc3339(accepted.created_at_ms // 1000),
        created_by=accepted.created_by,
        rows=accepted.row_count,
        finished_at=timestamp(accepted.finished_at),
        stopped_at=timestamp(accepted.stopped_at),
    )


def _row(result: RowResult) -> RowDocument:
    return RowDocument(
        row=result.number,
        status=result.status,
        code=result.code,
        message=SENTENCES.get(result.code) if result.code else None,
        client=result.client,
        invitation="waiting" if result.invitation == "requested" else result.invitation,
    )
