"""The processor that layers were built for, read from what was built, so that nothing else is ever deployed.

A layer with another processor's libraries deploys like any other, and the functions that load them fail at their start.
"""

import argparse
import re
from pathlib import Path

from operate.errors import CommandError
from operate.release import PROJECT

BUILT = PROJECT / ".aws-sam" / "build"
MACHINES = {0x3E: "x86_64", 0xB7: "arm64"}
"""`e_machine` of an ELF header (ELF specification, "machine information")."""
MAGIC, MACHINE = b"\x7fELF", slice(18, 20)
ARCHITECTURE = re.compile(r"(?m)^  Architecture:\n(?:    .*\n)+")


def run(asked: argparse.Namespace) -> None:
    """Write into the built template that it is for this processor and for no other.

    :raises Trouble: the libraries are of no processor that is known, or of two.
    """
    folder = Path(asked.built)
    found = of(folder)
    path = folder / "template.yaml"
    template = path.read_text()
    if not ARCHITECTURE.search(template):
        raise CommandError(f"{path} has no parameter Architecture")
    path.write_text(ARCHITECTURE.sub(narrowed(found), template))
    print(f"Built for {found}, and deployed for nothing else.")


def of(folder: Path) -> str:
    """The processor that the native libraries below a folder are for.

    :raises Trouble: there are none, or they are of no processor that is known, or of two.
    """
    found: dict[str, Path] = {}
    for library in sorted(folder.rglob("*.so*")):
        header = library.read_bytes()[: MACHINE.stop]
        machine = int.from_bytes(header[MACHINE], "little") if header.startswith(MAGIC) else -1
        if machine not in MACHINES:
            raise CommandError(f"{library} is a library of no processor that Lambda has")
        found.setdefault(MACHINES[machine], library)
    if len(found) != 1:
        told = ", ".join(f"{name} ({library})" for name, library in found.items())
        raise CommandError(f"the layers below {folder} are for one processor, and these are for: {told or 'none'}")
    return next(iter(found))


def narrowed(architecture: str) -> str:
    """The template's parameter, with one value left: CloudFormation refuses every other."""
    return (
        "  Architecture:\n"
        "    Type: String\n"
        f"    Default: {architecture}\n"
        f"    AllowedValues: [{architecture}]\n"
        "    ConstraintDescription: the processor that the layers were built for; build again for another\n"
        "    Description: Processor of the functions and of the layers built for them.\n"
    )
