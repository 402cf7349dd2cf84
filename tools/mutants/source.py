"""The text of a Python file together with its syntax tree: search the tree, edit the text."""

import ast
import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

type Span = tuple[int, int]
"""Start and end in the text, in characters."""

type Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Assign | ast.AnnAssign


@dataclass(frozen=True, slots=True)
class Edit:
    """A span of the text and its replacement."""

    span: Span
    text: str


@dataclass(slots=True)
class Source:
    """The text of one Python file, with its syntax tree."""

    text: str
    tree: ast.Module = field(init=False)
    _lines: list[tuple[int, bytes]] = field(init=False)
    """Each line's first character in the text, and its bytes: `ast` counts columns in bytes."""
    _parents: dict[ast.AST, ast.AST] = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ast.parse(self.text)
        self._lines = []
        offset = 0
        for line in self.text.split("\n"):
            self._lines.append((offset, line.encode()))
            offset += len(line) + 1
        self._parents = {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    def applying(self, edit: Edit) -> str:
        """Return the text with one span replaced."""
        start, end = edit.span
        return self.text[:start] + edit.text + self.text[end:]

    def segment(self, node: ast.AST) -> str:
        """Return the text of a node."""
        start, end = self.span(node)
        return self.text[start:end]

    def span(self, node: ast.AST) -> Span:
        """Return the span of a node, without the parentheses around it."""
        position = vars(node)
        start = self._offset(position["lineno"], position["col_offset"])
        return start, self._offset(position["end_lineno"], position["end_col_offset"])

    def grouped(self, node: ast.AST, within: Span) -> Span:
        """Return the span of a node, with the parentheses around it that lie within a span."""
        start, end = self.span(node)
        while True:
            before = len(self.text[:start].rstrip()) - 1
            after = end + len(self.text[end:]) - len(self.text[end:].lstrip())
            if before < within[0] or after >= within[1] or self.text[before] + self.text[after] != "()":
                return start, end
            start, end = before, after + 1

    def parent(self, node: ast.AST) -> ast.AST | None:
        """Return the node that directly holds a node, None for the file itself."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """Yield the nodes around a node, the nearest first."""
        holder = self.parent(node)
        while holder:
            yield holder
            holder = self.parent(holder)

    def definition(self, name: str) -> Definition:
        """Return the function, class or constant of a qualified name, such as `Request.body` or `peek.again`.

        :raises ValueError: the file defines no such name, or defines it more than once.
        """
        bodies: list[list[ast.stmt]] = [self.tree.body]
        matches: list[Definition] = []
        for part in name.split("."):
            matches = [statement for body in bodies for statement in _defining(body, part)]
            bodies = [match.body for match in matches if not isinstance(match, ast.Assign | ast.AnnAssign)]
        if len(matches) != 1:
            raise ValueError(f"{len(matches)} definitions have this name")
        return matches[0]

    def check_names(self, code: str, scope: ast.AST) -> None:
        """Check that code which is put into a definition uses only names that are known there.

        :raises ValueError: a name is neither bound in the definition, nor in the module, nor built in.
        """
        used = {node.id for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Name)}
        module = {name for statement in self.tree.body for name in _assigned_names(statement, deep=False)}
        if unknown := used - module - set(_assigned_names(scope, deep=True)) - set(dir(builtins)):
            raise ValueError(f"{code} uses names that are unknown there: {', '.join(sorted(unknown))}")

    def _offset(self, line: int, column: int) -> int:
        start, encoded = self._lines[line - 1]
        return start + len(encoded[:column].decode())


def names_in(node: ast.AST) -> set[str]:
    """Return the names that a node mentions.

    Variables, attributes and keywords count. An attribute counts also with the name before its dot (`LinkItem.state`).
    A constant counts as `repr` writes it (`'POST'`, `64`), and the operator `not` as `not`.
    """
    return {name for part in ast.walk(node) for name in _own_names(part)}


def innermost[Node: ast.AST](nodes: Iterable[Node]) -> list[Node]:
    """Return the nodes that hold no other one of them."""
    listed = list(nodes)
    members = set(listed)
    return [node for node in listed if not any(part in members for part in ast.walk(node) if part is not node)]


def mentioning(names: Iterable[str]) -> Callable[[ast.AST], bool]:
    """Return a test for nodes that mention all these names."""
    wanted = set(names)
    return lambda node: wanted <= names_in(node)


def dotted(node: ast.AST) -> tuple[str, ...]:
    """Return the names that a name or attribute answers to: `state` and `LinkItem.state`."""
    match node:
        case ast.Name(id=name):
            return (name,)
        case ast.Attribute(value=ast.Name(id=holder) | ast.Attribute(attr=holder), attr=name):
            return name, f"{holder}.{name}"
        case ast.Attribute(attr=name):
            return (name,)
    return ()


def _own_names(node: ast.AST) -> tuple[str, ...]:
    match node:
        case ast.Name() | ast.Attribute():
            return dotted(node)
        case ast.keyword(arg=str(name)):
            return (name,)
        case ast.Constant(value=value):
            return (repr(value),)
        case ast.Not():
            return ("not",)
    return ()


def _defining(body: list[ast.stmt], name: str) -> Iterator[Definition]:
    for statement in body:
        match statement:
            case ast.FunctionDef(name=own) | ast.AsyncFunctionDef(name=own) | ast.ClassDef(name=own):
                defined = own
            case ast.Assign(targets=[ast.Name(id=own)]) | ast.AnnAssign(target=ast.Name(id=own)):
                defined = own
            case _:
                continue
        if defined == name:
            yield statement


def _assigned_names(node: ast.AST, *, deep: bool) -> Iterator[str]:
    """Yield the names that a node binds. With `deep`, also yield those bound inside functions and classes."""
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
            if not deep:
                return
        case ast.Import(names=aliases) | ast.ImportFrom(names=aliases):
            yield from (alias.asname or alias.name.partition(".")[0] for alias in aliases)
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            yield name
    for child in ast.iter_child_nodes(node):
        yield from _assigned_names(child, deep=deep)
