"""Imports: many clients from a spreadsheet, checked first, with their progress as counts (B183 to B186, B230, B231)."""

from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.import_sentences import refused_invitations, refused_rows
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.rules.imports import status_of
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.refusals import BodyInvalid, ImportInvalid
from latchkey.usecases import imports
from latchkey.usecases.imports import ImportReport

routes = ConsoleRoutes()

FILE_FIELD = "file"
FRAME_UPDATES = 24
"""Times that the counts are read again by themselves. Each reading keeps the session alive."""
SECONDS_BETWEEN_UPDATES = 5


@routes.get("/imports", imports.list_imports)
def imports_page(current: Current) -> Response:
    """Show the form for a file, and the imports of the last days."""
    return render.signed_in_page(
        current, "imports.html", imports=imports.list_imports(current.context), languages=LANGUAGES
    )


@routes.get("/imports/check", imports.list_imports)
def check_address(current: Current) -> Response:
    """Go to the form for a file, because the result of a check has no URL of its own."""
    return see_other(f"{current.home}/imports")


@routes.form("/imports/check", imports.import_clients, imports.list_imports, page=imports_page, is_dry_run=True)
def check_file(current: Current) -> Response:
    """Say what would become of each row of the file. The page keeps the rows, and nothing is stored."""
    content = _content(current)
    report = imports.import_clients(current.context, content, "csv", dry_run=True)
    language = current.request.language
    return render.signed_in_page(
        current,
        "import_check.html",
        counts=report.counts,
        refused=refused_rows(report.results, language),
        # The form keeps its id after a refusal, so that a press that is still being answered starts no second import.
        start_token=current.form.text("form") if current.problem else current.form_token(f"{current.home}/imports"),
        rows=content.decode("utf-8-sig"),
    )


def start_page(current: Current) -> Response:
    """Show the check again after a refusal, or the form for a file if there is nothing to check."""
    try:
        return check_file(current)
    except (BodyInvalid, ImportInvalid):
        return imports_page(current)


@routes.form("/imports", imports.import_clients, imports.list_imports, page=start_page)
def start_import(current: Current) -> Response:
    """Start the import of the rows that were checked."""
    report = imports.import_clients(current.context, _content(current), "csv")
    return see_other(f"{current.home}/imports/{report.accepted.id}" if report.accepted else f"{current.home}/imports")


@routes.get("/imports/{import}", imports.read_import)
def import_page(current: Current) -> Response:
    """Show how far an import is, and the rows that were refused."""
    report = _read(current)
    language = current.request.language
    return render.signed_in_page(
        current,
        "import.html",
        report=report,
        status=_status(report),
        import_path=_path(current),
        counts=report.counts,
        refused=refused_rows(report.results, language),
        not_invited=refused_invitations(report.results, language),
    )


@routes.get("/imports/{import}/progress", imports.read_import)
def progress_page(current: Current) -> Response:
    """Show the counts of an import, which read themselves again until it is done."""
    report = _read(current)
    number = current.query("n")
    shown = int(number) if number.isdecimal() and len(number) <= len(str(FRAME_UPDATES)) else FRAME_UPDATES
    updates = shown < FRAME_UPDATES and not report.counts.is_done
    return render.embedded_page(
        current,
        "import_progress.html",
        status=_status(report),
        import_path=_path(current),
        counts=report.counts,
        next_update=shown + 1 if updates else None,
        last_update=FRAME_UPDATES,
        seconds=SECONDS_BETWEEN_UPDATES,
    )


@routes.get("/imports/{import}/stop", imports.stop_import, imports.read_import)
def stop_page(current: Current) -> Response:
    """Say what stays and what does not, before the import is stopped. One that is done is shown instead."""
    report = _read(current)
    if report.counts.is_done:
        return see_other(_path(current))
    return render.signed_in_page(current, "stop_import.html", counts=report.counts, import_path=_path(current))


@routes.form("/imports/{import}/stop", imports.stop_import, imports.read_import, page=stop_page)
def stop_import(current: Current) -> Response:
    """Stop the import. Clients who are on file stay."""
    imports.stop_import(current.context, current.ulid("import"))
    return see_other(_path(current))


def _content(current: Current) -> bytes:
    """Return the file that was chosen, or the rows that the page of the check has kept.

    :raises BodyInvalid: there is none.
    """
    content = current.form.content(FILE_FIELD)
    if not content:
        raise BodyInvalid(((FILE_FIELD, "file"),))
    return content


def _read(current: Current) -> ImportReport:
    return imports.read_import(current.context, current.ulid("import"))


def _status(report: ImportReport) -> str:
    return status_of(report.accepted, report.counts) if report.accepted else "done"


def _path(current: Current) -> str:
    return f"{current.home}/imports/{current.ulid('import')}"
