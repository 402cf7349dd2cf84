"""The template's parameters as a table in docs/operations.md, made from the template, so that neither is ever alone."""

import argparse
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from operate.errors import CommandError
from operate.release import PROJECT

DOCUMENT = PROJECT / "docs" / "operations.md"
TEMPLATE = PROJECT / "template.yaml"
BEGIN = "<!-- parameters: python -m operate parameters -->\n"
END = "<!-- end of parameters -->"


def run(asked: argparse.Namespace) -> None:
    """Write the table, or compare it.

    :raises Trouble: it is to be compared and differs, or has no place in the document.
    """
    document = DOCUMENT.read_text()
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CommandError(f"{DOCUMENT.relative_to(PROJECT)} has no place for the parameters")
    written = before + begin + table(yaml_parse(TEMPLATE.read_text())["Parameters"]) + end + after
    if asked.check and written != document:
        raise CommandError("the parameters in docs/operations.md are not the template's: python -m operate parameters")
    if not asked.check:
        DOCUMENT.write_text(written)


def table(parameters: dict[str, dict[str, Any]]) -> str:
    """The rows, in the template's order."""
    lines = ["| parameter | default | values | what it is |", "|---|---|---|---|"]
    for name, told in parameters.items():
        default = (
            f"`{told['Default']}`"
            if told.get("Default") not in (None, "")
            else "empty"
            if "Default" in told
            else "**to be given**"
        )
        lines.append(f"| `{name}` | {default} | {_values(told)} | {' '.join(told['Description'].split())} |")
    return "\n".join(lines) + "\n"


def _values(told: dict[str, Any]) -> str:
    if "AllowedValues" in told:
        return ", ".join(f"`{value}`" for value in told["AllowedValues"])
    if "MinValue" in told or "MaxValue" in told:
        return f"{told.get('MinValue', '')} to {told.get('MaxValue', '')}"
    return ""
