"""Tests of letters as people read them, in two languages, as text and as HTML."""

import re
from dataclasses import replace
from email.header import decode_header, make_header
from email.message import EmailMessage
from email.utils import getaddresses
from html import unescape

import pytest

from latchkey.mail import letters
from latchkey.mail.letters import Letter, LinkMail, Notice, WordingOverrides
from latchkey.rules.languages import LANGUAGES, Language
from latchkey.rules.practices import Practice

URL = "https://portal.example.com/willow/link/" + "Ab3_-" * 17
PORTAL = "https://portal.example.com/willow"
GUIDE = f"{PORTAL}/guide?lang=en"
HOSTILE = """</p><a href="https://evil.example">'"&lt;{{ 7*7 }}{0}"""
THIRD_OF_MARCH = 1772574120
"""3 March 2026, 15:42 in Chicago."""

WILLOW = Practice(slug="willow", name="Willow Family Therapy", phone="(555) 010-0142", time_zone="America/Chicago")

every_language = pytest.mark.parametrize("language", LANGUAGES)
LINK_MAILS = ["sign_in", "invitation"]
NOTICES = ["pin_made", "address_changed"]

every_kind = pytest.mark.parametrize("kind", [*LINK_MAILS, *NOTICES, "waiting", "service_notice"])
every_link_mail = pytest.mark.parametrize("kind", LINK_MAILS)
every_notice = pytest.mark.parametrize("kind", NOTICES)


def write(
    kind: str = "sign_in",
    language: Language = "en",
    practice: Practice = WILLOW,
    hours: int = 24,
    overrides: WordingOverrides | None = None,
) -> Letter:
    if kind == "waiting":
        return letters.waiting(practice, notice(language), portal=PORTAL)
    if kind == "service_notice":
        subject = "Your Client Portal"
        return letters.service_notice(practice, notice(language), subject=subject, lines=["One.", "Two."], url=URL)
    if kind in NOTICES:
        return (letters.pin_made if kind == "pin_made" else letters.address_changed)(practice, notice(language))
    if kind == "invitation":
        return letters.invitation(
            practice, link_mail(language, hours), name="Sam Okafor", portal=PORTAL, overrides=overrides
        )
    return letters.sign_in(
        practice,
        link_mail(language, hours),
        requested_at=THIRD_OF_MARCH,
        name="Sam Okafor",
        portal=PORTAL,
        overrides=overrides,
    )


def link_mail(language: Language = "en", hours: int = 24) -> LinkMail:
    return LinkMail(
        address="sam@example.com",
        language=language,
        url=URL,
        sender="yourprovider@mail.example.com",
        entity_ref_id="01JREFERENCE",
        hours=hours,
    )


def notice(language: Language = "en") -> Notice:
    return Notice(
        address="sam@example.com",
        language=language,
        sender="yourprovider@mail.example.com",
        entity_ref_id="01JREFERENCE",
        at=THIRD_OF_MARCH,
    )


def visible(html: str) -> str:
    """Return the text of an HTML part in order, with the hidden preview."""
    body = re.sub(r"</?span[^>]*>", "", html.partition("<body")[2].partition(">")[2])
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def in_order(text: str, *parts: str) -> bool:
    """Return True if the text has all parts in this order."""
    for part in parts:
        _, found, text = text.partition(part)
        if not found:
            return False
    return True


def from_field(letter: Letter) -> tuple[str, str]:
    """Return name and address of the sender, decoded as a mail program does it."""
    ((name, address),) = getaddresses([letter.sender])
    return str(make_header(decode_header(name))), address


def test_the_subject_names_the_portal_and_nothing_private() -> None:
    assert write().subject == "Sign in to your Client Portal"
    assert write(language="es").subject == "Inicie sesión en su Portal de clientes"
    assert write("invitation").subject == "Your invitation to the Client Portal"
    assert write("invitation", "es").subject == "Su invitación al Portal de clientes"
    assert write("pin_made").subject == "A Pin Code was made for your Client Portal"
    assert write("pin_made", "es").subject == "Nuevo código PIN de su Portal de clientes"
    assert write("address_changed").subject == "Your Client Portal email was changed"
    assert write("address_changed", "es").subject == "Cambió el correo de su Portal de clientes"


