"""The guide "How to log in" (B124) and the front desk's handout.

They quote the buttons from the catalog entries of the real pages. Their pictures are the templates of those pages,
filled in for an example visitor.
"""

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache

from markupsafe import Markup

from latchkey import languages, tokens
from latchkey.pages import pictures
from latchkey.pages.expected_letter import expected_letter
from latchkey.pages.layout import TEMPLATES, PageContext, content_security_style, render, style_source, stylesheet
from latchkey.pages.links import confirm
from latchkey.pages.pins import pin
from latchkey.pages.qr_code import qr_code
from latchkey.pages.sessions import home, profiles
from latchkey.pages.sign_in import landing, sent, sign_in, tips
from latchkey.rules.accounts import Account, AccountKey, Profile
from latchkey.rules.items import SharedItem, open_features
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.languages import facts as language_facts
from latchkey.rules.practices import Practice

EXAMPLE_ADDRESS = "sam@example.com"
EXAMPLE_NAME = "Sam Rivera"
"""A name that both languages have, for women and men."""

_OWN = Profile("0", EXAMPLE_NAME)
_COUPLE = Profile("1", "Sam & Alex Rivera", "couple")
_CHILD = Profile("2", "Leo Rivera", "minor", relation="parent")
_REQUESTED_AT = 1_772_574_120
"""Unix seconds. The pictures show no time, so that a guide does not change from day to day."""

BIDI_CONTROLS = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters that turn the direction of a text. In an attribute nothing isolates them."""

MAX_NAME = 80
"""Characters of a practice's name in a sentence or a picture. A longer one is cut, so that a guide stays within
four pages. The top of the page has the whole name, and so has what the guide quotes from other pages."""

STYLESHEET = stylesheet(TEMPLATES / "guide.css")


@dataclass(frozen=True, slots=True)
class GuideFacts:
    """The values of a guide that are not settings of the practice."""

    origin: str
    """The origin of the portal."""
    sender: str
    """The From address of letters."""
    hours: int
    """Hours for which a link is valid."""
    invitation: str = field(repr=False)
    """The HTML of an example visitor's invitation, in the language of the page."""
    sign_in_letter: str = field(repr=False)
    """The HTML of the letter with a link."""


@dataclass(frozen=True, slots=True)
class Guide:
    """A guide in one language."""

    digest: str
    """The digest of everything that it says. It does not change with the stylesheet."""
    html: str = field(repr=False)


def example_pages(page: PageContext, facts: GuideFacts) -> dict[str, str]:
    """Return the pages and letters that the guide pictures or quotes, whole, by the name that its steps have for them.

    They are what an example visitor gets from this practice, on a phone.
    """
    page = replace(page, path="", support_code="")
    practice = page.practice or Practice("", "")
    letter = expected_letter(
        page, sender=facts.sender, language=page.language, requested_at=_REQUESTED_AT, now=_REQUESTED_AT, address=""
    )
    account = Account(
        key=AccountKey(b""),
        id="0",
        practice=practice.slug,
        address=EXAMPLE_ADDRESS,
        name=EXAMPLE_NAME,
        profiles=(_OWN,),
    )
    guardian = replace(account, profiles=(_OWN, _CHILD))
    item = SharedItem(languages.translator(page.language)("Documents and forms"), f"/{practice.slug}/documents")
    return {
        "landing": landing(page, signed_in=False),
        **{f"landing-{other}": landing(replace(page, language=other), signed_in=False) for other in LANGUAGES},
        "sign-in": sign_in(page, typed_address=EXAMPLE_ADDRESS),
        "sent": sent(page, address=EXAMPLE_ADDRESS, address_known=True, is_repeat=False, letter=letter),
        "invitation": facts.invitation,
        "confirm": confirm(page, action="", masked=account.masked, invitation=True, device="phone"),
        "sign-in-letter": facts.sign_in_letter,
        "profiles": profiles(page, profiles=(_OWN, _COUPLE, _CHILD), current=None, account=account),
        "home": home(page, account=account, profile=_OWN, first=False, previous=None),
        "home-several": home(page, account=guardian, profile=_OWN, first=False, previous=None),
        "home-first": home(page, account=account, profile=_OWN, items=(item,), first=True, previous=None),
        "tips": tips(page, sender=facts.sender),
        "pin": pin(page, typed_address=EXAMPLE_ADDRESS),
    }


