"""A practice's own words in the letters that carry a link."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.admin.acts import PRACTICE_ROW, Acting
from latchkey.admin.bodies import Letter
from latchkey.admin.documents import Language, LetterDocument
from latchkey.admin.routes import Routes
from latchkey.mail.letters import Words, check_words
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LetterInvalid
from latchkey.store import events, practices

routes = Routes("letters")

LetterKind = Annotated[Literal["sign_in", "invitation"], Path(description="Which letter.")]
Spoken = Annotated[Language, Path(description="In which language.")]


@routes.on("GET /letters/{kind}/{language}", Role.ADMIN, gives={200: LetterDocument})
def get_letter(kind: LetterKind, language: Spoken, act: Acting) -> LetterDocument:
    """Read the practice's own words in a letter.

    Parts that are empty are said in ours.
    """
    practice = practices.find(act.slug) or act.practice
    return LetterDocument.model_validate(practice.letters.get(f"{kind}/{language}", {}))


@routes.on("PUT /letters/{kind}/{language}", Role.ADMIN, gives={200: LetterDocument}, refuses=(LetterInvalid,))
def put_letter(kind: LetterKind, language: Spoken, body: Letter, act: Acting) -> LetterDocument:
    """Write the practice's own words in a letter."""
    words = body.model_dump()
    try:
        check_words(Words(**words))
    except ValueError as error:
        raise LetterInvalid(str(error)) from None
    events.add(act.event(PRACTICE_ROW, Kind.PRACTICE_CHANGED, f"letter_{kind}_{language}"))
    practices.write_letter(act.slug, f"{kind}/{language}", words)
    return LetterDocument.model_validate(words)
