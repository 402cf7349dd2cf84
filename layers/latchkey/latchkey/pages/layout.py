"""The layout of all pages: the practice, the language, the stylesheet and the template environment."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from latchkey import languages, template_loader
from latchkey.rules.branding import Scheme, clinician_word, dark_scheme, file_path, light_scheme
from latchkey.rules.languages import LANGUAGES, Language, facts
from latchkey.rules.practices import Practice
from latchkey.rules.providers import Provider

TEMPLATES = Path(__file__).with_name("templates")


def stylesheet(file: Path) -> str:
    """Return a stylesheet without comments and needless spaces."""
    source = file.read_text(encoding="utf-8")
    without_comments = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"(?<=[{};:,])\s+|\s+(?=[{}])", "", " ".join(without_comments.split()))


STYLESHEET = stylesheet(TEMPLATES / "style.css")


def style_source(style: str) -> str:
    """Return the source expression that allows a style element with this content."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()}'"


DEFAULT_ACCENT = "#0b5a63"
"""The accent of the stylesheet."""

CONTENT_SECURITY_STYLE = style_source(STYLESHEET)
"""The `style-src` that allows only this stylesheet."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """The values that every page needs."""

    practice: Practice | None
    """None if the URL has no practice. The page then has no phone number and no sign-in."""
    language: Language
    path: str = ""
    """A path whose GET shows this page, for the link to the other language. "" for the URL in the browser."""
    query: str = ""
    """The query of this page, without which it shows something else. Its characters need no escape. "" for none."""
    support_code: str = ""
    """The support code that error pages show, so that the practice can help a caller (B130). "" for none."""
    providers: tuple[Provider, ...] = ()
    """The providers that the practice offers. Pages mention no other provider."""

    @property
    def provider_labels(self) -> str:
        """The names of the providers, for a sentence about all of them."""
        return " / ".join(provider.label for provider in self.providers)


@dataclass(frozen=True, slots=True)
class Phone:
    """A phone number as people write it, and as a phone dials it."""

    text: str
    dial: str
    """The number, and the extension after a comma, at which phones pause (B150). "" if the text has no digits."""


EXTENSION = re.compile(r"(?:\b(?:ext|extension|extensión|x)\b\.?|#)\s*([0-9]{1,8})(?![0-9])", re.IGNORECASE)
"""An extension at the end of a phone number, as people write it in English and Spanish."""


def phone(text: str | None) -> Phone | None:
    """Return a practice's phone number. `dial` ends before the first word, or has the extension after a pause."""
    if not text:
        return None
    number = re.sub(r"[^0-9+]", "", re.split(r"[^\W\d_]|#", text, maxsplit=1)[0])
    extension = EXTENSION.search(text)
    return Phone(text, f"{number},{extension[1]}" if number and extension else number)


def web_address(url: str | None) -> str | None:
    """Return the URL if a page may link to it. None for other schemes, such as `javascript:`."""
    return url if url and url.startswith(("https://", "http://")) else None


def portal_address(url: str | None) -> str | None:
    """Return the URL if a page may link to it: a web address, or a path on this host."""
    return url if url and url.startswith("/") and not url.startswith(("//", "/\\")) else web_address(url)


def initials(name: str) -> str:
    """Return up to two initials of a name, such as MJ for "Maria & Jon Lopez"."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()


def minutes(seconds: int) -> int:
    """Return a number of seconds as whole minutes, rounded up, at least 1."""
    return max(1, -(-seconds // 60))


def whole_minute(at: int) -> int:
    """Return a time rounded up to a whole minute, because pages show no seconds. `at` is in Unix seconds."""
    return -(-at // 60) * 60


def iso(at: int) -> str:
    """Return a time for `<time datetime>`. `at` is in Unix seconds."""
    return datetime.fromtimestamp(at, UTC).isoformat()


@lru_cache(maxsize=64)
def brand_style(accent: str | None) -> str:
    """Return the rules that replace the colours of the stylesheet by a practice's. "" for the standard colours."""
    if accent is None:
        return ""
    light, dark = (_colours(scheme(accent)) for scheme in (light_scheme, dark_scheme))
    return f":root{{{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"


