"""Routes of a practice's settings."""

from latchkey.api import document_mapping
from latchkey.api.context import CurrentContext
from latchkey.api.practice_bodies import PracticeBody, PracticeChangesBody
from latchkey.api.practice_documents import PracticeDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import EmailMalformed, ValueRefused
from latchkey.usecases import practices

routes = ResourceRoutes("practices")


@routes.on(
    "PUT ",
    practices.save_practice,
    responses={200: PracticeDocument, 201: PracticeDocument},
    refusals=(EmailMalformed, ValueRefused),
)
def put_practice(body: PracticeBody, context: CurrentContext) -> tuple[PracticeDocument, int]:
    """Create a practice, or replace its settings.

    A missing field has its default. The practice's letters, clients and members stay.
    """
    practice, is_new = practices.save_practice(context, body.settings())
    return document_mapping.practice(practice, context.origin), 201 if is_new else 200


@routes.on("GET ", practices.read_practice, responses={200: PracticeDocument})
def get_practice(context: CurrentContext) -> PracticeDocument:
    """Read a practice's settings."""
    return document_mapping.practice(practices.read_practice(context), context.origin)


@routes.on(
    "PATCH ", practices.update_practice, responses={200: PracticeDocument}, refusals=(EmailMalformed, ValueRefused)
)
def patch_practice(body: PracticeChangesBody, context: CurrentContext) -> PracticeDocument:
    """Change some of a practice's settings."""
    return document_mapping.practice(practices.update_practice(context, body.settings()), context.origin)