def test_a_sign_in_letter_reads_in_the_order_of_what_people_need() -> None:
    letter = write()
    fields = (
        "Willow Family Therapy",
        "Sign in to your Client Portal",
        "You asked for this link on March 3, 2026 at 3:42 PM. This link works for 24 hours and only once.",
        "Didn’t ask for this? You don’t need to do anything.",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
        "Please don’t reply to this email: nobody reads the replies.",
    )

    assert in_order(visible(letter.html).partition("only once. ")[2], *fields)
    assert in_order(letter.text, *fields[:2], URL, *fields[2:])
    assert in_order(visible(letter.html), "Use this button", "Sign in", "works for 24", "copy this whole link", URL)


def test_the_preview_tells_when_the_link_was_requested_by_the_practices_clock() -> None:
    assert visible(write().html).startswith("Requested at 3:42 PM. This link works for 24 hours and only once.")
    assert visible(write(language="es").html).startswith(
        "Pedido a las 3:42 p. m.: sirve por 24 horas y se puede usar una sola vez."
    )


@every_language
def test_a_letter_tells_the_lifetime_of_this_stack(language: Language) -> None:
    letter = write(language=language, hours=1)
    words = {"en": "works for 1 hour and", "es": "sirve por 1 hora y"}[language]

    assert words in letter.text
    assert words in visible(letter.html)


@every_link_mail
@every_language
def test_a_letter_has_one_button_and_shows_its_address_once_more_as_text(kind: str, language: Language) -> None:
    letter = write(kind, language)
    anchor, *others = re.findall(r"<a\b[^>]*>", letter.html)
    guide = f"{PORTAL}/guide?lang={language}"
    expected = [[PORTAL], [guide]] if kind == "invitation" else []
    assert [re.findall(r'href="([^"]*)"', other) for other in others] == expected

    assert f'href="{URL}"' in anchor
    assert 'target="_blank"' in anchor
    assert 'rel="noopener noreferrer"' in anchor
    assert re.search(r"\sses:no-track[\s>]", anchor)
    assert letter.html.count(URL) == 2
    assert letter.text.count(URL) == 1
    assert f">{'Sign in' if language == 'en' else 'Iniciar sesión'}</a>" in letter.html


@every_language
def test_a_sign_in_letter_holds_no_other_address(language: Language) -> None:
    letter = write(language=language)

    assert set(re.findall(r"https?://[^\s\"<]+", letter.html + letter.text)) == {URL}


def test_an_invitation_says_who_invites_and_how_to_come_back_without_it() -> None:
    letter = write("invitation")
    for part in (letter.text, visible(letter.html)):
        assert in_order(
            part,
            "Welcome to your Client Portal",
            "Hello Sam Okafor,",
            "Willow Family Therapy has given you access to the Client Portal",
            "This link works for 24 hours and only once. If you have more than one of these emails, use the newest.",
            f"Next time, go to {PORTAL} and enter this same email address: we will send you a new link.",
            "You don’t need a password.",
            "Not expecting this? Contact Willow Family Therapy at (555) 010-0142.",
        )
    assert visible(letter.html).startswith("Your first sign-in link is inside. No password needed.")


@every_kind
@every_language
def test_a_letter_without_a_number_to_call_still_says_whom_to_ask(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, phone=None))
    words = {
        "en": "Questions? Contact Willow Family Therapy.",
        "es": "¿Tiene preguntas? Comuníquese con Willow Family Therapy.",
    }

    for part in (letter.text, visible(letter.html)):
        assert words[language] in part
        assert "None" not in part


def test_no_letter_says_that_replies_are_not_read() -> None:
    letter = write(practice=replace(WILLOW, reply_to="desk@willow.example"))

    assert letter.reply_to == ("desk@willow.example",)
    assert "reply" not in letter.text + letter.html
    assert write().reply_to == ()


