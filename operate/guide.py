"""The `guide` command: print the guide and the front desk's sheet of a practice, and store the guide for the portal."""

import argparse
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from playwright.sync_api import Browser, Page, sync_playwright
from playwright.sync_api import Error as BrowserError

from latchkey.rules.guides import MAX_PDF_BYTES, PAGE_SIZES, PageSize, guide_key
from latchkey.rules.languages import LANGUAGES, Language
from operate import aws
from operate.errors import CommandError

OK = 200
SLUG = re.compile(r"[a-z0-9-]{3,40}")
FORMATS: dict[PageSize, str] = {"letter": "Letter", "a4": "A4"}
"""Names of page sizes in Chromium."""

VERSION = ".version"
"""The element of the guide with its digest."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A page of the portal, printed."""

    name: str
    """`guide` or `handout`."""
    language: Language
    size: PageSize
    digest: str
    """The digest that the page shows. "" for none."""
    pdf: bytes = field(repr=False)


def write(args: argparse.Namespace) -> None:
    """Print a practice's guide and handout in every language and page size. With a stack, store the guides in it.

    :raises CommandError: Chromium is missing, the portal has no such practice, or a PDF is too large.
    """
    if not args.stack and not args.origin:
        raise CommandError("Name a --stack to store the guides in, or an --origin to print them from.")
    if not SLUG.fullmatch(args.practice):
        raise CommandError(f"{args.practice} is no practice's slug: a-z, 0-9 and -, 3 to 40 characters.")
    stack = aws.stack(args.stack) if args.stack else None
    origin = (args.origin or (stack.origin if stack else "")).rstrip("/")
    if args.dry_run:
        print(f"Would print {origin}/{args.practice}/guide into {args.out}" + (" and store it" if stack else ""))
        return
    sheets = print_sheets(origin, args.practice)
    args.out.mkdir(parents=True, exist_ok=True)
    for sheet in sheets:
        file = args.out / f"{args.practice}-{sheet.name}-{sheet.language}-{sheet.size}.pdf"
        file.write_bytes(sheet.pdf)
        print(f"{file}: {len(sheet.pdf) / 1000:.0f} kB")
    if stack:
        for sheet in sheets:
            if sheet.digest:
                _store(stack.resource("Practices"), args.practice, sheet)
        print(f"Stored: {origin}/{args.practice}/guide.pdf")


def print_sheets(origin: str, slug: str) -> list[Sheet]:
    """Return the printed guides and handouts of a practice, by headless Chromium.

    :raises CommandError: Chromium is missing, the portal has no such practice, or a PDF is too large.
    """
    with _chromium() as browser:
        return [
            _printed(browser, f"{origin}/{slug}", name, language, size)
            for name in ("guide", "handout")
            for language in LANGUAGES
            for size in PAGE_SIZES
        ]


@contextmanager
def _chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        raise CommandError("Chromium is missing: on Debian, apt-get install chromium")
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
            yield browser
            browser.close()
        except BrowserError as error:
            raise CommandError(f"Chromium: {error.message.splitlines()[0]}") from None


def _printed(browser: Browser, portal: str, name: str, language: Language, size: PageSize) -> Sheet:
    page = browser.new_page(locale=language)
    try:
        response = page.goto(f"{portal}/{name}?lang={language}")
        if response is None or response.status != OK:
            raise CommandError(f"{portal}/{name} answered {response.status if response else 'nothing'}.")
        digest = _digest(page)
        pdf = page.pdf(format=FORMATS[size], tagged=True, outline=True)
    finally:
        page.close()
    if len(pdf) > MAX_PDF_BYTES:
        raise CommandError(f"The {name} in {language} has {len(pdf)} bytes, more than {MAX_PDF_BYTES}.")
    return Sheet(name, language, size, digest, pdf)


def _digest(page: Page) -> str:
    version = page.locator(VERSION)
    return version.inner_text() if version.count() else ""


def _store(table: str, slug: str, sheet: Sheet) -> None:
    item = {
        "slug": {"S": guide_key(slug, sheet.language, sheet.size)},
        "digest": {"S": sheet.digest},
        "pdf": {"B": sheet.pdf},
    }
    aws.client("dynamodb").put_item(TableName=table, Item=item)
