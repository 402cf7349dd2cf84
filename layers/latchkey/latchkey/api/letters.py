"""A practice's own words in the letters that carry a link."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api.bodies import LanguageField, WordingBody
from latchkey.api.context import PRACTICE_AUDIT_KEY, CurrentContext
from latchkey.api.documents import LetterDocument
from latchkey.api.fields import one_of
from latchkey.api.routes import ResourceRoutes
from latchkey.mail.letters import WordingOverrides, check_wording
from latchkey.rules.events import EventKind
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LetterInvalid
from latchkey.store import events, practices

routes = ResourceRoutes("letters")

LetterKind = Annotated[LinkMailKind, one_of(*LINK_MAILS), Path(description="Which letter.")]
Spoken = Annotated[LanguageField, Path(description="In which language.")]


@routes.on("GET /letters/{kind}/{language}", Role.ADMIN, gives={200: LetterDocument})
def get_letter(kind: LetterKind, language: Spoken, act: CurrentContext) -> LetterDocument:
    """Read the practice's own words in a letter.

    Parts that are empty are said in ours.
    """
    practice = practices.get(act.slug) or act.practice
    return LetterDocument.model_validate(practice.letters.get(f"{kind}/{language}", {}))


@routes.on("PUT /letters/{kind}/{language}", Role.ADMIN, gives={200: LetterDocument}, refuses=(LetterInvalid,))
def set_wording(kind: LetterKind, language: Spoken, body: WordingBody, act: CurrentContext) -> LetterDocument:
    """Write the practice's own words in a letter."""
    words = body.model_dump()
    try:
        check_wording(WordingOverrides(**words))
    except ValueError as error:
        raise LetterInvalid(str(error)) from None
    events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, f"letter_{kind}_{language}"))
    practices.set_wording(act.slug, f"{kind}/{language}", words)
    return LetterDocument.model_validate(words)
