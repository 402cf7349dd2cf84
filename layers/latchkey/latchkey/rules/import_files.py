"""Files of imports: CSV and JSON lines, read into rows. Every cell is text, never a formula."""

import codecs
import csv
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from latchkey.rules import addresses, text_limits
from latchkey.rules.accounts import DEFAULT_PROFILE_KIND, PROFILE_KINDS, ProfileKind
from latchkey.rules.imports import COLUMNS, FILE_SENTENCES, MAX_BYTES, MAX_ROWS, ImportRow, ReadRow
from latchkey.rules.languages import Language, language_of
from latchkey.rules.refusals import EmailMalformed, EmailMissing, FileProblem, ImportInvalid

type FileFormat = Literal["csv", "json_lines"]

FLAG_COLUMNS = ("email_ok", "invite")
TEXT_COLUMNS = tuple(name for name in COLUMNS if name not in FLAG_COLUMNS)
FLAGS: Mapping[str, bool] = {"": False, "no": False, "false": False, "0": False, "yes": True, "true": True, "1": True}
EXTERNAL_ID = re.compile("[!-~]{1,100}")
MAX_COLUMNS = 50
"""Columns of a header that are read. A longer header has an unknown or repeated column, so it is refused anyway."""
REPLACEMENT = "\ufffd"
"""The character that stands for bytes that a program before us could not read."""


class _RowInvalid(Exception):
    """A row cannot become a client. The exception's argument is a key of `SENTENCES`."""


def read(content: bytes, file_format: FileFormat) -> tuple[ReadRow, ...]:
    """Return the rows of a file. Empty rows are left out.

    :raises ImportInvalid: the file's characters, header or quotes are wrong, or it has no rows or too many.
    """
    if len(content) > MAX_BYTES:
        raise _invalid(FileProblem("too_large"))
    text = _decoded(content)
    rows: tuple[ReadRow, ...] = ()
    if text.strip():
        rows = tuple(_csv_rows(text) if file_format == "csv" else _json_rows(text))
    if not rows:
        raise _invalid(FileProblem("rows_missing"))
    return tuple(_without_repetitions(rows))


def _decoded(content: bytes) -> str:
    """Return the text of a file in UTF-8, without the byte order mark that spreadsheets write.

    :raises ImportInvalid: the file is not UTF-8, has a NUL, or lost a character before it arrived.
    """
    body = content.removeprefix(codecs.BOM_UTF8)
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _invalid(FileProblem("utf_16", 1))
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        raise _invalid(FileProblem("not_utf_8", line)) from None
    for character, code in (("\0", "nul"), (REPLACEMENT, "character_lost")):
        found = text.find(character)
        if found >= 0:
            raise _invalid(FileProblem(code, text.count("\n", 0, found) + 1))
    return text


