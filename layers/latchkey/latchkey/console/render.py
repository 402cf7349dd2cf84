"""Rendering of the console's pages as responses."""

from urllib.parse import quote

from markupsafe import Markup

from latchkey import languages
from latchkey.console.current import Current
from latchkey.console.layout import TEMPLATE_ENV, embedded_policy, policy
from latchkey.http.requests import Request
from latchkey.http.responses import Response
from latchkey.pages.sessions import feature_text
from latchkey.rules.languages import LANGUAGES, facts
from latchkey.usecases.client_access import access_status


def signed_in_page(current: Current, template: str, **values: object) -> Response:
    """Return a page for a person who is signed in."""
    practice = current.context.known_practice
    html = _render(
        current.request,
        template,
        current=current,
        token=current.form_token,
        home=current.home if practice else "/admin",
        practice_name=practice.name if practice else None,
        zone=practice.time_zone if practice else "UTC",
        problem=current.problem,
        **values,
    )
    return Response(current.status, html, headers={"content-security-policy": policy()})


def public_page(request: Request, template: str, status: int = 200, **values: object) -> Response:
    """Return a page for a person who may not be signed in."""
    shown = {"current": None, "home": "/admin", "practice_name": None, "zone": "UTC", "problem": None}
    html = _render(request, template, **(shown | values))
    return Response(status, html, headers={"content-security-policy": policy()})


def embedded_page(current: Current, template: str, **values: object) -> Response:
    """Return a page that only a page of the console may frame."""
    response = signed_in_page(current, template, **values)
    return response.with_headers({"content-security-policy": policy("'self'"), "x-frame-options": "SAMEORIGIN"})


def framed(html: str, style: str) -> Response:
    """Return a page or letter for a frame of the console. It sends no form, and `style` is its `style-src`."""
    return Response(
        200, html, headers={"content-security-policy": embedded_policy(style), "x-frame-options": "SAMEORIGIN"}
    )


def _render(request: Request, template: str, **values: object) -> str:
    language = request.language
    path = quote(request.path, safe="/%:@") if request.method != "POST" else ""
    zone = str(values["zone"])
    return TEMPLATE_ENV.get_template(template).render(
        status_of=lambda entry: access_status(entry.client, entry.own_account),
        own_name=lambda code: facts(code).own_name,
        feature_name=lambda feature: feature_text(feature, languages.translator(language, Markup), "")[0],
        _=languages.translator(language, Markup),
        ngettext=languages.plural_translator(language, Markup),
        language=language,
        direction=facts(language).direction,
        support_code=request.support_code,
        translations=[
            (other, facts(other).own_name, f"{path}?lang={other}") for other in LANGUAGES if other != language
        ],
        date=lambda at: languages.format_date(at, zone, language),
        date_time=lambda at: languages.format_date_time(at, zone, language),
        **values,
    )
