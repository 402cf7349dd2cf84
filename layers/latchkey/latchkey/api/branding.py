"""Routes of a practice's logo."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Depends, Response
from aws_lambda_powertools.event_handler import Request as ResolvedRequest

from latchkey.api import document_mapping
from latchkey.api.context import CurrentContext, Exchange
from latchkey.api.practice_documents import LogoDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.rules.refusals import ValueRefused
from latchkey.usecases import branding

MAX_BODY_BYTES = 10 * 1024 * 1024
"""API Gateway passes no more. The use case says how large a logo may be."""

routes = ResourceRoutes("practices")


def _content(resolved: ResolvedRequest) -> bytes:
    exchange: Exchange = resolved.context["exchange"]
    return exchange.request.body_bytes(MAX_BODY_BYTES)


@routes.on("GET /logo", branding.read_logo, responses={200: LogoDocument})
def get_logo(context: CurrentContext) -> LogoDocument:
    """Read where the practice's logo is."""
    return document_mapping.logo(branding.read_logo(context), context.slug, context.origin)


@routes.on(
    "PUT /logo",
    branding.save_logo,
    responses={200: LogoDocument},
    refusals=(ValueRefused,),
    content_types=("image/png", "image/jpeg"),
)
def put_logo(context: CurrentContext, content: Annotated[bytes, Depends(_content)]) -> LogoDocument:
    """Save a logo.

    The body is a PNG or JPEG of at most 64 KB and 4 million pixels. It is decoded, made smaller and encoded anew as
    PNG. Pages show it at most 160 by 48 pixels large.
    """
    return document_mapping.logo(branding.save_logo(context, content), context.slug, context.origin)


@routes.on("DELETE /logo", branding.remove_logo, responses={204: None})
def delete_logo(context: CurrentContext) -> Response[None]:
    """Remove the logo."""
    branding.remove_logo(context)
    return Response(204)
