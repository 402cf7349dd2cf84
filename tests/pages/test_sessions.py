"""Tests of pages for signed-in people: profiles, home page and sign-out."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from latchkey import pages
from latchkey.pages import PageContext
from latchkey.pages.layout import initials
from latchkey.pages.sessions import relation_text
from latchkey.rules.accounts import Account, AccountKey, Profile
from latchkey.rules.contacts import RELATIONS
from latchkey.rules.items import SharedItem
from latchkey.rules.languages import Language
from latchkey.rules.practices import Practice
from tests.pages.html import ParsedPage, read

ROOT = Path(__file__).parents[2]
THIRD_OF_MARCH = 1772574120
"""3 March 2026, 15:42 in Chicago."""


def test_each_profile_is_a_button_with_its_name(context: PageContext, maria: Account) -> None:
    page = read(pages.profiles(context, profiles=maria.profiles, current=None))
    buttons = page.all("button", name="profile")

    assert page.heading == "Choose a profile"
    assert [(button.attributes["value"], button.text) for button in buttons] == [
        ("01JA", "MG Maria Gomez"),
        ("01JB", "MJ Maria & Jon Gomez Couple"),
        ("01JC", "AG Ana Gomez Minor"),
    ]
    assert page.all("form")[0].attributes["action"] == "/willow/profiles"


def test_initials_are_for_the_eye_only(context: PageContext, maria: Account) -> None:
    page = read(pages.profiles(context, profiles=maria.profiles, current=None))

    assert all(mark.attributes.get("aria-hidden") == "true" for mark in page.all("span") if mark.text in ("MG", "MJ"))


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Maria Gomez", "MG"),
        ("Maria & Jon Lopez", "MJ"),
        ("Ana", "A"),
        ("élodie ángel", "ÉÁ"),
        ("李 小龙", "李小"),
        ("&", ""),
    ],
)
def test_initials_stand_for_the_first_two_words(name: str, letters: str) -> None:
    assert initials(name) == letters


def test_the_profile_that_is_open_is_marked(context: PageContext, maria: Account) -> None:
    page = read(pages.profiles(context, profiles=maria.profiles, current="01JC"))

    assert [button.text for button in page.all("button") if "aria-current" in button.attributes] == [
        "AG Ana Gomez Minor Current profile"
    ]


def test_one_can_sign_out_wherever_one_is_signed_in(context: PageContext, maria: Account) -> None:
    choosing = read(pages.profiles(context, profiles=maria.profiles, current=None))
    home = read(pages.home(context, account=maria, profile=maria.profiles[0], first=False, previous=None))

    for page in (choosing, home):
        assert page.buttons[-1] == "Sign out"
        assert page.all("form")[-1].attributes == {"method": "post", "action": "/willow/sign-out"}


def at_home(practice: Practice, person: Account, language: Language = "en", **values: Any) -> ParsedPage:
    """Return the home page of a person's own profile."""
    facts: dict[str, Any] = {"profile": person.profiles[0], "first": False, "previous": None} | values
    return read(pages.home(PageContext(practice, language), account=person, **facts))


OPEN = {"appointments": "https://willow.example/book", "documents": "/willow/documents"}


def test_home_greets_by_name_and_opens_what_is_on_with_appointments_first(willow: Practice, maria: Account) -> None:
    """B146"""
    page = at_home(replace(willow, links=OPEN), maria, profile=maria.profiles[2])

    assert page.heading == "You are in Ana Gomez’s profile"
    assert [item.text.split()[0] for item in page.all("li")] == ["Appointments", "Documents"]
    assert page.links["Appointments"] == "https://willow.example/book"
    assert page.links["Documents"] == "/willow/documents"


@pytest.mark.parametrize(("app_url", "expected"), [(None, []), ("https://app.example/", ["Messages", "Payments"])])
def test_a_feature_without_an_address_is_absent(
    willow: Practice, maria: Account, app_url: str | None, expected: list[str]
) -> None:
    """B146: the practice's app opens features without a link."""
    page = at_home(replace(willow, links=OPEN, app_url=app_url), maria)

    found = [item.text.split()[0] for item in page.all("li")]
    assert sorted(found) == sorted(["Appointments", "Documents", *expected])
    assert all(page.links[name] == "https://app.example/" for name in expected)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "//evil.example/", "data:text/html,x", "willow/documents"])
def test_home_links_to_no_address_of_another_kind(willow: Practice, maria: Account, address: str) -> None:
    """B146: even if such an address is stored."""
    page = at_home(replace(willow, links={"documents": address}), maria, items=(SharedItem("Form"),))

    assert address not in page.links.values()
    assert "Form" in page.text


