"""Use cases of a practice's logo (B148)."""

from latchkey import tokens
from latchkey.rules.branding import Logo
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import RecordNotFound
from latchkey.store import events, logos, practices
from latchkey.store.logos import LogoFiles
from latchkey.usecases import logo_images
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case


@use_case(Role.CLINICIAN)
def read_logo(context: RequestContext) -> Logo:
    """Return the practice's logo.

    :raises RecordNotFound: the practice has none.
    """
    practice = practices.get(context.slug) or context.practice
    if practice.logo is None:
        raise RecordNotFound
    return practice.logo


@use_case(Role.ADMIN)
def save_logo(context: RequestContext, sent: bytes) -> Logo:
    """Save a PNG or JPEG as the practice's logo, encoded again. Return it.

    :raises ValueRefused: `sent` is not a PNG or JPEG, or is too large.
    """
    images = logo_images.encode(sent)
    logo = Logo(tokens.content_digest(images.logo), images.width, images.height)
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, "logo"))
    # First the files, then the address that pages show. In between, the old address serves the new logo.
    logos.save(context.slug, LogoFiles(logo.digest, images.logo, images.icon, images.favicon))
    practices.update(context.slug, {"logo": logo})
    return logo


@use_case(Role.ADMIN)
def remove_logo(context: RequestContext) -> None:
    """Remove the practice's logo. Without a logo this does nothing."""
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, "logo"))
    practices.update(context.slug, {"logo": None})
    logos.remove(context.slug)
