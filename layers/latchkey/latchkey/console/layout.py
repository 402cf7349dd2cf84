"""The layout of the console's pages: the stylesheet, the security policy and the template environment.

The build imports this module without any dependency but Jinja.
"""

import base64
import hashlib
import re
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from latchkey import template_loader
from latchkey.pages.layout import initials, iso

TEMPLATES = Path(__file__).with_name("templates")


def _stylesheet() -> str:
    """Return the stylesheet without comments and needless spaces."""
    source = (TEMPLATES / "style.css").read_text(encoding="utf-8")
    without_comments = re.sub(r"/\*.*?\*/", "", source, flags=re.DOTALL)
    return re.sub(r"(?<=[{};:,])\s+|\s+(?=[{}])", "", " ".join(without_comments.split()))


STYLESHEET = _stylesheet()
STYLE_SOURCE = f"'sha256-{base64.b64encode(hashlib.sha256(STYLESHEET.encode()).digest()).decode()}'"


def policy(ancestors: str = "'none'") -> str:
    """Return the content security policy of a page. `ancestors` are the pages that may frame it."""
    return (
        f"default-src 'none'; style-src {STYLE_SOURCE}; img-src 'self'; form-action 'self'; frame-src 'self'; "
        f"frame-ancestors {ancestors}; base-uri 'none'"
    )


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(TEMPLATES.parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATE_ENV.globals.update(stylesheet=Markup(STYLESHEET), initials=initials, iso=iso)  # noqa: S704 - a file of this project