def test_home_with_nothing_to_open_says_so(willow: Practice, maria: Account) -> None:
    """B146"""
    assert "There is nothing to open here yet." in at_home(willow, maria).text
    assert "Todavía no hay nada que abrir aquí." in at_home(willow, maria, "es").text
    assert "Nothing is waiting for you." in at_home(replace(willow, links=OPEN), maria).text


def test_items_wait_on_home_until_they_are_done(willow: Practice, maria: Account) -> None:
    """B146: newest first."""
    items = (
        SharedItem("Consent form", "/willow/documents/consent", THIRD_OF_MARCH),
        SharedItem("Intake", "/willow/documents/intake", THIRD_OF_MARCH, done_at=THIRD_OF_MARCH),
        SharedItem("Questionnaire <b>"),
    )
    page = at_home(replace(willow, links=OPEN), maria, items=items)
    spanish = at_home(willow, maria, "es", items=items[:1])

    assert "You have 2 things waiting." in page.text
    assert [item.text for item in page.all("li")][:2] == [
        "Questionnaire <b>",
        "Consent form Sent on March 3, 2026 at 3:42 PM",
    ]
    assert page.links["Consent form"] == "/willow/documents/consent"
    assert page.links["Questionnaire <b>"] == "/willow/documents"
    assert "Intake" not in page.text
    assert "Tiene 1 pendiente." in spanish.text


def test_a_path_of_another_practice_is_not_followed(willow: Practice, maria: Account) -> None:
    """B146"""
    page = at_home(willow, maria, items=(SharedItem("Form", "/harbor/documents"),))

    assert "/harbor/documents" not in page.links.values()


def test_home_tells_the_last_sign_in_by_the_practices_clock(willow: Practice, maria: Account) -> None:
    def text(language: Language) -> str:
        return at_home(willow, maria, language, previous=THIRD_OF_MARCH).text

    assert "You last signed in: March 3, 2026 at 3:42 PM" in text("en")
    assert "Última vez que entró: 3 de marzo de 2026 a las 3:42 p. m." in text("es")


def test_the_first_time_has_no_last_sign_in(context: PageContext, maria: Account) -> None:
    page = read(pages.home(context, account=maria, profile=maria.profiles[0], first=True, previous=None))

    assert "You last signed in" not in page.text


def test_the_first_time_the_clinician_speaks_and_there_is_a_place_to_start(willow: Practice, maria: Account) -> None:
    """B109, B146"""
    practice = replace(willow, welcome="I’m glad you’re here.")
    items = (SharedItem("Consent form", "/willow/documents/consent"),)
    first = at_home(practice, maria, "es", items=items, first=True)
    later = at_home(practice, maria, "es", items=items)

    assert first.one("blockquote").text == "I’m glad you’re here. Willow Family Therapy"
    assert first.one("blockquote").attributes["lang"] == "en"
    assert first.buttons[0] == "Comenzar"
    assert first.all("form")[0].attributes == {"method": "post", "action": "/willow/home"}
    assert not later.all("blockquote")
    assert "Comenzar" not in later.text


@pytest.mark.parametrize("items", [(), (SharedItem("Form"),), (SharedItem("Done", "/willow/done", 1, 2),)])
def test_there_is_no_place_to_start_that_leads_nowhere(
    willow: Practice, maria: Account, items: tuple[SharedItem, ...]
) -> None:
    """B146"""
    page = at_home(willow, maria, items=items, first=True)

    assert page.buttons == ["Sign out"]


def test_the_application_opens_from_home(willow: Practice, maria: Account) -> None:
    page = at_home(replace(willow, app_url="https://app.example/"), maria, first=True)

    assert page.links["Continue"] == "https://app.example/"


def test_only_someone_with_several_profiles_can_switch(context: PageContext, maria: Account) -> None:
    alone = replace(maria, profiles=maria.profiles[:1])
    many = read(pages.home(context, account=maria, profile=maria.profiles[1], first=False, previous=None))
    one = read(pages.home(context, account=alone, profile=alone.profiles[0], first=False, previous=None))

    assert many.links["Switch profile"] == "/willow/profiles"
    assert "Maria & Jon Gomez" in many.text
    assert "Switch profile" not in one.links


def test_people_on_shared_devices_are_advised_to_leave_nothing_open(context: PageContext, maria: Account) -> None:
    home = read(pages.home(context, account=maria, profile=maria.profiles[0], first=False, previous=None))
    out = read(pages.signed_out(context))

    assert "Do other people use this phone or computer? When you finish, sign out here and in your email." in home.text
    assert out.heading == "You’re signed out"
    assert "Also sign out of your email. Then close every window." in out.text
    assert out.links["Go to the Client Portal"] == "/willow"


# ── profiles of others ──


