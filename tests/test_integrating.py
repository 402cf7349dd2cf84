"""`docs/integrating.md` quotes `examples/api`, and says what the session check answers."""

import re

import pytest

from latchkey.rules.notices import REFUSAL_CODES
from local.sam_template import parse_template
from tests.kit import sam_template

DOCUMENT = (sam_template.PROJECT / "docs" / "integrating.md").read_text()
EXAMPLE = sam_template.PROJECT / "examples" / "api"
QUOTED = {"yaml": (EXAMPLE / "template.yaml").read_text(), "python": (EXAMPLE / "handler.py").read_text()}


def blocks(language: str) -> list[str]:
    """Return the code of a language in the document."""
    return re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)


@pytest.mark.parametrize("language", QUOTED)
def test_each_quoted_line_is_in_the_example(language: str) -> None:
    assert blocks(language)
    assert not [block for block in blocks(language) if block not in QUOTED[language]]


def test_each_output_in_the_table_is_one_of_the_template() -> None:
    table = DOCUMENT.partition("| output |")[2].partition("\n\n")[0]
    outputs = [
        name for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)
    ]
    declared = sam_template.document()["Outputs"]
    assert len(outputs) > 5
    assert {name: declared[name].get("Export") for name in outputs} == {
        name: {"Name": {"Fn::Sub": f"${{AWS::StackName}}-{name}"}} for name in outputs
    }


def test_the_table_of_codes_names_each_of_them() -> None:
    """B216"""
    table = DOCUMENT.partition("| code |")[2].partition("\n\n")[0]
    codes = [code for row in re.findall(r"^\| (`.*?) \|", table, re.MULTILINE) for code in re.findall(r"`(\w+)`", row)]
    assert codes == list(REFUSAL_CODES)


def test_the_example_is_small() -> None:
    assert all(len(text.splitlines()) <= 60 for text in QUOTED.values())


def test_the_examples_authorizer_requires_no_header_and_caches_nothing() -> None:
    """With a header as a source, browsers or apps would be locked out. The sources are the key of the cache."""
    authorizer = parse_template(QUOTED["yaml"])["Resources"]["Api"]["Properties"]["Auth"]["Authorizers"][
        "ClientSession"
    ]
    assert authorizer["Identity"] == {"Context": ["requestId"], "ReauthorizeEvery": 0}
