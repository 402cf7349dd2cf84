"""A practice's settings."""

from typing import Any

from latchkey.admin import documents
from latchkey.admin.acts import PRACTICE_ROW, Acting
from latchkey.admin.bodies import Changes, Settings
from latchkey.admin.documents import PracticeDocument
from latchkey.admin.routes import Routes
from latchkey.rules import addresses
from latchkey.rules.events import Kind
from latchkey.rules.members import Role
from latchkey.rules.practices import FEATURES, Practice
from latchkey.rules.refusals import EmailMalformed
from latchkey.store import events, practices

routes = Routes("practices")


@routes.on(
    "PUT ", Role.OPERATOR, gives={200: PracticeDocument, 201: PracticeDocument}, refuses=(EmailMalformed,), founds=True
)
def put_practice(body: Settings, act: Acting) -> tuple[PracticeDocument, int]:
    """Create a practice, or replace its settings.

    What is left out has its default; the practice's letters, clients and members stay.
    """
    practice = Practice(act.slug, **_stored(body, set(Settings.model_fields), frozenset(FEATURES)))
    events.add(act.event(PRACTICE_ROW, Kind.PRACTICE_CHANGED, "put"))
    created = practices.put(practice)
    return documents.practice(practice, act.request.origin), 201 if created else 200


@routes.on("GET ", Role.CLINICIAN, gives={200: PracticeDocument})
def get_practice(act: Acting) -> PracticeDocument:
    """Read a practice's settings."""
    return documents.practice(practices.find(act.slug) or act.practice, act.request.origin)


@routes.on("PATCH ", Role.ADMIN, gives={200: PracticeDocument}, refuses=(EmailMalformed,))
def patch_practice(body: Changes, act: Acting) -> PracticeDocument:
    """Change some of a practice's settings."""
    known = practices.find(act.slug) or act.practice
    changes = _stored(body, body.model_fields_set, known.features)
    events.add(act.event(PRACTICE_ROW, Kind.PRACTICE_CHANGED, ",".join(sorted(body.model_fields_set))))
    return documents.practice(practices.change(act.slug, changes), act.request.origin)


def _stored(settings: Settings, names: set[str], features: frozenset[str]) -> dict[str, Any]:
    """Those settings as the practice keeps them; `features` are those that were on."""
    stored = {name: getattr(settings, name) for name in names}
    if "website" in stored:
        stored["website"] = bool(settings.website)
    if "features" in stored:
        stored["features"] = settings.features.over(features)
    if settings.reply_to is not None and "reply_to" in stored:
        stored["reply_to"] = addresses.on_file(settings.reply_to)
    return stored
