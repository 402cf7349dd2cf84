"""Use cases of a practice's own wording in letters with a link."""

from dataclasses import asdict, dataclass, field
from typing import assert_never

from latchkey import settings
from latchkey.mail import letters
from latchkey.mail.letters import LinkMail
from latchkey.mail.wording import WordingOverrides, check_wording
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LetterInvalid
from latchkey.store import events, practices
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case

PARTS = ("greeting", "body", "footer")


@dataclass(frozen=True, slots=True)
class LetterPreview:
    """A letter as it would go. Its link opens nothing."""

    subject: str
    text: str = field(repr=False)
    html: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PreviewRequest:
    """The letter to preview."""

    kind: LinkMailKind
    language: Language
    name: str = field(repr=False)
    address: str = field(default="name@example.com", repr=False)
    wording: WordingOverrides | None = None
    """The practice's wording, before it is saved. None for the saved one."""
    subject: str | None = None
    message: str | None = None
    items: tuple[str, ...] = ()


@use_case(Role.CLINICIAN)
def preview_letter(context: RequestContext, request: PreviewRequest) -> LetterPreview:
    """Return a letter as it would go. Nothing is sent.

    :raises LetterInvalid: a letter cannot contain the wording.
    """
    if request.wording:
        _check(request.wording)
    return render_preview(context, request)


def render_preview(context: RequestContext, request: PreviewRequest) -> LetterPreview:
    """Return the rendered letter."""
    practice, portal = context.practice, f"{context.origin}/{context.slug}"
    stored = practice.letters.get(f"{request.kind}/{request.language}", {})
    overrides = request.wording or WordingOverrides(**{part: stored.get(part, "") for part in PARTS})
    link_mail = LinkMail(
        address=request.address,
        language=request.language,
        url=f"{portal}/link/preview",
        sender=f"{practice.sender}@{settings.load().sender_domain}",
        entity_ref_id="preview",
        hours=settings.load().link_seconds // 3600,
    )
    match request.kind:
        case "invitation":
            letter = letters.invitation(
                practice,
                link_mail,
                name=request.name,
                portal=portal,
                overrides=overrides,
                subject=request.subject,
                message=request.message,
                items=request.items,
            )
        case "sign_in":
            letter = letters.sign_in(
                practice, link_mail, requested_at=context.now, name=request.name, portal=portal, overrides=overrides
            )
        case kind:
            assert_never(kind)
    return LetterPreview(letter.subject, letter.text, letter.html)


@use_case(Role.CLINICIAN)
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
    _check(wording)
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.PRACTICE_CHANGED, f"letter_{kind}_{language}"))
    practices.set_wording(context.slug, f"{kind}/{language}", asdict(wording))


def _check(wording: WordingOverrides) -> None:
    """Raise unless a letter can contain the wording.

    :raises LetterInvalid: it cannot.
    """
    try:
        check_wording(wording)
    except ValueError as error:
        raise LetterInvalid(str(error)) from None
