"""Use cases of a practice's own wording in letters with a link."""

from dataclasses import asdict

from latchkey.mail.wording import WordingOverrides, check_wording
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LetterInvalid
from latchkey.store import events, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case


@use_case(Role.ADMIN)
def read_wording(context: RequestContext, kind: LinkMailKind, language: Language) -> WordingOverrides:
    """Return the practice's own wording of a letter."""
    practice = practices.get(context.slug) or context.practice
    stored = practice.letters.get(f"{kind}/{language}", {})
    return WordingOverrides(stored.get("greeting", ""), stored.get("body", ""), stored.get("footer", ""))


@use_case(Role.ADMIN)
def set_wording(context: RequestContext, kind: LinkMailKind, language: Language, wording: WordingOverrides) -> None:
    """Save the practice's own wording of a letter.

    :raises LetterInvalid: a letter cannot contain the wording.
    """
    try:
        check_wording(wording)
    except ValueError as error:
        raise LetterInvalid(str(error)) from None
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, f"letter_{kind}_{language}"))
    practices.set_wording(context.slug, f"{kind}/{language}", asdict(wording))
