"""Tests of addresses: which ones are equal, and which ones are refused because they cannot be compared exactly."""

import unicodedata

import pytest
from email_validator import EmailNotValidError, validate_email
from hypothesis import example, given
from hypothesis import strategies as st

from latchkey.rules import addresses
from latchkey.rules.refusals import EmailMalformed, EmailMissing

LOOK_ALIKES = {
    "Kelvin sign": "\u212a",
    "full-width k": "\uff4b",
    "mathematical k": "\U0001d424",
    "circled k": "\u24da",
    "Cyrillic k": "\u043a",
    "dotless i": "\u0131",
    "dotted capital I": "\u0130",
    "long s": "\u017f",
    "sharp s": "\u00df",
    "ligature fi": "\ufb01",
    "full-width at": "\uff20",
    "ideographic full stop": "\u3002",
    "full-width full stop": "\uff0e",
    "half-width ideographic full stop": "\uff61",
    "one dot leader": "\u2024",
    "soft hyphen": "\u00ad",
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "word joiner": "\u2060",
    "byte order mark": "\ufeff",
    "variation selector": "\ufe0f",
    "right-to-left mark": "\u200f",
    "right-to-left override": "\u202e",
    "no-break space": "\u00a0",
    "ideographic space": "\u3000",
    "combining acute": "\u0301",
    "half a character": "\ud83d",
    "null": "\x00",
    "line feed": "\n",
}


def plain(text: str) -> str:
    """Return an address without differences that do not matter: outer blanks, A-Z, Unicode composition, and a domain's
    DNS form. The product's code is not used.
    """
    local, _, domain = unicodedata.normalize("NFC", text.strip(" \t\r\n")).rpartition("@")
    labels = [
        label[4:].encode("ascii", "replace").decode("punycode") if label[:4].lower() == "xn--" else label
        for label in domain.split(".")
    ]
    folded = f"{local}@{'.'.join(labels)}"
    return "".join(letter.lower() if "A" <= letter <= "Z" else letter for letter in folded)


@pytest.mark.parametrize("typed", ["ANA@example.com", "Ana@Example.Com", "ana@EXAMPLE.COM", "  ana@example.com\t\r\n"])
def test_case_and_outer_blanks_do_not_make_another_address(typed: str) -> None:
    """B19."""
    assert addresses.canonical(typed) == "ana@example.com"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("kim+kids@gmail.com", "kim@gmail.com"),
        ("kim+kids@gmail.com", "kim+cats@gmail.com"),
        ("k.im@gmail.com", "kim@gmail.com"),
        ("kim@gmail.com", "kim@googlemail.com"),
        ("kim@example.com", "kim@mail.example.com"),
        ("kim@kim.com", "kim@k\u0131m.com"),
        ("kim@strasse.de", "kim@stra\u00dfe.de"),
        ("kim@\u03b2\u03cc\u03bb\u03bf\u03c2.com", "kim@\u03b2\u03cc\u03bb\u03bf\u03c3.com"),
        ("kim@example.com", "kim@ex\u0430mple.com"),
    ],
)
def test_dots_tags_and_other_letters_make_another_address(one: str, other: str) -> None:
    """B19, B70: no provider's own rules are applied."""
    assert addresses.canonical(one) != addresses.canonical(other)


@pytest.mark.parametrize("letter", LOOK_ALIKES.values(), ids=LOOK_ALIKES)
def test_a_look_alike_before_the_at_is_refused(letter: str) -> None:
    with pytest.raises(EmailMalformed):
        addresses.canonical(f"{letter}im@example.com" if letter != "\n" else "k\nim@example.com")


VALID_IN_A_DOMAIN = {"Cyrillic k", "dotless i", "sharp s", "combining acute"}
"""Letters that a registered domain can have. Their DNS form differs from that of any other letter."""


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_a_look_alike_in_the_domain_never_stands_for_another_letter(name: str) -> None:
    typed = f"kim@ex{LOOK_ALIKES[name]}mple.com"

    if name in VALID_IN_A_DOMAIN:
        assert addresses.canonical(typed).startswith("kim@xn--")
    else:
        with pytest.raises(EmailMalformed):
            addresses.canonical(typed)


@pytest.mark.parametrize("letter", ["\u3002", "\uff0e", "\uff61", "\u2024"])
def test_a_foreign_full_stop_does_not_part_a_domain(letter: str) -> None:
    with pytest.raises(EmailMalformed):
        addresses.canonical(f"kim@example{letter}com")


def test_an_accent_counts_the_same_however_the_keyboard_composed_it() -> None:
    composed, decomposed = "kim@caf\u00e9.com", "kim@cafe\u0301.com"

    assert addresses.canonical(composed) == addresses.canonical(decomposed) == "kim@xn--caf-dma.com"


def test_a_domain_in_letters_and_in_its_dns_form_are_one() -> None:
    assert addresses.canonical("kim@XN--CAF-DMA.com") == addresses.canonical("kim@caf\u00e9.com")


