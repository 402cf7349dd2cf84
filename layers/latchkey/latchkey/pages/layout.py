"""What all pages share: who is speaking, in which language, and the sheet of paper it is written on."""

import base64
import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from latchkey import languages, template_loader
from latchkey.rules.languages import LANGUAGES, Language, facts
from latchkey.rules.practices import Practice
from latchkey.rules.providers import Provider

TEMPLATES = Path(__file__).with_name("templates")


def _stylesheet() -> str:
    """The one stylesheet, without what only its authors read."""
    source = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    spoken = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"(?<=[{};:,])\s+|\s+(?=[{}])", "", " ".join(spoken.split()))


STYLESHEET = _stylesheet()

CONTENT_SECURITY_STYLE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLESHEET.encode()).digest()).decode()}'"
"""The `style-src` that lets a browser apply the stylesheet of these pages and no other."""


@dataclass(frozen=True, slots=True)
class PageContext:
    """What every page shares."""

    practice: Practice | None
    """None where the address names no practice; the page then offers nothing to call and no way in."""
    language: Language
    path: str = ""
    """Where a GET shows this page, for the link to its other language; "" is the address the browser is at."""
    support_code: str = ""
    """A support code for pages that say no, so that a caller can be helped (B130); "" for none."""
    providers: tuple[Provider, ...] = ()
    """The providers that people can sign in with here. Pages mention no other provider."""

    @property
    def provider_labels(self) -> str:
        """The names of these providers, for a sentence about all of them."""
        return " / ".join(provider.label for provider in self.providers)


@dataclass(frozen=True, slots=True)
class Phone:
    """A number as people write it, and as a telephone dials it."""

    text: str
    dial: str
    """"" where it holds no digits to dial."""


def phone(text: str | None) -> Phone | None:
    """A practice's number, ready to be pressed; what follows the first letter (an extension) is left to the caller."""
    if not text:
        return None
    number = re.split(r"[^\W\d_]", text, maxsplit=1)[0]
    return Phone(text, re.sub(r"[^0-9+]", "", number))


def web_address(url: str | None) -> str | None:
    """The address if a browser may be sent there, else None: `javascript:` is an address too."""
    return url if url and url.startswith(("https://", "http://")) else None


def initials(name: str) -> str:
    """Up to two letters that stand for a name: "Maria & Jon Lopez" is MJ."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()


def minutes(seconds: int) -> int:
    """A wait in whole minutes, never too short a one."""
    return max(1, -(-seconds // 60))


def iso(at: int) -> str:
    """Unix seconds as `<time datetime>` wants them."""
    return datetime.fromtimestamp(at, UTC).isoformat()


def render(template: str, page: PageContext, **values: object) -> str:
    """The finished page."""
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
        guides=web_address(practice.help_url) if practice else None,
        direction=facts(page.language).direction,
        translations=[
            (other, facts(other).own_name, _same_host_path(page.path) + f"?lang={other}")
            for other in LANGUAGES
            if other != page.language
        ],
    )


def _same_host_path(path: str) -> str:
    """The path, so that no browser takes its start for another host (`//evil.example`)."""
    return "/" + quote(path, safe="/%:@").lstrip("/") if path else ""


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(TEMPLATES.parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATE_ENV.globals.update(stylesheet=Markup(STYLESHEET), initials=initials, iso=iso)  # noqa: S704 - a file of ours
