"""A guard: one check of the product, its place, and the tests that fail without it."""

from dataclasses import dataclass

from tools.mutants.operators import Operator

PACKAGE = "layers/latchkey/latchkey"
ELSEWHERE = ("functions/", "archive/", "operate/")


@dataclass(frozen=True, slots=True)
class Guard:
    """One check of the product, and how it is switched off."""

    what: str
    """The protected thing, which is the name of the guard."""
    module: str
    """Path of the file, below the package or, for what lies elsewhere, below the project."""
    definition: str
    """Qualified name of the function, method, class or constant."""
    operator: Operator
    tests: str
    """Arguments of pytest."""

    @property
    def file(self) -> str:
        """Path of the file below the project."""
        return self.module if self.module.startswith(ELSEWHERE) else f"{PACKAGE}/{self.module}"

    @property
    def place(self) -> str:
        """The file, the definition and the operator, as `file:definition operator`."""
        return f"{self.module}:{self.definition} {self.operator.label}"

    def removed_from(self, text: str) -> str:
        """Return the file's text without the guard.

        :raises ValueError: the guard has no place in it, or more than one.
        """
        try:
            return self.operator.apply(text, self.definition)
        except ValueError as error:
            raise ValueError(f"{self.module}:{error}") from None


def guards_in(module: str, tests: str, *guards: tuple[str, str, Operator]) -> list[Guard]:
    """Return guards of one file: what each protects, its definition and its operator."""
    return [Guard(what, module, definition, operator, tests) for what, definition, operator in guards]
