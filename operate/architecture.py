"""The `architecture` command: let a built template be deployed only for the processor that its layers were built for.

CloudFormation would accept a layer for another processor. The functions would then fail when they start.
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


def run(args: argparse.Namespace) -> None:
    """Change the built template so that its parameter Architecture allows only this processor.

    :raises CommandError: as for `of`, or the template has no parameter Architecture.
    """
    folder = Path(args.built)
    architecture = of(folder)
    path = folder / "template.yaml"
    template = path.read_text()
    if not ARCHITECTURE.search(template):
        raise CommandError(f"{path} has no parameter Architecture. Build again with sam build.")
    path.write_text(ARCHITECTURE.sub(narrowed(architecture), template))
    print(f"The layers were built for {architecture}. The stack will be deployed for {architecture} only.")


def of(folder: Path) -> str:
    """Return the processor of the native libraries below a folder, such as `arm64`.

    :raises CommandError: there are no libraries, or they are for an unknown processor or for two.
    """
    libraries: dict[str, Path] = {}
    for library in sorted(folder.rglob("*.so*")):
        header = library.read_bytes()[: MACHINE.stop]
        machine = int.from_bytes(header[MACHINE], "little") if header.startswith(MAGIC) else -1
        if machine not in MACHINES:
            raise CommandError(f"{library} is not built for a processor that Lambda has. Build the layers again.")
        libraries.setdefault(MACHINES[machine], library)
    if len(libraries) != 1:
        listed = ", ".join(f"{name} ({library})" for name, library in libraries.items())
        raise CommandError(f"The layers below {folder} must be for one processor, but are for: {listed or 'none'}")
    return next(iter(libraries))


def narrowed(architecture: str) -> str:
    """Return the template's parameter Architecture with one allowed value. CloudFormation refuses all others."""
    return (
        "  Architecture:\n"
        "    Type: String\n"
        f"    Default: {architecture}\n"
        f"    AllowedValues: [{architecture}]\n"
        "    ConstraintDescription: must be the processor that the layers were built for. Build again for another.\n"
        "    Description: Processor of the functions and of the layers built for them.\n"
    )
