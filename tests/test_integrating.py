"""`docs/integrating.md` quotes `examples/api`, and says what the session check answers."""

import re

import pytest

from tests.kit import sam_template

DOCUMENT = (sam_template.PROJECT / "docs" / "integrating.md").read_text()
EXAMPLE = sam_template.PROJECT / "examples" / "api"
QUOTED = {"yaml": (EXAMPLE / "template.yaml").read_text(), "python": (EXAMPLE / "handler.py").read_text()}
TEMPLATE = (sam_template.PROJECT / "template.yaml").read_text()


def blocks(language: str) -> list[str]:
    """Return the code of a language in the document."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("language", QUOTED)
def test_each_quoted_line_is_in_the_example(language: str) -> None:
    assert blocks(language)
    assert not [block for block in blocks(language) if block not in QUOTED[language]]


def test_each_output_in_the_table_is_one_of_the_template() -> None:
    outputs = re.findall(r"^\| `(\w+)` \| .*$", DOCUMENT.partition("| output |")[2].partition("\n\n")[0], re.MULTILINE)
    assert len(outputs) > 2
    assert not [name for name in outputs if f"\n  {name}:\n" not in TEMPLATE]


def test_the_example_is_small() -> None:
    assert all(len(text.splitlines()) <= 60 for text in QUOTED.values())
