"""A practice's settings."""

from typing import Any

from latchkey.api import documents
from latchkey.api.bodies import PracticeBody, PracticeChangesBody
from latchkey.api.context import PRACTICE_AUDIT_KEY, CurrentContext
from latchkey.api.documents import PracticeDocument
from latchkey.api.routes import ResourceRoutes
from latchkey.rules import addresses
from latchkey.rules.events import EventKind
from latchkey.rules.members import Role
from latchkey.rules.practices import Practice
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import EmailMalformed
from latchkey.store import events, practices

routes = ResourceRoutes("practices")


@routes.on(
    "PUT ", Role.OPERATOR, gives={200: PracticeDocument, 201: PracticeDocument}, refuses=(EmailMalformed,), founds=True
)
def put_practice(body: PracticeBody, act: CurrentContext) -> tuple[PracticeDocument, int]:
    """Create a practice, or replace its settings.

    What is left out has its default; the practice's letters, clients and members stay.
    """
    practice = Practice(act.slug, **_settings_from_body(body, set(PracticeBody.model_fields), Practice(act.slug, "")))
    events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, "put"))
    created = practices.create_or_replace(practice)
    return documents.practice(practice, act.request.origin), 201 if created else 200


@routes.on("GET ", Role.CLINICIAN, gives={200: PracticeDocument})
def get_practice(act: CurrentContext) -> PracticeDocument:
    """Read a practice's settings."""
    return documents.practice(practices.get(act.slug) or act.practice, act.request.origin)


@routes.on("PATCH ", Role.ADMIN, gives={200: PracticeDocument}, refuses=(EmailMalformed,))
def patch_practice(body: PracticeChangesBody, act: CurrentContext) -> PracticeDocument:
    """Change some of a practice's settings."""
    known = practices.get(act.slug) or act.practice
    changes = _settings_from_body(body, body.model_fields_set, known)
    events.append(act.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, ",".join(sorted(body.model_fields_set))))
    return documents.practice(practices.update(act.slug, changes), act.request.origin)


def _settings_from_body(settings: PracticeBody, names: set[str], current: Practice) -> dict[str, Any]:
    """Return the named settings as fields of a practice. `current` has the switches that were on."""
    stored = {name: getattr(settings, name) for name in names.difference(PROVIDER_NAMES)}
    if names.intersection(PROVIDER_NAMES):
        stored["providers"] = settings.providers_applied_to(current.providers)
    if "website" in stored:
        stored["website"] = bool(settings.website)
    if "features" in stored:
        stored["features"] = settings.features.applied_to(current.features)
    if settings.reply_to is not None and "reply_to" in stored:
        stored["reply_to"] = addresses.for_mail(settings.reply_to)
    return stored
