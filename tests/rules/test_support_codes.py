"""Tests of support codes (B145)."""

import pytest

from latchkey import tokens
from latchkey.rules import support_codes


def test_a_code_has_two_groups_without_symbols_that_look_alike() -> None:
    """B145"""
    codes = {tokens.support_code(f"JKJaXmPLvHcESHA{number}=") for number in range(2000)}

    assert len(codes) == 2000
    for code in codes:
        assert support_codes.parse(code) == code
        assert len(code) == 7
        assert code[3] == "-"
        assert not set(code) & set("01OIL")
    assert tokens.support_code("JKJaXmPLvHcESHA=") == tokens.support_code("JKJaXmPLvHcESHA=")


def test_every_number_below_the_count_has_a_code_of_its_own() -> None:
    assert support_codes.code_of(0) == "222-222"
    assert support_codes.code_of(support_codes.COUNT - 1) == "ZZZ-ZZZ"
    assert len({support_codes.code_of(number) for number in range(31**2)}) == 31**2


@pytest.mark.parametrize("typed", ["K7M-4QX", "k7m4qx", " K7M 4QX ", "k7m - 4qx", "K-7-M-4-Q-X"])
def test_a_code_is_read_as_people_type_it(typed: str) -> None:
    assert support_codes.parse(typed) == "K7M-4QX"


@pytest.mark.parametrize(
    "typed",
    ["", "K7M-4Q", "K7M-4QXA", "K7M-4Q0", "O7M-4QX", "K7M_4QX", "\uff2b7M-4QX", "K7M-4Q\u00df", "JKJaXmPLvHcESHA"],
)
def test_what_is_no_code_is_none(typed: str) -> None:
    assert support_codes.parse(typed) is None
