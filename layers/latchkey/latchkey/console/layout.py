"""The layout of the console's pages: the stylesheet, the security policy and the template environment.

The build imports this module without any dependency but Jinja.
"""

from pathlib import Path

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from latchkey import template_loader
from latchkey.pages.layout import initials, iso, style_source, stylesheet

TEMPLATES = Path(__file__).with_name("templates")


STYLESHEET = stylesheet(TEMPLATES / "style.css")
STYLE_SOURCE = style_source(STYLESHEET)


def policy(ancestors: str = "'none'") -> str:
    """Return the content security policy of a page. `ancestors` are the pages that may frame it."""
    return (
        f"default-src 'none'; style-src {STYLE_SOURCE}; img-src 'self'; form-action 'self'; frame-src 'self'; "
        f"frame-ancestors {ancestors}; base-uri 'none'"
    )


LETTER_STYLE = "'unsafe-inline'"
"""The `style-src` of a letter, whose styles stand at its elements as mail programs need them."""


def embedded_policy(style: str) -> str:
    """Return the content security policy of a page or letter that a page of the console shows in a frame."""
    return f"default-src 'none'; style-src {style}; img-src 'self'; frame-ancestors 'self'; base-uri 'none'"


TEMPLATE_ENV = Environment(
    loader=template_loader.loader_for(TEMPLATES.parent),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    auto_reload=False,
)
TEMPLATE_ENV.globals.update(stylesheet=Markup(STYLESHEET), initials=initials, iso=iso)  # noqa: S704 - a file of this project
