"""The table of guards that `make mutants` switches off, as far as it can be checked without running tests."""

import pytest

from mutants.guards import GUARDS, Guard
from tests.kit.sam_template import PROJECT


@pytest.mark.parametrize("guard", GUARDS, ids=lambda guard: guard.what)
def test_every_guard_stands_where_the_table_says(guard: Guard) -> None:
    without = guard.removed_from((PROJECT / guard.file).read_text())
    compile(without, guard.file, "exec")


def test_every_guard_has_a_name_of_its_own_and_tests_that_exist() -> None:
    assert len({guard.what for guard in GUARDS}) == len(GUARDS)
    for guard in GUARDS:
        assert all((PROJECT / file).exists() for file in guard.tests.split())
