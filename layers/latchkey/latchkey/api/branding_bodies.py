"""The identity of a practice in the bodies of requests (B148)."""

from latchkey.api.fields import RequestBody, Text, with_links
from latchkey.rules.branding import LEGAL_PAGES
from latchkey.rules.languages import LANGUAGES


@with_links(LEGAL_PAGES)
class LegalBody(RequestBody):
    """The addresses of the practice's legal pages. A missing one is not changed, and null removes it."""


@with_links(LANGUAGES)
class ClinicianWordBody(RequestBody):
    """The word for the clinician after *your*, in each language. A missing one is not changed, and null removes it."""


class WelcomeBody(RequestBody):
    """The welcome in each language. A missing one is not changed, and null removes it."""

    en: Text | None = None
    es: Text | None = None


def welcome_settings(welcome: str | WelcomeBody | None) -> dict[str, object]:
    """Return the settings of a welcome: one text for all languages, or one for each."""
    if isinstance(welcome, WelcomeBody):
        return {"welcome": None, "welcomes": welcome.model_dump(exclude_unset=True)}
    return {"welcome": welcome, "welcomes": dict.fromkeys(LANGUAGES)}
