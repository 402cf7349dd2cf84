"""Imports: the rows of a practice's file, what became of each, and the progress (B183 to B186)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, ProfileKind
from latchkey.rules.languages import Language
from latchkey.rules.times import Millis

MAX_ROWS = 1000
"""Rows of one file."""
MAX_BYTES = 1024 * 1024
"""Bytes of one file. A full file with the longest names, addresses and ids has half as many. Lambda takes 6 MB."""
MAX_UNFINISHED = 5
"""Imports of a practice that are not finished."""
KEEP_SECONDS = 7 * 24 * 3600
"""Seconds that an import can be read. The invitations of the largest one take a few hours."""
LEASE_SECONDS = 120
"""Seconds for which a worker has a practice's imports for itself. It is longer than the worker can run."""

type RowStatus = Literal["waiting", "created", "unchanged", "refused"]
type RowInvitation = Literal["waiting", "requested", "queued", "refused"]
"""The invitation of a row that is created. `requested` has access, and its letter may not be queued yet."""
type ImportStatus = Literal["waiting", "inviting", "done", "stopped"]

ROW_STATUSES: tuple[RowStatus, ...] = get_args(RowStatus.__value__)
IMPORT_STATUSES: tuple[ImportStatus, ...] = get_args(ImportStatus.__value__)

SENTENCES: Mapping[str, str] = {
    "row_invalid": "The line is not a JSON object that has each field once.",
    "field_unknown": "A field has a name that imports do not have.",
    "field_invalid": "A field has a value of the wrong type.",
    "cells_invalid": "The row has more cells than the header.",
    "name_missing": "The row has no name.",
    "name_invalid": "The name is longer than 200 characters, or has characters that cannot be shown.",
    "kind_unknown": "The kind is none of individual, couple and minor.",
    "language_unknown": "The language is not one of the portal.",
    "external_id_invalid": "An external_id has 1 to 100 visible ASCII characters and no spaces.",
    "flag_invalid": "email_ok and invite are yes or no.",
    "email_invalid": "The email address cannot be used.",
    "email_missing": "An invitation needs an email address.",
    "email_consent_required": "An invitation needs the consent to be emailed: email_ok.",
    "key_missing": "The row needs an external_id or an email address, so that a repetition finds the client.",
    "external_id_repeated": "An earlier row has the same external_id.",
    "email_repeated": "An earlier row has the same email address. Add the other person as a contact.",
    "email_in_use": "Another client has that email address. Add the person as a contact.",
    "external_id_in_use": "Another client has this external id.",
    "address_suppressed": "Mail to that address came back. Confirm it first.",
    "already_invited": "Somebody has invited the client meanwhile.",
    "erased": "Somebody has erased the client meanwhile.",
    "stopped": "The import was stopped before this row.",
}
"""The reasons why a row or its invitation is refused, with a sentence for people."""
FILE_SENTENCES: Mapping[str, str] = {
    "rows_missing": "The file has no rows",
    "too_many_rows": f"A file has at most {MAX_ROWS:,} rows. Divide it",
    "too_large": f"A file has at most {MAX_BYTES // 1024**2} MiB. Divide it",
    "utf_16": "The file is UTF-16. Save it as UTF-8",
    "not_utf_8": "The characters of this row are not UTF-8. Save the file as UTF-8",
    "nul": "This row has a NUL",
    "character_lost": "A character of this row was lost before it arrived. Save the file as UTF-8",
    "quotation_mark": "A quotation mark of this row is not closed, or does not stand around a whole cell",
    "name_column_missing": "The first row names the columns, and one of them is name",
    "column_unknown": "Column {column} is not one of {columns}",
    "column_repeated": "Column {column} is there twice",
}
"""The reasons why a file as a whole is refused, with a text for people. `columns` are the names of all columns."""
COLUMNS = ("name", "kind", "language", "email", "external_id", "email_ok", "invite")
"""The names of a file's columns."""


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A row of a file, as a client to put on file."""

    name: str = field(repr=False)
    kind: ProfileKind = DEFAULT_PROFILE_KIND
    language: Language | None = None
    """None for the practice's."""
    email: str | None = field(default=None, repr=False)
    email_ok: bool = False
    external_id: str | None = None
    invite: bool = False


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row of a file as it was read: a client, or the reason why it cannot become one."""

    number: int
    """The number of the row, as a spreadsheet shows it. The header of a CSV is row 1."""
    content: ImportRow | None = field(default=None, repr=False)
    code: str | None = None
    """A key of `SENTENCES`. None if there is content."""


@dataclass(frozen=True, slots=True)
class RowResult:
    """A row and what became of it, or what would become of it in a dry run."""

    number: int
    status: RowStatus
    code: str | None = None
    """A key of `SENTENCES`, if the row or its invitation is refused."""
    client: str | None = None
    """Id of the client, if the row is created or unchanged."""
    invitation: RowInvitation | None = None
    """None if the row asks for none."""
    content: ImportRow | None = field(default=None, repr=False)
    """The content of the row in the file. None as soon as the row is decided."""


@dataclass(frozen=True, slots=True)
class Import:
    """An import that was accepted. A worker puts its rows on file."""

    practice: str
    id: str
    """ULID."""
    created_by: str
    """The `sub` of the clinician, or the subject of the practice system. It is the actor in the audit."""
    created_at_ms: Millis
    """Unix milliseconds."""
    origin: str
    """`https://host` of the portal, for the links of invitations."""
    support_code: str
    """The support code of the request, which the audit events of all rows have."""
    row_count: int
    finished_at: int | None = None
    """Unix seconds."""
    stopped_at: int | None = None
    """Unix seconds."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The counts of an import's rows."""

    rows: int
    created: int
    unchanged: int
    refused: int
    waiting: int
    """Rows that are not decided yet."""
    invited: int
    """Created clients whose invitation is queued."""
    invitations_waiting: int
    """Clients of the file whose invitation is still to be sent."""
    invitations_refused: int

    @property
    def is_done(self) -> bool:
        """True if no row and no invitation waits."""
        return not self.waiting and not self.invitations_waiting


def progress(results: Iterable[RowResult]) -> Progress:
    """Return the counts of an import's rows."""
    rows = list(results)
    statuses = [row.status for row in rows]
    invitations = [row.invitation for row in rows if row.status in ("waiting", "created")]
    return Progress(
        rows=len(rows),
        created=statuses.count("created"),
        unchanged=statuses.count("unchanged"),
        refused=statuses.count("refused"),
        waiting=statuses.count("waiting"),
        invited=invitations.count("queued"),
        invitations_waiting=invitations.count("waiting") + invitations.count("requested"),
        invitations_refused=invitations.count("refused"),
    )


def status_of(accepted: Import, counts: Progress) -> ImportStatus:
    """Return the status of an import. `counts` are those of its rows."""
    if accepted.stopped_at is not None:
        return "stopped"
    if counts.is_done:
        return "done"
    return "waiting" if counts.waiting else "inviting"
