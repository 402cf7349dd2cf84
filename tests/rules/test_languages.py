"""Tests of the list of languages."""

import pytest

from latchkey.rules.languages import DEFAULT_LANGUAGE, LANGUAGES, Language, facts, language_of, language_or_default


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_language_is_found_by_its_code_and_has_a_name_of_its_own(language: Language) -> None:
    assert language_of(language) == language_or_default(language) == language
    assert [facts(other).own_name for other in LANGUAGES].count(facts(language).own_name) == 1


@pytest.mark.parametrize("code", ["", "EN", "en-US", "xx"])
def test_another_code_is_no_language_and_stands_for_the_default(code: str) -> None:
    assert language_of(code) is None
    assert language_or_default(code) == DEFAULT_LANGUAGE
