"""Compile the methods of the package's dataclasses while the layer is built (latchkey/compiled_dataclasses.py).

Most modules cannot be imported here, because the other layer has what they import. The text of a class's methods
depends only on the names of its fields, on which of them have a default, and on the options. So a class with the same
ones gives the same text.
"""

import ast
import dataclasses
from pathlib import Path
from types import CodeType
from typing import Any

from latchkey import compiled_dataclasses

CHANGE_METHODS = {"__init__", "__post_init__", "__repr__", "__eq__", "__hash__", "__setattr__", "__delattr__"}
"""Methods that `dataclass` does not write, or calls, if a class has them."""


def decorator(definition: ast.ClassDef) -> ast.expr | None:
    """Return the call of `dataclass` on a class, if it has one."""
    return next((call for call in definition.decorator_list if ast.unparse(call).startswith("dataclass")), None)


def alike(definition: ast.ClassDef, option: ast.expr) -> ast.ClassDef:
    """Return a class with the same fields and options, whose types and defaults are others."""
    body: list[ast.stmt] = []
    for part in definition.body:
        match part:
            case ast.AnnAssign(target=ast.Name(), annotation=annotation, value=value):
                if "ClassVar" not in ast.unparse(annotation):
                    body.append(
                        ast.AnnAssign(part.target, ast.Constant("object"), default(value) if value else None, 1)
                    )
            case ast.FunctionDef(name=name) if name in CHANGE_METHODS:
                body.append(ast.Assign([ast.Name(name, ast.Store())], ast.Name("print", ast.Load())))
    return ast.ClassDef(definition.name, [], [], body or [ast.Pass()], [option], type_params=[])


def default(value: ast.expr) -> ast.expr:
    """Return another default of the same kind."""
    match value:
        case ast.Call(func=ast.Name("field"), keywords=keywords):
            for keyword in keywords:
                if keyword.arg in ("default", "default_factory"):
                    keyword.value = ast.Name("print", ast.Load())
            return value
        case _:
            return ast.Constant(None)


def main() -> None:
    """Compile what `dataclass` writes for each class, and write the file."""
    code: dict[str, CodeType] = {}

    def execute(text: str, names: dict[str, Any], defined: dict[str, Any]) -> None:
        code[text] = compile(text, "<string>", "exec")
        exec(code[text], names, defined)  # noqa: S102 - as `dataclass` does

    compiled_dataclasses.execute_by(execute)
    for source in Path(compiled_dataclasses.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(source.read_text())):
            if isinstance(node, ast.ClassDef) and (option := decorator(node)):
                module = ast.fix_missing_locations(ast.Module([alike(node, option)], []))
                names = {"dataclass": dataclasses.dataclass, "field": dataclasses.field}
                exec(compile(module, str(source), "exec"), names)  # noqa: S102 - classes of this package
    compiled_dataclasses.write(code)


main()
