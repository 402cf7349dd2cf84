"""The printed guides of practices. They are items of their own, because every request reads the practice's item."""

from dataclasses import dataclass, field

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from latchkey import settings
from latchkey.rules.guides import PageSize, guide_key
from latchkey.rules.languages import Language
from latchkey.store.dynamodb import Table


@dataclass(frozen=True, slots=True)
class PrintedGuide:
    """A guide as a PDF."""

    digest: str
    """The digest of the page that was printed."""
    pdf: bytes = field(repr=False)


class GuideItem(Table):
    """A printed guide. `operate guide` stores it."""

    class Meta:
        table_name = settings.load().practices_table

    slug = UnicodeAttribute(hash_key=True)
    digest = UnicodeAttribute(null=True)
    pdf = BinaryAttribute(legacy_encoding=False, null=True)


def find(slug: str, language: Language, size: PageSize) -> PrintedGuide | None:
    """Return the printed guide of a practice, or None."""
    item = _get(slug, language, size)
    return PrintedGuide(item.digest, item.pdf) if item and item.digest and item.pdf else None


def find_digest(slug: str, language: Language, size: PageSize) -> str | None:
    """Return the digest of the page that was printed. None if there is no printed guide."""
    item = _get(slug, language, size, "digest")
    return item.digest if item else None


def _get(slug: str, language: Language, size: PageSize, *attributes: str) -> GuideItem | None:
    try:
        return GuideItem.get(guide_key(slug, language, size), attributes_to_get=list(attributes) or None)
    except GuideItem.DoesNotExist:
        return None
