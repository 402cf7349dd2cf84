"""Routes of a practice's own wording in letters with a link."""

from dataclasses import asdict
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path

from latchkey.api import document_mapping
from latchkey.api.context import CurrentContext
from latchkey.api.field_types import LanguageField
from latchkey.api.fields import one_of
from latchkey.api.letter_bodies import LetterPreviewBody, SampleBody, WordingBody
from latchkey.api.practice_documents import LetterDocument, LetterPreviewDocument, SampleDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.mail.wording import WordingOverrides
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.refusals import EmailMalformed, LetterInvalid, OwnAddressUnknown, RateLimited
from latchkey.usecases import letters

routes = ResourceRoutes("letters")

LetterKind = Annotated[LinkMailKind, one_of(*LINK_MAILS), Path(description="The kind of letter.")]
LetterLanguage = Annotated[LanguageField, Path(description="The language of the letter.")]


@routes.on(
    "POST /letters/preview",
    letters.preview_letter,
    responses={200: LetterPreviewDocument},
    refusals=(LetterInvalid, EmailMalformed),
)
def post_letter_preview(body: LetterPreviewBody, context: CurrentContext) -> LetterPreviewDocument:
    """Show a letter as it would go. Nothing is sent, and its link opens nothing."""
    return document_mapping.letter_preview(letters.preview_letter(context, body.request()))


@routes.on(
    "POST /letters/{kind}/{language}/sample",
    letters.send_sample,
    responses={202: SampleDocument},
    refusals=(LetterInvalid, OwnAddressUnknown, RateLimited),
)
def post_letter_sample(
    kind: LetterKind, language: LetterLanguage, body: SampleBody, context: CurrentContext
) -> SampleDocument:
    """Send yourself a sample of a letter.

    It goes to the address of your own that your sign-in provider has verified, ten times a day at most. Its link opens
    nothing.
    """
    wording = WordingOverrides(**body.wording.model_dump()) if body.wording else None
    return SampleDocument(to=letters.send_sample(context, kind, language, wording))


@routes.on("GET /letters/{kind}/{language}", letters.read_wording, responses={200: LetterDocument})
def get_letter(kind: LetterKind, language: LetterLanguage, context: CurrentContext) -> LetterDocument:
    """Read the practice's own wording in a letter.

    An empty part has the standard wording.
    """
    return LetterDocument.model_validate(asdict(letters.read_wording(context, kind, language)))


@routes.on(
    "PUT /letters/{kind}/{language}", letters.set_wording, responses={200: LetterDocument}, refusals=(LetterInvalid,)
)
def put_letter(
    kind: LetterKind, language: LetterLanguage, body: WordingBody, context: CurrentContext
) -> LetterDocument:
    """Save the practice's own wording in a letter."""
    wording = WordingOverrides(**body.model_dump())
    letters.set_wording(context, kind, language, wording)
    return LetterDocument.model_validate(asdict(wording))