def guide(page: PageContext, facts: GuideFacts, printed_digest: str | None = None) -> Guide:
    """Return the guide of a practice. If `printed_digest` is its digest, it links to the printed guide."""
    body = Markup(_render("guide_body.html", page, facts, picture=_pictures(page, facts)))  # noqa: S704 - a page
    digest = _digest_of(_render("guide.html", page, facts, body=body, version="", is_printed=False))
    is_printed = printed_digest == digest
    return Guide(digest, _render("guide.html", page, facts, body=body, version=digest, is_printed=is_printed))


def handout(page: PageContext, facts: GuideFacts) -> str:
    """Return the sheet that the front desk hands out: address, code, four steps and phone number, and no name."""
    return _render("handout.html", page, facts)


def content_security(practice: Practice | None) -> str:
    """Return the sources of `style-src` for the guide and the handout."""
    return f"{content_security_style(practice.accent if practice else None)} {style_source(STYLESHEET)}"


def _render(template: str, page: PageContext, facts: GuideFacts, **values: object) -> str:
    practice = page.practice or Practice("", "")
    portal = f"{facts.origin}/{practice.slug}"
    name = _short(practice.name)
    _ = languages.translator(page.language)
    return render(
        template,
        page,
        guide_style=Markup(STYLESHEET),  # noqa: S704 - a file of this project
        # A name may have characters that turn the direction of the text after it.
        isolated_name=Markup("<bdi>{}</bdi>").format(name),
        quoted_name=Markup("<bdi>{}</bdi>").format(practice.name),
        plain_name=BIDI_CONTROLS.sub("", practice.name),
        portal=portal,
        # The code names the language, because a phone may ask for another one than the guide's.
        code=qr_code(f"{portal}?lang={page.language}", _("QR code of {address}", address=portal)),
        own_name=language_facts(page.language).own_name,
        facts=facts,
        opens=dict(open_features(practice)),
        **values,
    )


def _short(name: str) -> str:
    return name if len(name) <= MAX_NAME else f"{name[: MAX_NAME - 1].rstrip()}…"


def _pictures(page: PageContext, facts: GuideFacts) -> dict[str, Markup]:
    """Return the pictures by the name of their page."""
    _ = languages.translator(page.language)
    practice = page.practice or Practice("", "")
    found = example_pages(replace(page, practice=replace(practice, name=_short(practice.name))), facts)
    existing = _("Client Portal") if practice.website else _("I’m an existing client")
    new = _("Request Appointment") if practice.website else _("I’m a new client")
    shown = {
        "invitation": pictures.of_letter(found["invitation"], mark=_("Sign in")),
        "confirm": pictures.of_page(found["confirm"], mark=_("Sign in on this phone")),
        "landing": pictures.of_page(found["landing"], mark=existing, until=new),
        "sign-in": pictures.of_page(found["sign-in"], mark=_("Send link")),
        "sent": pictures.of_page(found["sent"], mark=_("Sign in to your Client Portal")),
        "sign-in-letter": pictures.of_letter(found["sign-in-letter"], mark=_("Sign in")),
        "profiles": pictures.of_page(found["profiles"], mark=_CHILD.name),
        "pin": pictures.of_page(found["pin"], mark=_("Sign in")),
    }
    opens = dict(open_features(practice))
    if "appointments" in opens:
        shown["home"] = pictures.of_page(found["home"], mark=_("Appointments"))
    if "documents" in opens:
        shown["home-first"] = pictures.of_page(found["home-first"], mark=_("Get Started"))
    return shown


@lru_cache(maxsize=64)
def _digest_of(html: str) -> str:
    """Return the digest of a page without its styles."""
    return tokens.sha256_hex(re.sub(r"<style>.*?</style>", "", html, flags=re.DOTALL))[:12]
