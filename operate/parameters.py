"""The `parameters` command: write the table of the template's parameters into docs/operations.md."""

import argparse
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from operate.errors import CommandError
from operate.release import PROJECT

DOCUMENT = PROJECT / "docs" / "operations.md"
TEMPLATE = PROJECT / "template.yaml"
BEGIN = "<!-- parameters: python -m operate parameters -->\n"
END = "<!-- end of parameters -->"


def run(args: argparse.Namespace) -> None:
    """Write the table into the document. With `--check`, only compare it.

    :raises CommandError: the table differs with `--check`, or the document has no markers for it.
    """
    document = DOCUMENT.read_text()
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise CommandError(f"{DOCUMENT.relative_to(PROJECT)} lacks the two comments that mark the parameters' place.")
    written = before + begin + table(yaml_parse(TEMPLATE.read_text())["Parameters"]) + end + after
    if args.check and written != document:
        raise CommandError(
            "The parameters in docs/operations.md differ from the template. Run: python -m operate parameters"
        )
    if not args.check:
        DOCUMENT.write_text(written)


def table(parameters: dict[str, dict[str, Any]]) -> str:
    """Return the Markdown table of the parameters, in the template's order."""
    lines = ["| parameter | default | values | what it is |", "|---|---|---|---|"]
    for name, parameter in parameters.items():
        default = (
            f"`{parameter['Default']}`"
            if parameter.get("Default") not in (None, "")
            else "empty"
            if "Default" in parameter
            else "**to be given**"
        )
        description = " ".join(parameter["Description"].split())
        lines.append(f"| `{name}` | {default} | {_values(parameter)} | {description} |")
    return "\n".join(lines) + "\n"


def _values(parameter: dict[str, Any]) -> str:
    if "AllowedValues" in parameter:
        return ", ".join(f"`{value}`" for value in parameter["AllowedValues"])
    if "MinValue" in parameter or "MaxValue" in parameter:
        return f"{parameter.get('MinValue', '')} to {parameter.get('MaxValue', '')}"
    return ""
