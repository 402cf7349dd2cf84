"""The files of practices' logos. They are items of their own, because every request reads the practice's item."""

from dataclasses import dataclass, field

from pynamodb.attributes import BinaryAttribute, UnicodeAttribute

from latchkey import settings
from latchkey.store.dynamodb import Table

SUFFIX = "#logo"
"""The end of the key. No slug has a `#`."""


@dataclass(frozen=True, slots=True)
class LogoFiles:
    """A logo as PNG, in the sizes that pages use."""

    digest: str
    logo: bytes = field(repr=False)
    icon: bytes = field(repr=False)
    favicon: bytes = field(repr=False)


class LogoItem(Table):
    """The logo of a practice."""

    class Meta:
        table_name = settings.load().practices_table

    slug = UnicodeAttribute(hash_key=True)
    digest = UnicodeAttribute(null=True)
    logo = BinaryAttribute(legacy_encoding=False, null=True)
    icon = BinaryAttribute(legacy_encoding=False, null=True)
    favicon = BinaryAttribute(legacy_encoding=False, null=True)


def find(slug: str) -> LogoFiles | None:
    """Return the files of a practice's logo, or None."""
    try:
        item = LogoItem.get(f"{slug}{SUFFIX}")
    except LogoItem.DoesNotExist:
        return None
    return LogoFiles(item.digest, item.logo, item.icon, item.favicon) if item.digest else None


def save(slug: str, files: LogoFiles) -> None:
    """Save the files of a practice's logo in place of the ones before."""
    LogoItem(f"{slug}{SUFFIX}", digest=files.digest, logo=files.logo, icon=files.icon, favicon=files.favicon).save()


def remove(slug: str) -> None:
    """Remove the files of a practice's logo. The empty item stays, because no role may delete from the table."""
    LogoItem(f"{slug}{SUFFIX}").save()