def _colours(scheme: Scheme) -> str:
    values = {"accent": scheme.accent, "pressed": scheme.pressed, "on-accent": scheme.on_accent, "tint": scheme.tint}
    return ";".join(f"--{name}:{value}" for name, value in values.items())


def content_security_style(accent: str | None) -> str:
    """Return the sources of `style-src` for a page in these colours."""
    style = brand_style(accent)
    return f"{CONTENT_SECURITY_STYLE} {style_source(style)}" if style else CONTENT_SECURITY_STYLE


def icon_svg(practice: Practice) -> str:
    """Return the icon of a practice without a logo: its first letter, on its colour."""
    scheme = light_scheme(practice.accent or DEFAULT_ACCENT)
    return Markup(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="{}"/>'
        '<text x="16" y="23" font-family="sans-serif" font-size="20" font-weight="700" text-anchor="middle" fill="{}">'
        "{}</text></svg>"
    ).format(scheme.accent, scheme.on_accent, initials(practice.name)[:1])


@dataclass(frozen=True, slots=True)
class Icons:
    """The addresses of a practice's icons. Each names its content, so that it may be cached for ever."""

    favicon: str
    touch: str | None
    """The icon on a home screen. None if the practice has no logo."""
    manifest: str


def icons(practice: Practice) -> Icons:
    """Return the addresses of a practice's icons."""
    folder = f"/{practice.slug}/brand"
    manifest = f"{folder}/manifest-{_name(manifest_json(practice))}.webmanifest"
    if practice.logo is None:
        return Icons(svg_path(practice), None, manifest)
    digest = practice.logo.digest
    return Icons(file_path(practice.slug, "favicon", digest), file_path(practice.slug, "icon", digest), manifest)


def svg_path(practice: Practice) -> str:
    """Return the path of the icon of a practice without a logo."""
    return f"/{practice.slug}/brand/icon-{_name(icon_svg(practice))}.svg"


def manifest_json(practice: Practice) -> str:
    """Return the manifest of a practice's portal, by which a phone names the bookmark on its home screen."""
    icon = (
        {"src": file_path(practice.slug, "icon", practice.logo.digest), "sizes": "180x180", "type": "image/png"}
        if practice.logo
        else {"src": svg_path(practice), "sizes": "any", "type": "image/svg+xml"}
    )
    document = {
        "name": practice.name,
        "short_name": practice.name,
        "start_url": f"/{practice.slug}",
        "scope": f"/{practice.slug}",
        "display": "browser",
        "theme_color": practice.accent or DEFAULT_ACCENT,
        "background_color": "#fffefc",
        "icons": [icon],
    }
    return json.dumps(document, ensure_ascii=False)


def _name(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def render(template: str, page: PageContext, **values: object) -> str:
    """Return the page that a template renders with these values."""
    practice = page.practice
    say = languages.translator(page.language, Markup)
    return TEMPLATE_ENV.get_template(template).render(
        values,
        _=say,
        ngettext=languages.plural_translator(page.language, Markup),
        page=page,
        name=practice.name if practice else say("Client Portal"),
        home=f"/{practice.slug}" if practice else None,
        phone=phone(practice.phone) if practice else None,
        brand_style=Markup(brand_style(practice.accent if practice else None)),  # noqa: S704 - digits of our own
        icons=icons(practice) if practice else None,
        logo=practice.logo if practice else None,
        logo_path=file_path(practice.slug, "logo", practice.logo.digest) if practice and practice.logo else None,
        legal={name: url for name, link in practice.legal.items() if (url := portal_address(link))} if practice else {},
        clinician=clinician_word(practice.clinician_word if practice else {}, page.language),
        guides=web_address(practice.help_url) if practice else None,
        direction=facts(page.language).direction,
        translations=[
            (
                other,
                facts(other).own_name,
                _same_host_path(page.path) + f"?{page.query and f'{page.query}&'}lang={other}",
            )
            for other in LANGUAGES
            if other != page.language
        ],
    )


def _same_host_path(path: str) -> str:
    """Return the path with one leading slash. A browser takes `//evil.example` for another host."""
    return "/" + quote(path, safe="/%:@").lstrip("/") if path else ""


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(TEMPLATES.parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATE_ENV.globals.update(stylesheet=Markup(STYLESHEET), initials=initials, iso=iso)  # noqa: S704 - a file of this project
