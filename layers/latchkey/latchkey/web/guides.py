"""The guide for clients and its printed form. A function imports this module when someone asks for a guide."""

from dataclasses import replace

from latchkey import settings
from latchkey.http.requests import Request
from latchkey.http.responses import Response, html_page, security_headers, see_other
from latchkey.mail import link_letters
from latchkey.mail.link_letters import LinkLetter
from latchkey.pages import PageContext
from latchkey.pages import guides as guide_pages
from latchkey.pages.guides import EXAMPLE_ADDRESS, EXAMPLE_NAME, Guide, GuideFacts
from latchkey.rules.guides import page_size_or_default
from latchkey.rules.mail import LinkMailKind
from latchkey.store import guides
from latchkey.web.link_pages import sender_of
from latchkey.web.responses import page_context


def show_guide(request: Request) -> Response:
    """Return the guide of the practice, with a link to the printed one if that says the same (B124)."""
    printed_digest = guides.find_digest(request.practice_or_404.slug, request.language, "letter")
    return _page(request, _guide(request, printed_digest).html)


def show_handout(request: Request) -> Response:
    """Return the sheet that the front desk prints and hands out."""
    return _page(request, guide_pages.handout(_context(request), _facts(request)))


def show_pdf(request: Request) -> Response:
    """Return the printed guide. Redirect to the page if there is none, or if the page says something else now."""
    slug, language = request.practice_or_404.slug, request.language
    printed = guides.find(slug, language, page_size_or_default(request.query_value("size")))
    if printed is None or printed.digest != _guide(request).digest:
        return see_other(f"{request.portal_path('guide')}?lang={language}")
    name = f'inline; filename="{slug}-guide-{language}.pdf"'
    headers = {"content-disposition": name, "content-language": language}
    return Response(200, media_type="application/pdf", content=printed.pdf, headers=headers, keeps_language=False)


def _page(request: Request, html: str) -> Response:
    style = guide_pages.content_security(request.practice)
    headers = {"content-security-policy": security_headers(request.practice, style)["content-security-policy"]}
    return replace(html_page(html), headers=headers, keeps_language=False)


def _guide(request: Request, printed_digest: str | None = None) -> Guide:
    return guide_pages.guide(_context(request), _facts(request), printed_digest)


def _context(request: Request) -> PageContext:
    """Return the context of a page that says the same at every request."""
    return replace(page_context(request), support_code="", path="")


def _facts(request: Request) -> GuideFacts:
    practice, portal = request.practice_or_404, f"{request.origin}/{request.practice_or_404.slug}"

    def letter(kind: LinkMailKind) -> str:
        example = LinkLetter(
            kind=kind,
            language=request.language,
            address=EXAMPLE_ADDRESS,
            name=EXAMPLE_NAME,
            portal=portal,
            url=portal,
            entity_ref_id="",
            requested_at=0,
        )
        return link_letters.render(practice, example).html

    return GuideFacts(
        origin=request.origin,
        sender=sender_of(practice),
        hours=settings.load().link_seconds // 3600,
        invitation=letter("invitation"),
        sign_in_letter=letter("sign_in"),
    )