def _csv_rows(text: str) -> Iterator[ReadRow]:
    """Yield the rows of a CSV. Its first row is the header. Spreadsheets of some languages separate by semicolons."""
    first_line = text.partition("\n")[0]
    delimiter = next((mark for mark in ",;\t" if mark in first_line), ",")
    records = _numbered(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    columns = _header(next(records, (1, []))[1])
    filled = ((number, cells) for number, cells in records if any(map(str.strip, cells)))
    return _limited((number, partial(_from_cells, columns, cells)) for number, cells in filled)


def _numbered(records: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number and the cells of each record.

    :raises ImportInvalid: a quote is not closed, or closed in the middle of a cell.
    """
    number = 1
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except csv.Error:
            raise _invalid(FileProblem("quotation_mark", number)) from None
        yield number, record
        number += 1


def _header(cells: list[str]) -> tuple[str, ...]:
    """Return the names of the columns.

    :raises ImportInvalid: a column is unknown or repeated, or the column `name` is missing. The refusal quotes no cell,
        because the first row of a file without a header is a person.
    """
    names = tuple(cell.strip().casefold() for cell in cells[:MAX_COLUMNS])
    problems = [FileProblem("column_unknown", 1, place) for place, name in enumerate(names, 1) if name not in COLUMNS]
    twice = [place for place, name in enumerate(names, 1) if name in names[: place - 1]]
    problems += [FileProblem("column_repeated", 1, place) for place in twice]
    if "name" not in names:
        problems = [FileProblem("name_column_missing", 1), *problems]
    if problems:
        raise _invalid(*problems[:20])
    return names


def _from_cells(columns: tuple[str, ...], cells: list[str]) -> ImportRow:
    if any(cell.strip() for cell in cells[len(columns) :]):
        raise _RowInvalid("cells_invalid")
    values = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    flags = {name: FLAGS.get(values.get(name, "").casefold()) for name in FLAG_COLUMNS}
    if None in flags.values():
        raise _RowInvalid("flag_invalid")
    return _checked({name: values.get(name) or None for name in TEXT_COLUMNS}, {k: bool(v) for k, v in flags.items()})


def _json_rows(text: str) -> Iterator[ReadRow]:
    lines = ((number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip())
    return _limited((number, partial(_from_json, line)) for number, line in lines)


def _from_json(line: str) -> ImportRow:
    try:
        document = json.loads(line, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise _RowInvalid("row_invalid") from None
    if not isinstance(document, dict):
        raise _RowInvalid("row_invalid")
    if not document.keys() <= set(COLUMNS):
        raise _RowInvalid("field_unknown")
    texts = {name: document.get(name) for name in TEXT_COLUMNS}
    flags = {name: document.get(name, False) for name in FLAG_COLUMNS}
    if not all(value is None or isinstance(value, str) for value in texts.values()):
        raise _RowInvalid("field_invalid")
    if not all(isinstance(value, bool) for value in flags.values()):
        raise _RowInvalid("flag_invalid")
    return _checked({name: (value or "").strip() or None for name, value in texts.items()}, flags)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) != len(pairs):
        raise ValueError("a name twice")
    return dict(pairs)


def _limited(rows: Iterable[tuple[int, Callable[[], ImportRow]]]) -> Iterator[ReadRow]:
    """Yield each row, read or refused.

    :raises ImportInvalid: there are more than `MAX_ROWS`.
    """
    for count, (number, read_row) in enumerate(rows, 1):
        if count > MAX_ROWS:
            raise _invalid(FileProblem("too_many_rows", number))
        try:
            yield ReadRow(number, read_row())
        except _RowInvalid as refused:
            yield ReadRow(number, code=str(refused))


def _checked(texts: Mapping[str, str | None], flags: Mapping[str, bool]) -> ImportRow:
    """Return the client of a row.

    :raises _RowInvalid: a value cannot be used.
    """
    name, email, external_id = texts["name"], texts["email"], texts["external_id"]
    if name is None:
        raise _RowInvalid("name_missing")
    if text_limits.problem(name, "name") or not _is_encodable(name):
        raise _RowInvalid("name_invalid")
    if external_id is not None and not EXTERNAL_ID.fullmatch(external_id):
        raise _RowInvalid("external_id_invalid")
    address = _address(email) if email is not None else None
    if flags["invite"] and address is None:
        raise _RowInvalid("email_missing")
    if flags["invite"] and not flags["email_ok"]:
        raise _RowInvalid("email_consent_required")
    if external_id is None and address is None:
        raise _RowInvalid("key_missing")
    kind, language = _kind(texts["kind"]), _language(texts["language"])
    return ImportRow(name, kind, language, address, flags["email_ok"], external_id, flags["invite"])


def _kind(text: str | None) -> ProfileKind:
    if text is None:
        return DEFAULT_PROFILE_KIND
    for kind in PROFILE_KINDS:
        if kind == text.casefold():
            return kind
    raise _RowInvalid("kind_unknown")


def _language(text: str | None) -> Language | None:
    language = language_of(text.casefold()) if text is not None else None
    if text is not None and language is None:
        raise _RowInvalid("language_unknown")
    return language


def _address(text: str) -> str:
    try:
        return addresses.for_mail(text)
    except (EmailMissing, EmailMalformed):
        raise _RowInvalid("email_invalid") from None


def _is_encodable(text: str) -> bool:
    """Return False for half of a surrogate pair, which JSON can contain."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _without_repetitions(rows: Iterable[ReadRow]) -> Iterator[ReadRow]:
    """Yield the rows. The second of two rows with the same id or address is refused."""
    ids, used = set[str](), set[str]()
    for row in rows:
        if row.content is None:
            yield row
            continue
        external_id = row.content.external_id
        address = addresses.canonical(row.content.email) if row.content.email else None
        if external_id in ids:
            yield replace(row, content=None, code="external_id_repeated")
        elif address in used:
            yield replace(row, content=None, code="email_repeated")
        else:
            ids |= {external_id} if external_id else set()
            used |= {address} if address else set()
            yield row


def _invalid(*problems: FileProblem) -> ImportInvalid:
    """Return the refusal of a file with these problems."""
    names = ", ".join(COLUMNS)
    errors = (
        (
            "file" if problem.row is None else f"row {problem.row}",
            FILE_SENTENCES[problem.code].format(column=problem.column, columns=names),
        )
        for problem in problems
    )
    return ImportInvalid(tuple(errors), problems)