def test_a_capital_letter_that_only_unicode_can_lower_is_refused() -> None:
    with pytest.raises(EmailMalformed):
        addresses.canonical("kim@CAF\u00c9.com")


def test_an_accented_name_before_the_at_is_refused() -> None:
    with pytest.raises(EmailMalformed):
        addresses.canonical("jos\u00e9@example.com")


@pytest.mark.parametrize("typed", ["", " ", "\t\r\n  "])
def test_an_empty_field_has_another_error_than_a_wrong_one(typed: str) -> None:
    with pytest.raises(EmailMissing):
        addresses.canonical(typed)


@pytest.mark.parametrize(
    "typed",
    [
        "ana",
        "ana@",
        "@example.com",
        "ana@example",
        "ana@@example.com",
        "ana@bob@example.com",
        "ana @example.com",
        "ana@ example.com",
        "ana@exa mple.com",
        ".ana@example.com",
        "ana.@example.com",
        "an..a@example.com",
        "ana@example..com",
        "ana@.example.com",
        "ana@example.com.",
        "ana@-example.com",
        "ana@example-.com",
        "ana@exa_mple.com",
        '"ana"@example.com',
        "ana@[127.0.0.1]",
        "ana@127.0.0.1",
        "ana(hi)@example.com",
        "Ana <ana@example.com>",
        "<ana@example.com>",
        "mailto:ana@example.com",
        "ana@example.com,bob@example.com",
        "ana@example.com;bob@example.com",
        "ana@example.com\r\nBcc: eve@example.net",
        "ana@example.com\x00",
        "ana@xn--a.com",
        "ana@xn--\u00e9.com",
        "ana%example.com",
        "a@" + "a." * 25_000,
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(EmailMalformed):
        addresses.canonical(typed)


def test_an_address_of_254_octets_is_accepted_and_one_of_255_is_not() -> None:
    local, domain = "a" * 64, f"{'b' * 63}.{'c' * 63}.{'d' * 57}.com"
    max_length = f"{local}@{domain}"
    assert len(max_length) == 254

    assert addresses.canonical(f" {max_length} ") == max_length
    with pytest.raises(EmailMalformed):
        addresses.canonical(f"{local}@d{domain}")


LETTERS = st.one_of(
    st.sampled_from("aAbkKiIsSzZ019.-_+@ xn"),
    st.sampled_from(list(LOOK_ALIKES.values())),
    st.characters(),
)
ADDRESSES = st.builds(
    lambda local, labels, around: f"{around}{local}@{'.'.join(labels)}{around}",
    st.text(LETTERS, max_size=12),
    st.lists(st.text(LETTERS, max_size=8), min_size=1, max_size=4),
    st.sampled_from(["", " ", "\t", "\r\n", "\u00a0", "\u2003"]),
)


@given(st.one_of(ADDRESSES, st.text()))
@example("kim@ex\u212aample.com")
@example("kim@exa\u00adm\u200bple.com")
@example("kim@xn--caf-dma.com")
@example("\udcff@\udcff.com")
def test_whatever_is_typed_is_an_address_or_refused_and_never_another_address(typed: str) -> None:
    try:
        canonical = addresses.canonical(typed)
    except (EmailMissing, EmailMalformed):
        return
    assert plain(canonical) == plain(typed)
    assert addresses.canonical(canonical) == canonical
    assert canonical.isascii()
    assert canonical == canonical.lower()


PLAIN = st.builds(
    lambda local, labels, end: f"{local}@{'.'.join([*labels, end])}",
    st.text("aZ0._+-", max_size=6) | st.integers(63, 66).map("a".__mul__),
    st.lists(st.text("aZ0-", max_size=5) | st.integers(62, 65).map("b".__mul__), max_size=3),
    st.sampled_from(
        ["com", "Com", "c", "c0m", "0", "co-m", "xn--p1ai", "xn--a", "arpa", "invalid", "local", "localhost"]
    )
    | st.sampled_from(["onion", "test", "tests", "internal", "c" * 63, "c" * 64]),
)


@given(PLAIN)
@example("ana@example.test")
@example("ana@test")
@example(f"{'a' * 64}@{'b' * 63}.com")
@example(f"{'a' * 65}@b.com")
@example(f"a@{'b' * 64}.com")
def test_an_address_that_is_plain_at_sight_is_what_the_library_says(typed: str) -> None:
    try:
        known = validate_email(typed, check_deliverability=False, allow_smtputf8=False).normalized.lower()
    except EmailNotValidError:
        with pytest.raises(EmailMalformed):
            addresses.canonical(typed)
    else:
        assert addresses.canonical(typed) == known


@given(st.sampled_from(["ana@example.com", "kim+kids@gmail.com", "a.b-c_d@sub.example.org"]), st.integers(min_value=0))
def test_any_capitals_of_an_address_are_the_address(address: str, capitals: int) -> None:
    shouted = "".join(letter.upper() if capitals >> place & 1 else letter for place, letter in enumerate(address))
    assert addresses.canonical(shouted) == address
