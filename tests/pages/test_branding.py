"""Tests of pages with a practice's branding (B148)."""

import json
import re
from dataclasses import replace

import pytest

from latchkey import pages
from latchkey.pages import PageContext, layout
from latchkey.rules.accounts import Account
from latchkey.rules.branding import Logo
from latchkey.rules.languages import Language
from latchkey.rules.practices import Practice
from tests.pages.html import read

LOGO = Logo("0123456789abcdef", 200, 100)


def test_a_logo_stands_beside_the_name_and_is_an_icon(willow: Practice) -> None:
    page = read(pages.sign_in(PageContext(replace(willow, logo=LOGO), "es")))

    image = page.one("img")
    assert image.attributes == {
        "class": "logo",
        "src": "/willow/brand/logo-0123456789abcdef.png",
        "width": "200",
        "height": "100",
        "alt": "Logotipo de Willow Family Therapy",
    }
    assert page.one("link", rel="icon").attributes["href"] == "/willow/brand/favicon-0123456789abcdef.png"
    assert page.one("link", rel="apple-touch-icon").attributes["href"] == "/willow/brand/icon-0123456789abcdef.png"


def test_without_a_logo_the_icon_is_the_first_letter(willow: Practice, harbor: Practice) -> None:
    page = read(pages.sign_in(PageContext(willow, "en")))

    assert not page.all("img")
    assert not page.all("link", rel="apple-touch-icon")
    assert re.fullmatch(r"/willow/brand/icon-[0-9a-f]{16}\.svg", page.one("link", rel="icon").attributes["href"])
    assert ">W</text>" in layout.icon_svg(willow)
    assert layout.svg_path(willow) != layout.svg_path(replace(willow, accent="#7a1f5c"))
    assert layout.svg_path(willow).rpartition("-")[2] != layout.svg_path(harbor).rpartition("-")[2]


@pytest.mark.parametrize("name", ["<script>", "&amp", '"quoted"'])
def test_a_name_is_text_in_the_icon_and_the_manifest(willow: Practice, name: str) -> None:
    practice = replace(willow, name=name)

    assert "<script" not in layout.icon_svg(practice)
    assert json.loads(layout.manifest_json(practice))["name"] == name


def test_the_manifest_names_the_portal_and_stays_below_it(willow: Practice) -> None:
    manifest = json.loads(layout.manifest_json(replace(willow, logo=LOGO, accent="#7a1f5c")))

    assert (manifest["name"], manifest["start_url"], manifest["scope"]) == (willow.name, "/willow", "/willow")
    assert manifest["theme_color"] == "#7a1f5c"
    assert manifest["icons"][0]["src"].startswith("/willow/brand/icon-")


def test_an_accent_is_a_second_style_that_the_policy_names(willow: Practice) -> None:
    plain, coloured = (
        read(pages.sign_in(PageContext(one, "en"))) for one in (willow, replace(willow, accent="#7a1f5c"))
    )

    assert len(plain.all("style")) == 1
    assert "--accent:#7a1f5c" in coloured.all("style")[1].text
    assert len(pages.content_security_style("#7a1f5c").split()) == 2


def test_every_page_has_address_and_legal_pages(willow: Practice) -> None:
    practice = replace(
        willow,
        address="12 Elm Street\nSpringfield, IL 62701",
        legal={"privacy": "https://willow.example/privacy", "terms": "/willow/terms", "accessibility": "javascript:x"},
    )
    page = read(pages.tips(PageContext(practice, "en"), sender="x@mail.example.com"))
    spanish = read(pages.sign_in(PageContext(practice, "es")))

    assert "Office address12 Elm Street Springfield, IL 62701" in page.text
    assert page.links["Privacy notice"] == "https://willow.example/privacy"
    assert page.links["Terms of use"] == "/willow/terms"
    assert "javascript:x" not in page.links.values()
    assert "Dirección del consultorio" in spanish.text
    assert spanish.links["Aviso de privacidad"] == "https://willow.example/privacy"


@pytest.mark.parametrize(("language", "text", "lang"), [("en", "Hi", "en"), ("es", "Hola", "es")])
def test_the_welcome_is_in_the_language_of_the_page(
    willow: Practice, maria: Account, language: Language, text: str, lang: str
) -> None:
    practice = replace(willow, welcomes={"en": "Hi", "es": "Hola"})
    context = PageContext(practice, language)
    page = read(pages.home(context, account=maria, profile=maria.profiles[0], first=True, previous=None))

    assert page.one("blockquote").attributes["lang"] == lang
    assert page.one("blockquote").text.startswith(text)


def test_the_word_for_the_clinician_is_the_practices(willow: Practice, maria: Account) -> None:
    practice = replace(willow, app_url="https://app.example/", clinician_word={"en": "speech therapist"})

    def texts(language: Language) -> str:
        context = PageContext(practice, language)
        home = pages.home(context, account=maria, profile=maria.profiles[0], first=False, previous=None)
        return read(pages.landing(context, signed_in=False)).text + read(home).text

    assert texts("en").count("your speech therapist") == 2
    assert texts("es").count("su profesional de la salud") == 2
