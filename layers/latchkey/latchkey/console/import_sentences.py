"""Sentences of imports: what is wrong with a file, and what is wrong with rows."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

from latchkey import languages
from latchkey.rules.imports import COLUMNS, MAX_BYTES, MAX_ROWS, RowResult
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.refusals import FileProblem

PROBLEMS_SHOWN = 3
"""Problems of a file in one sentence. Those of a file without header are many."""


@dataclass(frozen=True, slots=True)
class RowGroup:
    """Rows with the same problem."""

    rows: str
    """Their numbers, such as "3, 5, 9–12"."""
    count: int
    sentence: str


def file_sentence(problems: tuple[FileProblem, ...], language: Language) -> str:
    """Return what is wrong with a file, and that nothing of it was used."""
    _ = languages.translator(language)
    sentences = [file_sentences(problem, language)[problem.code] for problem in problems[:PROBLEMS_SHOWN]]
    return " ".join([*sentences, _("Nothing was put on file.")])


def file_sentences(problem: FileProblem, language: Language) -> Mapping[str, str]:
    """Return a sentence for each reason why a file is refused, about the row and column of this problem."""
    _ = languages.translator(language)
    row, column, columns = problem.row, problem.column, ", ".join(COLUMNS)
    return {
        "rows_missing": _("The file has no rows."),
        "too_many_rows": _("The file has more than {number} rows. Divide it.", number=f"{MAX_ROWS:,}"),
        "too_large": _("The file is larger than {number} MB. Divide it.", number=MAX_BYTES // 1024**2),
        "utf_16": _("The file can’t be read. Choose CSV UTF-8 when you save it."),
        "not_utf_8": _("Row {row} can’t be read. Choose CSV UTF-8 when you save the file.", row=row),
        "nul": _("Row {row} has a character that is no text.", row=row),
        "character_lost": _(
            "Row {row} has a character that was lost. Choose CSV UTF-8 when you save the file.", row=row
        ),
        "quotation_mark": _("In row {row} a quotation mark is not closed, or is in the middle of a cell.", row=row),
        "name_column_missing": _("The first row names the columns, and one of them is name."),
        "column_unknown": _("Column {column} has none of these names: {columns}.", column=column, columns=columns),
        "column_repeated": _("Column {column} has the name of an earlier one.", column=column),
    }


def row_sentences(language: Language) -> Mapping[str, str]:
    """Return a sentence for each reason why a row or its invitation is refused."""
    _ = languages.translator(language)
    return {
        "row_invalid": _("The row can’t be read."),
        "field_unknown": _("A field has a name that imports don’t have."),
        "field_invalid": _("A field has a value of another kind."),
        "cells_invalid": _("There are more cells than columns."),
        "name_missing": _("There is no name."),
        "name_invalid": _("The name is longer than 200 characters, or has characters that can’t be shown."),
        "kind_unknown": _("The kind is none of these: individual, couple, minor."),
        "language_unknown": _("The language is none of these: {languages}.", languages=", ".join(LANGUAGES)),
        "external_id_invalid": _("The external_id has a space, an accent or more than 100 characters."),
        "flag_invalid": _("email_ok and invite are yes or no."),
        "email_invalid": _("The email address is not written correctly."),
        "email_missing": _("There is no email address for the invitation."),
        "email_consent_required": _("An invitation needs yes under email_ok too."),
        "key_missing": _("There is neither an email address nor an external_id, and one of them is needed."),
        "external_id_repeated": _("An earlier row has the same external_id."),
        "email_repeated": _(
            "An earlier row has the same email address. Add one of the two as a person who can open this."
        ),
        "email_in_use": _("Another client has the email address. Add one of the two as a person who can open this."),
        "external_id_in_use": _("Another client has the external_id."),
        "address_suppressed": _("Email to the address came back. Check the address first."),
        "already_invited": _("Someone invited the client meanwhile."),
        "erased": _("Someone erased the client meanwhile."),
        "stopped": _("The import was stopped before this row."),
    }


def refused_rows(results: Iterable[RowResult], language: Language) -> list[RowGroup]:
    """Return the rows that are refused, by their problems, in the order of the file."""
    return _grouped((row for row in results if row.status == "refused"), language)


def refused_invitations(results: Iterable[RowResult], language: Language) -> list[RowGroup]:
    """Return the rows whose client is on file and gets no invitation, by the reasons."""
    return _grouped((row for row in results if row.status == "created" and row.invitation == "refused"), language)


def _grouped(results: Iterable[RowResult], language: Language) -> list[RowGroup]:
    sentences = row_sentences(language)
    groups: dict[str, list[int]] = {}
    for row in results:
        groups.setdefault(row.code or "row_invalid", []).append(row.number)
    return [
        RowGroup(_ranges(numbers), len(numbers), sentences.get(code) or sentences["row_invalid"])
        for code, numbers in groups.items()
    ]


def _ranges(numbers: list[int]) -> str:
    """Return numbers in a short form. They are in order."""
    breaks = [(before, after) for before, after in pairwise(numbers) if after != before + 1]
    starts, ends = [numbers[0], *(after for _, after in breaks)], [*(before for before, _ in breaks), numbers[-1]]
    parts = (f"{first}" if first == last else f"{first}–{last}" for first, last in zip(starts, ends, strict=True))
    return ", ".join(parts)
