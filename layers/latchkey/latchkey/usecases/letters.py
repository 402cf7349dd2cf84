"""Use cases of a practice's own wording in letters with a link."""

from dataclasses import asdict, dataclass, field

from latchkey.mail import link_letters
from latchkey.mail.link_letters import LinkLetter
from latchkey.mail.wording import WordingOverrides, check_wording
from latchkey.rules.events import EventKind
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LetterInvalid, OwnAddressUnknown
from latchkey.store import events, members, practices
from latchkey.usecases import outbox
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import RateLimit, use_case


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
    portal = f"{context.origin}/{context.slug}"
    letter = link_letters.render(
        context.practice,
        LinkLetter(
            kind=request.kind,
            language=request.language,
            address=request.address,
            name=request.name,
            portal=portal,
            url=f"{portal}/link/preview",
            entity_ref_id="preview",
            requested_at=context.now,
            wording=request.wording,
            subject=request.subject,
            message=request.message,
            items=request.items,
        ),
    )
    return LetterPreview(letter.subject, letter.text, letter.html)


@use_case(Role.ADMIN, idempotent=True, rate_limit=RateLimit.SAMPLES)
def send_sample(
    context: RequestContext, kind: LinkMailKind, language: Language, wording: WordingOverrides | None = None
) -> str:
    """Queue a sample of a letter to the member's own address. Return the address.

    `wording` is the practice's wording, before it is saved. None is for the saved one.

    :raises LetterInvalid: a letter cannot contain the wording.
    :raises OwnAddressUnknown: no provider has verified an address of the member.
    :raises Unavailable: the queue does not respond. Nothing is queued.
    """
    if wording:
        _check(wording)
    address = members.verified_address_of(context.slug, context.clinician.subject)
    if address is None:
        raise OwnAddressUnknown
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.SAMPLE_REQUESTED, f"letter_{kind}_{language}"))
    outbox.queue_sample(context, kind, language, wording)
    return address


@use_case(Role.CLINICIAN)
def read_wording(context: RequestContext, kind: LinkMailKind, language: Language) -> WordingOverrides:
    """Return the practice's own wording of a letter."""
    return link_letters.saved_wording(practices.get(context.slug) or context.practice, kind, language)


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