@every_kind
@every_language
def test_a_letter_is_small_and_loads_nothing(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert len(letter.html.encode()) < 10_000
    assert not re.search(r"<(img|script|link|iframe|form)\b|url\(|@import", letter.html)
    assert "prefers-color-scheme: dark" in letter.html
    assert f'<html lang="{language}" dir="ltr">' in letter.html


@every_kind
@every_language
def test_headers_mark_a_letter_as_automatic(kind: str, language: Language) -> None:
    assert write(kind, language).headers == (
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Entity-Ref-ID", "01JREFERENCE"),
        ("Content-Language", language),
    )


@every_link_mail
@every_language
def test_a_letter_with_a_link_says_nothing_of_pin_codes(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert not re.search(r"\bpin\b", f"{letter.subject} {letter.text} {visible(letter.html)}", re.IGNORECASE)


@every_kind
@every_language
def test_no_letter_says_anything_about_health_or_google(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name="Willow"))
    words = r"google|therap|terap|diagnos|treatment|tratamiento|patient|paciente|mental|session|psych"

    assert not re.search(words, f"{letter.subject} {letter.text} {visible(letter.html)}", re.IGNORECASE)


@every_kind
@every_language
def test_a_hostile_name_is_text_and_nothing_else(kind: str, language: Language) -> None:
    letter = write(kind, language, replace(WILLOW, name=HOSTILE, phone=HOSTILE))

    if kind == "waiting":
        addresses = [f"{PORTAL}/sign-in"]
    else:
        guide = f"{PORTAL}/guide?lang={language}"
        addresses = [] if kind in NOTICES else [URL, PORTAL, guide] if kind == "invitation" else [URL]

    assert re.findall(r'href="([^"]*)"', letter.html) == addresses
    assert letter.html.count("<a") == len(addresses)
    assert HOSTILE in visible(letter.html)
    assert HOSTILE in letter.text


@pytest.mark.parametrize(
    "name",
    [
        "Willow Family Therapy",
        'Dr. O’Neil, "Ann" (Boston) <eve@evil.example>',
        'Dr. Lee, "Ann" (Boston) <eve@evil.example>',
        "Clínica Ñandú",
        "心理学研究所" * 12,
        "Ω" * 70,
    ],
)
def test_the_sender_is_the_practice_by_name_and_one_address_whatever_the_name(name: str) -> None:
    letter = write(practice=replace(WILLOW, name=name))

    assert letter.sender.isascii()
    assert max(map(len, re.findall(r"=\?.*?\?=", letter.sender)), default=0) <= 75
    assert from_field(letter) == (name, "yourprovider@mail.example.com")


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\x85", "\u2028", "\u2029", "\x0b", "\x1b"])
@every_kind
def test_a_name_with_line_breaks_adds_no_header_and_no_recipient(kind: str, break_: str) -> None:
    letter = write(kind, practice=replace(WILLOW, name=f"X{break_}Bcc: eve@evil.example"))
    message = EmailMessage()
    message["From"], message["Subject"] = letter.sender, letter.subject

    assert message.keys() == ["From", "Subject"]
    assert from_field(letter) == ("X Bcc: eve@evil.example", "yourprovider@mail.example.com")
    assert len((letter.sender + letter.subject).splitlines()) == 1
    assert "X Bcc: eve@evil.example" in letter.text


def test_a_letter_goes_to_the_address_on_file_and_keeps_it_out_of_logs() -> None:
    letter = write()

    assert letter.to == "sam@example.com"
    assert not re.search("sam@|link/", f"{letter!r} {link_mail()!r} {notice()!r}")


@every_kind
@every_language
def test_the_text_part_is_tidy(kind: str, language: Language) -> None:
    text = write(
        kind, language, overrides=WordingOverrides("Dear {name},", "Come in.\n\n{link}\n\nSee you.", "Willow")
    ).text

    assert "\n\n\n" not in text
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert text.endswith(".\n" if kind not in LINK_MAILS else "\nWillow\n")


@every_notice
@every_language
def test_a_notice_opens_nothing(kind: str, language: Language) -> None:
    letter = write(kind, language)

    assert not re.search(r"href|https?:|@|\d{6}", letter.text + letter.html.partition("</style>")[2].replace("#", ""))


@every_language
def test_a_letter_about_something_waiting_leads_to_the_sign_in_page_and_names_nothing(language: Language) -> None:
    """B146"""
    letter = write("waiting", language)
    subjects = {"en": "Something is waiting in your Client Portal", "es": "Tiene pendientes en su Portal de clientes"}

    assert letter.subject == subjects[language]
    assert len(letter.subject) < 45
    assert in_order(letter.text, "Willow Family Therapy", subjects[language], f"{PORTAL}/sign-in", "(555) 010-0142")
    assert re.findall(r'href="([^"]*)"', letter.html) == [f"{PORTAL}/sign-in"]


def test_a_person_who_requested_no_pin_code_learns_that_one_was_made_and_whom_to_call() -> None:
    letter = write("pin_made")
    fields = (
        "Willow Family Therapy",
        "A Pin Code was made for your Client Portal",
        "On March 3, 2026 at 3:42 PM, Willow Family Therapy made a one-time Pin Code so that you can sign in",
        "Don’t tell it to anyone else.",
        "Didn’t ask for a Pin Code? Call Willow Family Therapy at (555) 010-0142 right away",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
    )

    assert in_order(letter.text, *fields)
    assert in_order(visible(letter.html), *fields)
    assert visible(letter.html).startswith("Made on March 3, 2026 at 3:42 PM. The code is not in this email.")


def test_a_change_of_address_is_announced_in_words_that_either_address_may_read() -> None:
    letter = write("address_changed")
    fields = (
        "Willow Family Therapy",
        "Your Client Portal email was changed",
        "On March 3, 2026 at 3:42 PM, Willow Family Therapy changed the email address",
        "Links and Pin Codes for the earlier address no longer work",
        "Didn’t ask for this change? Call Willow Family Therapy at (555) 010-0142 right away.",
        "Questions? Call Willow Family Therapy at (555) 010-0142.",
    )

    assert in_order(letter.text, *fields)
    assert in_order(visible(letter.html), *fields)


@every_notice
def test_a_notice_tells_the_time_as_its_readers_write_it(kind: str) -> None:
    assert "El 3 de marzo de 2026 a las 3:42\u00a0p.\u00a0m., Willow Family Therapy" in write(kind, "es").text


@every_link_mail
@every_language
def test_wording_of_a_practice_replaces_only_the_parts_that_it_sets(kind: str, language: Language) -> None:
    expected = write(kind, language)
    letter = write(kind, language, overrides=WordingOverrides(body="Come in, {name}."))

    assert "Come in, Sam Okafor." in letter.text
    assert "Come in, Sam Okafor." in visible(letter.html)
    assert write(kind, language, overrides=WordingOverrides()) == expected


@every_link_mail
@every_language
def test_own_words_leave_everything_in_place_that_a_letter_must_say(kind: str, language: Language) -> None:
    letter = write(kind, language, overrides=WordingOverrides("Greeting", "Body", "Footer"))
    always = {
        "en": ("Greeting", "Body", URL, "works for 24 hours", "?", "Questions? Call", "nobody reads", "Footer"),
        "es": (
            "Greeting",
            "Body",
            URL,
            "sirve por 24 horas",
            "¿No",
            "¿Tiene preguntas? Llame",
            "respuestas",
            "Footer",
        ),
    }[language]
    shown = tuple(words for words in always if words != URL)

    assert in_order(letter.text, *always)
    assert in_order(visible(letter.html), *shown)
    assert in_order(visible(letter.html), "Body", {"en": "Sign in", "es": "Iniciar sesión"}[language], URL)


def test_wording_replaces_the_default_text() -> None:
    letter = write("invitation", overrides=WordingOverrides("Dear Sam,", "Your place is ready."))

    for part in (letter.text, letter.html):
        assert "Hello" not in part
        assert "has given you access" not in part


@every_link_mail
def test_the_button_stands_where_the_practice_puts_it(kind: str) -> None:
    letter = write(kind, overrides=WordingOverrides(body="First this. {link} Then that."))

    assert in_order(letter.text, "First this.", URL, "Then that.", "works for")
    assert in_order(visible(letter.html), "First this.", "Sign in", "Then that.", "works for", URL)


@every_link_mail
@pytest.mark.parametrize("body", ["", "{link}", "{link}{link} and {link}", "No link here."])
def test_there_is_one_button_however_often_the_practice_asks_for_it(kind: str, body: str) -> None:
    letter = write(kind, overrides=WordingOverrides("{link}", body, "{link}"))

    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert (letter.html.count(URL), letter.text.count(URL)) == (2, 1)
    assert "{link}" not in letter.text + letter.html


@every_link_mail
@pytest.mark.parametrize("part", ["greeting", "body", "footer"])
@pytest.mark.parametrize(
    "text",
    [
        HOSTILE,
        "{{7*7}} {% for %} {% include 'x' %} ${x} %(x)s {0.__class__} {name.__class__} {} { #{1+1}",
        "<script>alert(1)</script> <img src=x onerror=alert(1)>",
        "https://evil.example/ and [here](https://evil.example)",
        "&lt;b&gt; &amp;",
    ],
)
def test_what_a_practice_writes_is_text_and_nothing_else(kind: str, part: str, text: str) -> None:
    letter = write(kind, overrides=replace(WordingOverrides(), **{part: text}))

    assert text in letter.text
    assert text in visible(letter.html)
    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert re.findall(r"<(a|script|img)\b", letter.html) == ["a"] * (3 if kind == "invitation" else 1)


def test_an_invitation_can_have_a_subject_and_a_message_of_its_own() -> None:
    letter = letters.invitation(
        WILLOW,
        link_mail(),
        name="Sam Okafor",
        portal=PORTAL,
        overrides=WordingOverrides("Dear {name},", "The usual.", "Warmly, Willow"),
        subject="Your forms for Monday",
        message="Just this once, {name}.",
    )

    assert letter.subject == "Your forms for Monday"
    assert in_order(letter.text, "Dear Sam Okafor,", "Just this once, Sam Okafor.", URL, "Warmly, Willow")
    assert "The usual." not in letter.text + letter.html


@pytest.mark.parametrize(
    ("subject", "shown"),
    [
        ("Hello\r\nBcc: eve@evil.example", "Hello Bcc: eve@evil.example"),
        ("\u202eoolleH\0", "oolleH"),
        ("x" * 500, "x" * 150),
        ("{name} {link} {{7*7}}", "{name} {link} {{7*7}}"),
        (HOSTILE, HOSTILE),
        (" \n ", "Your invitation to the Client Portal"),
        (None, "Your invitation to the Client Portal"),
    ],
)
def test_a_subject_is_one_short_line_and_never_empty(subject: str | None, shown: str) -> None:
    letter = letters.invitation(WILLOW, link_mail(), name="Sam Okafor", portal=PORTAL, subject=subject)

    assert letter.subject == shown
    assert set(re.findall(r'href="([^"]*)"', letter.html)) <= {URL, PORTAL, GUIDE}
    assert unescape(letter.html).count(shown) >= 2


@every_language
def test_an_invitation_says_what_is_waiting_in_the_portal(language: Language) -> None:
    letter = letters.invitation(
        WILLOW,
        link_mail(language),
        name="Sam Okafor",
        portal=PORTAL,
        items=("Consent form", "Intake\r\nquestions", HOSTILE, "\n"),
    )
    words = {"en": "Waiting for you in the Client Portal:", "es": "Sus pendientes en el Portal de clientes:"}

    assert in_order(letter.text, words[language], "- Consent form\n- Intake questions\n- ", URL)
    assert in_order(visible(letter.html), words[language], "Consent form", "Intake questions", HOSTILE)
    assert letter.html.count("<li>") == 3
    assert words[language] not in write("invitation", language).text


@every_link_mail
def test_the_buttons_padding_is_on_the_cell_for_outlook(kind: str) -> None:
    """B153: Outlook on Windows ignores the padding of a link."""
    cell, anchor = re.findall(r'<td class="button"[^>]*>|<a [^>]*>', write(kind).html)[:2]

    assert "padding:15px 36px" in cell
    assert "padding" not in anchor


def test_each_letter_names_the_time_of_its_request() -> None:
    """B153"""
    letter = write(language="es")

    assert "El 3 de marzo de 2026 a las 3:42\u00a0p.\u00a0m. pidió este enlace." in letter.text
    assert "El 3 de marzo de 2026 a las 3:42 p. m. pidió este enlace." in visible(letter.html)


@every_language
def test_the_portals_address_in_an_invitation_is_a_link(language: Language) -> None:
    """B153"""
    letter = write("invitation", language)

    assert re.search(rf'<a href="{PORTAL}"[^>]*>{PORTAL}</a>', letter.html)
