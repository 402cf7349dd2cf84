"""The printed guides of a practice."""

from typing import Literal, get_args

from latchkey.rules.languages import Language

type PageSize = Literal["letter", "a4"]
"""A size of paper."""

PAGE_SIZES: tuple[PageSize, ...] = get_args(PageSize.__value__)

MAX_PDF_BYTES = 200_000
"""A PDF that people load on a phone. An item of DynamoDB holds 400 KB."""


def page_size_or_default(text: str | None) -> PageSize:
    """Return the page size of this name. Letter for any other text, because the practices are in the United States."""
    return "a4" if text == "a4" else "letter"


def guide_key(slug: str, language: Language, size: PageSize) -> str:
    """Return the key under which a practice's PDF is stored. No slug has a `#`."""
    return f"{slug}#guide-{language}-{size}"
