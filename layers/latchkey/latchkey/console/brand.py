"""The colour, logo, words and legal pages of a practice, with a preview of its pages and letters (B148)."""

from dataclasses import replace

from latchkey import pages
from latchkey.console import layout, render
from latchkey.console.current import Current
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.identity import providers
from latchkey.mail.link_letters import SAMPLE_NAME
from latchkey.pages import PageContext
from latchkey.rules.branding import COLOUR, LEGAL_PAGES, accent_that_passes, file_path
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.practices import Practice
from latchkey.usecases import branding, letters, practices
from latchkey.usecases.letters import PreviewRequest
from latchkey.usecases.practices import PracticeSettings

routes = ConsoleRoutes()


@routes.get("/brand", practices.update_practice, practices.read_practice)
def brand_page(current: Current) -> Response:
    """Show the forms, and a page and a letter in the colour that was typed or saved."""
    practice = practices.read_practice(current.context)
    defaults = {"accent": practice.accent or "", "address": practice.address or ""}
    defaults |= {f"legal_{name}": practice.legal.get(name, "") for name in LEGAL_PAGES}
    welcomes = practice.welcomes or {practice.language: practice.welcome or ""}
    defaults |= {f"welcome_{language}": welcomes.get(language, "") for language in LANGUAGES}
    defaults |= {f"word_{language}": practice.clinician_word.get(language, "") for language in LANGUAGES}
    typed = current.values(**defaults) if current.form.every("accent") else defaults
    accent = typed["accent"].lower()
    nearest = accent_that_passes(accent) if COLOUR.fullmatch(accent) else None
    return render.signed_in_page(
        current,
        "brand.html",
        typed=typed,
        languages=LANGUAGES,
        legal_pages=LEGAL_PAGES,
        logo=practice.logo,
        logo_path=file_path(practice.slug, "logo", practice.logo.digest) if practice.logo else None,
        nearest=nearest if nearest != accent else None,
        shown_accent=(nearest or "").removeprefix("#"),
        is_preview=current.form.is_checked("preview"),
        done=current.query("done"),
    )


@routes.form("/brand", practices.update_practice, practices.read_practice, page=brand_page)
def save_brand(current: Current) -> Response:
    """Save the colour and the words, or only show the page and the letter with them."""
    form = current.form
    if form.is_checked("preview"):
        return brand_page(current)
    settings = PracticeSettings(
        accent=form.text("accent") or None,
        address=form.checked_text("address", "street") or None,
        legal={name: form.checked_text(f"legal_{name}", "url") or None for name in LEGAL_PAGES},
        welcome=None,
        welcomes={language: form.checked_text(f"welcome_{language}", "text") or None for language in LANGUAGES},
        clinician_word={language: form.checked_text(f"word_{language}", "line") or None for language in LANGUAGES},
    )
    practices.update_practice(current.context, settings)
    return see_other(f"{current.home}/brand?done=saved")


@routes.form("/brand/logo", branding.save_logo, branding.remove_logo, page=brand_page)
def change_logo(current: Current) -> Response:
    """Save the image that was chosen as the logo, or remove the logo."""
    if current.form.is_checked("remove"):
        branding.remove_logo(current.context)
        return see_other(f"{current.home}/brand?done=no_logo")
    branding.save_logo(current.context, current.form.file("logo"))
    return see_other(f"{current.home}/brand?done=logo")


@routes.get("/brand/page", practices.read_practice)
def page_preview(current: Current) -> Response:
    """Show the sign-in page in a colour, for a frame of the brand page."""
    practice = _in_colour(current, practices.read_practice(current.context))
    offered = providers.offered(practice)
    html = pages.sign_in(
        PageContext(practice, current.request.language, f"/{practice.slug}/sign-in", providers=offered)
    )
    return render.framed(html, pages.content_security_style(practice.accent))


@routes.get("/brand/letter", practices.read_practice, letters.preview_letter)
def letter_preview(current: Current) -> Response:
    """Show the invitation in a colour, for a frame of the brand page."""
    practice = _in_colour(current, practices.read_practice(current.context))
    request = PreviewRequest("invitation", current.request.language, SAMPLE_NAME)
    letter = letters.preview_letter(replace(current.context, known_practice=practice), request)
    return render.framed(letter.html, layout.LETTER_STYLE)


def _in_colour(current: Current, practice: Practice) -> Practice:
    """Return the practice with the colour in the query, or the nearest one that can be read."""
    accent = f"#{current.query('accent').lower()}"
    return replace(practice, accent=accent_that_passes(accent)) if COLOUR.fullmatch(accent) else practice
