"""The refusals that a view can raise, read from the code that it can reach."""

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property, partial
from types import FunctionType, ModuleType
from typing import Any

from latchkey.http.requests import Request
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import Refusal

OWN = ("handler_of_", *(f"latchkey.{name}" for name in ("http", "identity", "mail", "rules", "store", "web", "tokens")))
"""Starts of the names of modules whose functions are read. No other module raises a refusal of a client."""
GIVEN = (Request, Practice)
"""Classes whose objects a view is given."""

type Refusals = frozenset[type[Refusal]]
NONE: Refusals = frozenset()


class Reached:
    """The functions that a view can reach, and the refusals that each of them can raise.

    The result may name too many refusals. Every branch counts as taken. A method is found by its name alone, among the
    classes that this code names.
    """

    def __init__(self, view: Callable[..., Any]) -> None:
        self.view: FunctionType = inspect.unwrap(view.func if isinstance(view, partial) else view)
        self.own = (*OWN, self.view.__module__)
        self.raised: dict[FunctionType, Refusals] = {self.view: NONE}
        self.classes: set[type] = set(GIVEN)
        self.fields: set[str] = set()
        """The names of form fields that this code reads."""

    @cached_property
    def refusals(self) -> Refusals:
        """The refusals that the view can raise."""
        before: Any = None
        while before != (now := (dict(self.raised), len(self.classes))):
            before = now
            for function in reversed(list(self.raised)):
                self.raised[function] = _Body(self, function).refusals()
        return self.raised[self.view]

    def call(self, value: Any) -> Refusals:
        """Return what a call of this value is known to raise so far. Remember functions and classes."""
        if isinstance(value, property):
            value = value.fget
        value = inspect.unwrap(value) if callable(value) and not isinstance(value, type) else value
        if isinstance(value, FunctionType) and value.__module__.startswith(self.own):
            return self.raised.setdefault(value, NONE)
        if isinstance(value, type) and value.__module__.startswith(self.own) and not issubclass(value, Refusal):
            self.classes.add(value)
        return NONE

    def method(self, name: str) -> Refusals:
        """Return what methods of this name are known to raise so far."""
        found = [value for owner in list(self.classes) if (value := _member(owner, name)) is not None]
        return NONE.union(*map(self.call, found))


class _Body:
    """The code of one function."""

    def __init__(self, reached: Reached, function: FunctionType) -> None:
        self.reached = reached
        self.tree, self.names, self.local = _parsed(function)

    def refusals(self) -> Refusals:
        return self.all_of(self.tree.body)

    def all_of(self, nodes: Iterable[ast.AST]) -> Refusals:
        return NONE.union(*map(self.of, nodes))

    def of(self, node: ast.AST) -> Refusals:
        match node:
            case ast.Try():
                return self.of_try(node)
            case ast.With():
                inner = self.all_of(node.body)
                for item in node.items:
                    call = item.context_expr
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "suppress":
                        inner -= self.caught(inner, call.args)
                return inner | self.all_of(item.context_expr for item in node.items)
            case ast.Raise(exc=ast.Name() | ast.Attribute() as named):
                return self.made(named) | self.of(named)
            case ast.Call():
                if isinstance(node.func, ast.Attribute) and node.func.attr == "form_value":
                    constants = [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
                    self.reached.fields |= {value for value in constants if isinstance(value, str)}
                return self.made(node.func) | self.all_of(ast.iter_child_nodes(node))
            case ast.Name() | ast.Attribute():
                value = self.value(node)
                inner = NONE if value is not None or isinstance(node, ast.Name) else self.reached.method(node.attr)
                return inner | self.reached.call(value) | self.all_of(ast.iter_child_nodes(node))
        return self.all_of(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.arguments))

    def of_try(self, node: ast.Try) -> Refusals:
        left = self.all_of(node.body)
        raised = self.all_of([*node.orelse, *node.finalbody])
        for handler in node.handlers:
            caught = self.caught(left, [handler.type] if handler.type else [])
            left -= caught
            raised |= self.all_of(handler.body)
            raises = [part for part in ast.walk(handler) if isinstance(part, ast.Raise)]
            if any(part.exc is None or handler.name in _names(part.exc) for part in raises):
                raised |= caught
        return left | raised

    def caught(self, raised: Refusals, types: Iterable[ast.AST]) -> Refusals:
        classes: list[type] = []
        for node in types:
            elements = node.elts if isinstance(node, ast.Tuple) else [node]
            for element in elements:
                value = self.value(element.value if isinstance(element, ast.Starred) else element)
                classes += value if isinstance(value, tuple) else [value] if isinstance(value, type) else []
        return frozenset(refusal for refusal in raised if issubclass(refusal, tuple(classes)))

    def made(self, node: ast.AST) -> Refusals:
        """Return the refusal that this class is, if it is one."""
        value = self.value(node)
        return frozenset({value}) if isinstance(value, type) and issubclass(value, Refusal) else NONE

    def value(self, node: ast.AST) -> Any:
        """Return the value of a dotted name. None if it starts with a local variable."""
        if isinstance(node, ast.Name):
            return None if node.id in self.local else self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            owner = self.value(node.value)
            return getattr(owner, node.attr, None) if isinstance(owner, ModuleType | type) else None
        return None


@cache
def _member(owner: type, name: str) -> Any:
    value = inspect.getattr_static(owner, name, None)
    return getattr(value, "__func__", value)


@cache
def _parsed(function: FunctionType) -> tuple[ast.FunctionDef, Mapping[str, Any], set[str]]:
    """Return the tree of a function, the values of its names, and its local names, which have none."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    made = tree if isinstance(tree, ast.FunctionDef) else ast.FunctionDef("made", ast.arguments(), [tree])
    imports, closure = _imports(made), inspect.getclosurevars(function).nonlocals
    names = {**function.__globals__, **closure, **imports}
    return made, names, set(function.__code__.co_varnames) - imports.keys()


def _imports(tree: ast.AST) -> dict[str, Any]:
    """Return the names that the function imports itself."""
    found: dict[str, Any] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            module = __import__(node.module, fromlist=[alias.name for alias in node.names])
            found |= {alias.asname or alias.name: getattr(module, alias.name) for alias in node.names}
    return found


def _names(node: ast.AST) -> set[str]:
    return {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
