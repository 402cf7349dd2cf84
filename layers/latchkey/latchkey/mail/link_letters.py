"""The letter of a link, for an invitation or a sign-in: what the worker sends and what clinicians preview."""

from dataclasses import dataclass, field, replace
from typing import assert_never

from latchkey import languages, settings
from latchkey.mail import letters
from latchkey.mail.letters import Letter, LinkMail
from latchkey.mail.wording import WordingOverrides
from latchkey.rules.languages import Language
from latchkey.rules.mail import LinkMailKind, SampleJob
from latchkey.rules.practices import Practice


@dataclass(frozen=True, slots=True)
class LinkLetter:
    """The values of a letter with a link, before it is rendered."""

    kind: LinkMailKind
    language: Language
    address: str = field(repr=False)
    """The address on file."""
    name: str = field(repr=False)
    portal: str
    """The portal's URL."""
    url: str = field(repr=False)
    """The link."""
    entity_ref_id: str
    """An id that no other letter has."""
    requested_at: int
    """Unix seconds."""
    wording: WordingOverrides | None = None
    """The practice's wording. None for the saved one."""
    subject: str | None = None
    """The subject of this one invitation."""
    message: str | None = field(default=None, repr=False)
    """The body of this one invitation."""
    items: tuple[str, ...] = ()


SAMPLE_NAME = "Ana Reyes"
"""The person to whom a preview and a sample are written. Nobody on file."""


def sample(practice: Practice, job: SampleJob, address: str) -> Letter:
    """Return the sample of a letter for a member's own address. Its subject says so, and its link opens nothing."""
    portal = f"{job.origin}/{job.practice}"
    letter = render(
        practice,
        LinkLetter(
            kind=job.letter,
            language=job.language,
            address=address,
            name=SAMPLE_NAME,
            portal=portal,
            url=f"{portal}/link/preview",
            entity_ref_id=job.job_id.hex(),
            requested_at=job.requested_at_ms // 1000,
            wording=WordingOverrides(*job.wording) if job.wording else None,
        ),
    )
    _ = languages.translator(job.language)
    return replace(letter, subject=_("Sample: {subject}", subject=letter.subject))


def saved_wording(practice: Practice, kind: LinkMailKind, language: Language) -> WordingOverrides:
    """Return the practice's own wording of a letter. Its parts are empty if it has none."""
    saved = practice.letters.get(f"{kind}/{language}", {})
    return WordingOverrides(saved.get("greeting", ""), saved.get("body", ""), saved.get("footer", ""))


def render(practice: Practice, letter: LinkLetter) -> Letter:
    """Return the rendered letter."""
    link_mail = LinkMail(
        address=letter.address,
        language=letter.language,
        url=letter.url,
        sender=practice.from_address(settings.load().sender_domain),
        entity_ref_id=letter.entity_ref_id,
        hours=settings.load().link_seconds // 3600,
    )
    wording = letter.wording or saved_wording(practice, letter.kind, letter.language)
    match letter.kind:
        case "invitation":
            return letters.invitation(
                practice,
                link_mail,
                name=letter.name,
                portal=letter.portal,
                overrides=wording,
                subject=letter.subject,
                message=letter.message,
                items=letter.items,
            )
        case "sign_in":
            return letters.sign_in(
                practice,
                link_mail,
                requested_at=letter.requested_at,
                name=letter.name,
                portal=letter.portal,
                overrides=wording,
            )
        case _:
            assert_never(letter.kind)