def contact(**facts: object) -> Account:
    """Return the account of a guardian without a profile of her own."""
    leo = Profile("01JL", "Leo Gomez", "minor", relation="guardian")
    couple = Profile("01JP", "Maria & Jon Gomez", "couple", relation="abuelita")
    return replace(
        Account(key=AccountKey(bytes(16)), id="01J", practice="willow", address="m@example.com", name="Maria Gomez"),
        **{"profiles": (leo, couple), **facts},  # type: ignore[arg-type]
    )


@pytest.mark.parametrize(
    ("language", "heading", "title", "relation"),
    [
        ("en", "You are in Leo Gomez’s profile", "Leo Gomez (you are signed in as Maria Gomez)", "guardian"),
        (
            "es",
            "Está en el perfil de Leo Gomez",
            "Leo Gomez (entró con el nombre de Maria Gomez)",
            "tutora o tutor legal",
        ),
    ],
)
def test_heading_title_and_notice_name_the_profile_of_someone_else(
    willow: Practice, language: Language, heading: str, title: str, relation: str
) -> None:
    """B147"""
    account = contact()
    page = read(
        pages.home(
            PageContext(willow, language), account=account, profile=account.profiles[0], first=False, previous=None
        )
    )

    assert page.heading == heading
    assert page.title == f"{title} – Willow Family Therapy"
    assert page.one("div", **{"class": "notice"}).text.endswith(relation)
    assert "Leo Gomez" in page.one("div", **{"class": "notice"}).text


def test_a_couple_profile_is_called_one(context: PageContext) -> None:
    """B147"""
    account = contact()
    page = read(pages.home(context, account=account, profile=account.profiles[1], first=False, previous=None))

    assert page.heading == "You are in a couple profile: Maria & Jon Gomez"


def test_the_chooser_shows_kind_and_relation_and_leaves_own_words_alone(willow: Practice) -> None:
    """B147: a relation in the practice's own words is not translated."""
    account = contact(owner="01JO", profiles=(Profile("01JO", "Maria Gomez"), *contact().profiles))
    page = read(pages.profiles(PageContext(willow, "es"), profiles=account.profiles, current="01JL", account=account))

    assert [button.text for button in page.all("button", name="profile")] == [
        "MG Maria Gomez Su propio perfil",
        "LG Leo Gomez Menor de edad Su relación: tutora o tutor legal Perfil actual",
        "MJ Maria & Jon Gomez Pareja Su relación: abuelita",
    ]
    assert page.one("span", lang="en").text == "abuelita"


def test_one_press_leads_back_to_ones_own_profile(context: PageContext) -> None:
    """B147"""
    account = contact(owner="01JO", profiles=(Profile("01JO", "Maria Gomez"), *contact().profiles))
    of_another, own = (
        read(pages.home(context, account=account, profile=profile, first=False, previous=None))
        for profile in (account.profiles[1], account.profiles[0])
    )

    assert of_another.one("button", value="01JO").text == "Go to my own profile"
    assert own.heading == "Welcome, Maria Gomez"
    assert not own.all("button", value="01JO")


def test_a_namesake_differs_by_the_relation(context: PageContext) -> None:
    """B147: a child may have the same name as a parent."""
    account = contact(profiles=(Profile("01JL", "Maria Gomez", "minor", relation="parent"),))
    page = read(pages.home(context, account=account, profile=account.profiles[0], first=False, previous=None))

    assert page.heading == "You are in Maria Gomez’s profile"


def test_the_documents_have_the_relations_as_pages_show_them() -> None:
    """B147"""
    strings = (ROOT / "docs/strings.md").read_text()
    rows = re.findall(
        r"^\| (.+) \| (.+) \|$", strings.partition("| relation | Spanish |")[2].partition("\n\n")[0], re.MULTILINE
    )
    schema = json.loads((ROOT / "docs/openapi.json").read_text())["components"]["schemas"]["NewContact"]

    assert rows == [(relation, relation_text(relation, "es")) for relation in RELATIONS]
    assert re.findall("`(.+?)`", schema["properties"]["relation"]["description"]) == [*RELATIONS, "contact"]


@pytest.mark.parametrize("relation", RELATIONS)
def test_every_relation_of_the_list_has_a_spanish_name(relation: str) -> None:
    """B147"""
    assert relation_text(relation, "en") == relation
    assert relation_text(relation.upper(), "es") not in {relation, ""}


def test_home_tells_the_time_without_activity_before_it_is_over(context: PageContext, maria: Account) -> None:
    """B149"""
    page = read(pages.home(context, account=maria, profile=maria.profiles[0], first=False, previous=None))

    assert "you will be signed out after 20 minutes without activity." in page.text
