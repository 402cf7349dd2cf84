"""Tests of a practice's colours and words."""

import pytest

from latchkey.rules import branding
from latchkey.rules.branding import DARK_GROUNDS, LIGHT_GROUNDS, MIN_CONTRAST


@pytest.mark.parametrize(
    ("one", "other", "ratio"),
    [
        ("#000000", "#ffffff", 21.0),
        ("#ffffff", "#ffffff", 1.0),
        ("#777777", "#ffffff", 4.48),
        ("#767676", "#ffffff", 4.54),
    ],
)
def test_contrast_is_the_ratio_of_wcag(one: str, other: str, ratio: float) -> None:
    assert branding.contrast(one, other) == branding.contrast(other, one)
    assert round(branding.contrast(one, other), 2) == ratio


ACCENTS = ["#0b5a63", "#ffff00", "#ff0000", "#00ff00", "#0000ff", "#ffffff", "#000000", "#808080", "#e91e63", "#8bc34a"]


@pytest.mark.parametrize("accent", ACCENTS)
def test_the_nearest_colour_can_be_read_in_both_schemes(accent: str) -> None:
    """B148"""
    nearest = branding.accent_that_passes(accent)
    light, dark = branding.light_scheme(nearest), branding.dark_scheme(nearest)

    assert branding.accent_that_passes(nearest) == nearest
    for scheme, grounds in ((light, LIGHT_GROUNDS[:2]), (dark, DARK_GROUNDS)):
        for colour in (scheme.accent, scheme.pressed):
            pairs = [(colour, ground) for ground in (*grounds, scheme.tint, scheme.on_accent)]
            assert min(branding.contrast(*pair) for pair in pairs) >= MIN_CONTRAST


@pytest.mark.parametrize("accent", ["#ffff00", "#ff0000", "#808080", "#8bc34a"])
def test_a_colour_one_step_lighter_than_the_nearest_fails(accent: str) -> None:
    """B148"""
    nearest = branding.accent_that_passes(accent)

    assert nearest != accent
    assert branding.contrast(branding._mixed(nearest, accent, 0.05), LIGHT_GROUNDS[0]) < MIN_CONTRAST + 0.15  # noqa: SLF001


@pytest.mark.parametrize(
    "word", ["therapist", "terapeuta", "speech therapist", "Trabajadora-social", "dr", "x" * 40, "psicóloga"]
)
def test_a_word_for_the_clinician(word: str) -> None:
    assert branding.is_clinician_word(word)


@pytest.mark.parametrize(
    "word",
    [
        "",
        "x",
        "x" * 41,
        "your therapist",
        "su terapeuta",
        "La doctora",
        "the",
        "dr.",
        "a b",
        "therapist!",
        "<b>",
        "two  spaces",
        " x",
        "a\nb",
        "1st",
    ],
)
def test_a_word_that_no_sentence_can_say(word: str) -> None:
    assert not branding.is_clinician_word(word)


def test_a_missing_word_is_the_standard_one_of_the_language() -> None:
    """B148"""
    assert branding.clinician_word({"en": "therapist"}, "en") == "therapist"
    assert branding.clinician_word({"en": "therapist"}, "es") == "profesional de la salud"
    assert branding.clinician_word({}, "en") == "provider"


def test_a_text_is_in_the_language_of_the_page_if_there_is_one() -> None:
    assert branding.text_in({"en": "Hi", "es": "Hola"}, "es", "en") == ("Hola", "es")
    assert branding.text_in({"en": "Hi"}, "es", "en") == ("Hi", "en")
    assert branding.text_in({"en": "Hi"}, "es", "es") == ("Hi", "en")
    assert branding.text_in({"en": ""}, "es", "en") is None
