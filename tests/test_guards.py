"""Tests of the table of guards that `make mutants` switches off. They do not run the guards' own tests."""

import ast

import pytest

from tests.kit.sam_template import PROJECT
from tools.mutants.guard import Guard
from tools.mutants.guards import GUARDS


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_every_guard_can_be_removed_from_its_file(guard: Guard) -> None:
    """The changed file compiles, and is another program."""
    text = (PROJECT / guard.file).read_text(encoding="utf-8")

    without = guard.removed_from(text)

    compile(without, guard.file, "exec")
    assert ast.dump(ast.parse(without)) != ast.dump(ast.parse(text))


def test_every_guard_has_a_name_of_its_own_and_tests_that_exist() -> None:
    assert len({guard.what for guard in GUARDS}) == len(GUARDS)
    for guard in GUARDS:
        assert all((PROJECT / file).exists() for file in guard.tests.split())


def test_no_two_guards_remove_the_same_check() -> None:
    assert len({guard.place for guard in GUARDS}) == len(GUARDS)
