"""A practice's settings and letters, and new practices."""

import re
from typing import cast

from latchkey import languages
from latchkey.console import render
from latchkey.console.current import Current
from latchkey.console.forms import SentForm
from latchkey.console.routes import ConsoleRoutes
from latchkey.http.responses import Response, see_other
from latchkey.mail.link_letters import SAMPLE_NAME
from latchkey.mail.wording import WordingOverrides
from latchkey.rules.languages import LANGUAGES, Language, language_of
from latchkey.rules.mail import LINK_MAILS, LinkMailKind
from latchkey.rules.practices import FEATURES, Practice, UnknownAddressPolicy
from latchkey.rules.providers import PROVIDER_NAMES
from latchkey.rules.refusals import BodyInvalid, RecordNotFound
from latchkey.rules.text_limits import LOCAL_PART
from latchkey.usecases import letters, membership, practices
from latchkey.usecases.letters import PreviewRequest
from latchkey.usecases.practices import PracticeSettings

routes = ConsoleRoutes()


@routes.get("/settings", practices.update_practice, practices.read_practice)
def settings_page(current: Current) -> Response:
    """Show the practice's settings."""
    return _settings_page(current, practices.read_practice(current.context))


def _settings_page(current: Current, practice: Practice) -> Response:
    typed = current.values(
        name=practice.name,
        phone=practice.phone or "",
        language=practice.language,
        time_zone=practice.time_zone,
        sender=practice.sender,
        reply_to=practice.reply_to or "",
        unknown_address=practice.unknown_address.value,
        **{f"link_{feature}": practice.links.get(feature, "") for feature in FEATURES},
    )
    if current.problem:
        features, providers = current.form.every("feature"), current.form.every("provider")
    else:
        features, providers = tuple(practice.features), tuple(practice.providers)
    return render.signed_in_page(
        current,
        "settings.html",
        typed=typed,
        languages=LANGUAGES,
        policies=tuple(policy.value for policy in UnknownAddressPolicy),
        features=FEATURES,
        chosen_features=features,
        providers=PROVIDER_NAMES,
        chosen_providers=providers,
        letters=[(kind, language) for kind in LINK_MAILS for language in LANGUAGES],
        is_saved=current.query("done") == "saved",
    )


@routes.form("/settings", practices.update_practice, practices.read_practice, page=settings_page)
def save_settings(current: Current) -> Response:
    """Save the practice's settings."""
    practices.update_practice(current.context, _settings(current.form))
    return see_other(f"{current.home}/settings?done=saved")


@routes.get("/letters/{kind}/{language}", letters.set_wording, letters.read_wording, letters.preview_letter)
def letter_page(current: Current) -> Response:
    """Show the practice's wording of a letter, and the letter as it would go."""
    return _letter_page(current, None)


def _letter_page(current: Current, sample_to: str | None) -> Response:
    kind, language = _letter(current)
    saved = letters.read_wording(current.context, kind, language)
    wording = _wording(current.form) if current.form.pairs else saved
    is_valid = not current.problem
    preview = letters.preview_letter(
        current.context, PreviewRequest(kind, language, SAMPLE_NAME, wording=wording if is_valid else saved)
    )
    return render.signed_in_page(
        current,
        "wording.html",
        kind=kind,
        letter_language=language,
        wording=wording,
        letter=preview,
        sample_to=sample_to,
        is_saved=current.query("done") == "saved",
    )


@routes.form(
    "/letters/{kind}/{language}",
    letters.set_wording,
    letters.read_wording,
    letters.preview_letter,
    letters.send_sample,
    page=letter_page,
)
def save_letter(current: Current) -> Response:
    """Save the wording, show the letter with it, send a sample of it, or go back to the usual words."""
    kind, language = _letter(current)
    if current.form.is_checked("preview"):
        return letter_page(current)
    if current.form.is_checked("sample"):
        # The page keeps what was typed, because nothing is saved.
        to = letters.send_sample(current.context, kind, language, _wording(current.form))
        return _letter_page(current, to)
    wording = WordingOverrides() if current.form.is_checked("usual") else _wording(current.form)
    letters.set_wording(current.context, kind, language, wording)
    return see_other(f"{current.request.path}?done=saved")


@routes.get("/admin/new-practice", practices.list_practices, base="")
def new_practice_page(current: Current) -> Response:
    """Show the form of a new practice."""
    return render.signed_in_page(
        current,
        "new_practice.html",
        typed=current.values(slug="", name="", phone="", language="en", time_zone="America/New_York"),
        languages=LANGUAGES,
    )


@routes.form("/admin/new-practice", practices.list_practices, practices.save_practice, page=new_practice_page, base="")
def add_practice(current: Current) -> Response:
    """Create a practice. One that exists is not replaced."""
    form = current.form
    slug, language = form.text("slug"), language_of(form.text("language"))
    if not membership.is_slug(slug) or language is None or membership.practice_exists(slug):
        raise BodyInvalid((("slug", "slug"),))
    settings = PracticeSettings(
        name=form.checked_text("name", "name"),
        phone=form.checked_text("phone", "phone") or None,
        language=language,
        time_zone=_zone(form.text("time_zone")),
    )
    context = membership.authorize(
        practices.save_practice,
        current.session.subject,
        slug,
        now_ms=current.request.now_ms,
        support_code=current.request.support_code,
        origin=current.request.origin,
    )
    practices.save_practice(context, settings)
    return see_other(f"/admin/{slug}")


def _settings(form: SentForm) -> PracticeSettings:
    language, policy, sender = language_of(form.text("language")), form.text("unknown_address"), form.text("sender")
    if language is None or policy not in [known.value for known in UnknownAddressPolicy]:
        raise BodyInvalid
    if not re.fullmatch(LOCAL_PART, sender):
        raise BodyInvalid((("sender", "characters"),))
    return PracticeSettings(
        name=form.checked_text("name", "name"),
        phone=form.checked_text("phone", "phone") or None,
        language=language,
        time_zone=_zone(form.text("time_zone")),
        sender=sender,
        reply_to=form.text("reply_to") or None,
        unknown_address=policy,
        features={feature: feature in form.every("feature") for feature in FEATURES},
        providers={provider: provider in form.every("provider") for provider in PROVIDER_NAMES},
        links={feature: form.checked_text(f"link_{feature}", "url") or None for feature in FEATURES},
    )


def _zone(name: str) -> str:
    if not languages.is_time_zone(name):
        raise BodyInvalid((("time_zone", "zone"),))
    return name


def _wording(form: SentForm) -> WordingOverrides:
    return WordingOverrides(form.text("greeting"), form.text("body"), form.text("footer"))


def _letter(current: Current) -> tuple[LinkMailKind, Language]:
    """Return the letter in the path.

    :raises RecordNotFound: there is no such letter.
    """
    language = language_of(current.parameter("language"))
    if language is None or current.parameter("kind") not in LINK_MAILS:
        raise RecordNotFound
    return cast("LinkMailKind", current.parameter("kind")), language
