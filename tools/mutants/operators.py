"""The operators of the guards. Each switches one check off, in the syntax tree of one function, class or constant.

An operator finds its place by the names that the code mentions. Operand order, line breaks and formatting do not
matter. `near` narrows the search by names in the surroundings. It is an error if no place or more than one fits.

A name is `state` for a variable, attribute or keyword, and `LinkItem.state` for an attribute with its holder. A
constant is written as by `repr`, such as `'POST'` or `64`. The word `not` is the name of the operator.
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from tools.mutants.source import Definition, Edit, Source, Span, dotted, innermost, mentioning, names_in

type Names = str | tuple[str, ...]
type Chain = tuple[ast.expr, list[ast.expr]]
"""A condition of several parts, and its parts in order."""

MIRRORED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


@dataclass(frozen=True, slots=True)
class Operator:
    """One way to switch a check off."""

    label: str
    """The call that made it, as the table of guards writes it."""
    edits: Callable[[Source, Definition], Iterable[Edit]] = field(repr=False)
    """Every place that fits, as the edit to make there."""

    def apply(self, text: str, definition: str) -> str:
        """Return the text of a file in which the operator was applied to one definition.

        :raises ValueError: the definition is missing, or not exactly one place in it fits.
        """
        source = Source(text)
        try:
            found = list(self.edits(source, source.definition(definition)))
        except ValueError as error:
            raise ValueError(f"{definition} {self.label}: {error}") from None
        if len(found) != 1:
            raise ValueError(f"{definition} {self.label}: {len(found)} places fit")
        return source.applying(found[0])


def always(*names: str, near: Names = ()) -> Operator:
    """Make a condition True: the smallest one that mentions these names.

    Conditions are the tests of `if`, `while`, conditional expressions and comprehensions, and the parts of `and` and
    `or`. A condition is taken with its `not`. `near` names what the condition decides about.
    """
    return Operator(_label("always", names, near), lambda source, scope: _decided(source, scope, names, near, "True"))


def never(*names: str, near: Names = ()) -> Operator:
    """Make a condition False. The condition is found as by `always`."""
    return Operator(_label("never", names, near), lambda source, scope: _decided(source, scope, names, near, "False"))


def drop_condition(*names: str, near: Names = ()) -> Operator:
    """Remove the smallest part of an `and`, `or`, `&` or `|` that mentions these names."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        chains = {part: chain for chain in _chains(scope) for part in chain[1]}
        for part in innermost(filter(mentioning(names), chains)):
            if _is_near(source, part, near):
                yield Edit(_with_neighbour(source, part, *chains[part]), "")

    return Operator(_label("drop_condition", names, near), edits)


def shift_boundary(*names: str, near: Names = ()) -> Operator:
    """Move the boundary of a comparison by one: `<` becomes `<=`, `>=` becomes `>`, and the other way round."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        comparisons = (node for node in ast.walk(scope) if isinstance(node, ast.Compare) and len(node.ops) == 1)
        for comparison in innermost(filter(mentioning(names), comparisons)):
            start, end = source.span(comparison.left)[1], source.span(comparison.comparators[0])[0]
            sign = re.search(r"[<>]=?", source.text[start:end])
            if sign and _is_near(source, comparison, near):
                yield Edit((start + sign.start(), start + sign.end()), MIRRORED[sign[0]])

    return Operator(_label("shift_boundary", names, near), edits)


def only_exists(attribute: str) -> Operator:
    """Weaken a condition of DynamoDB: the comparison of an attribute becomes `attribute.exists()`."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for node in ast.walk(scope):
            if isinstance(node, ast.Compare):
                for side in (node.left, *node.comparators):
                    if attribute in dotted(side):
                        yield Edit(source.span(node), f"{source.segment(side)}.exists()")

    return Operator(_label("only_exists", (attribute,), ()), edits)


def skip_raise(*names: str, near: Names = ()) -> Operator:
    """Replace a `raise` that mentions these names by `pass`. `near` may name the condition that leads to it."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for node in ast.walk(scope):
            if isinstance(node, ast.Raise) and mentioning(names)(node) and _is_near(source, node, near):
                yield Edit(source.span(node), "pass")

    return Operator(_label("skip_raise", names, near), edits)


def skip_call(function: str, *, near: Names = ()) -> Operator:
    """Replace an expression statement that contains a call of a function by `pass`."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for node in ast.walk(scope):
            if isinstance(node, ast.Expr) and list(_calls(node, function, ())) and _is_near(source, node, near):
                yield Edit(source.span(node), "pass")

    return Operator(_label("skip_call", (function,), near), edits)


def drop_argument(function: str, argument: str | int, *, near: Names = ()) -> Operator:
    """Remove an argument of a call.

    `argument` is a keyword, a name that a positional argument mentions, or a position. `near` names what the call
    mentions.
    """

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for call in _calls(scope, function, near):
            opened = source.text.index("(", source.span(call.func)[1])
            inside = opened + 1, source.span(call)[1] - 1
            arguments = sorted((*call.args, *call.keywords), key=source.span)
            for chosen in _arguments(call, argument):
                yield Edit(_cut([source.grouped(one, inside) for one in arguments], arguments.index(chosen)), "")

    return Operator(_label("drop_argument", (function, argument), near), edits)


def replace_argument(function: str, argument: str | int, code: str, *, near: Names = ()) -> Operator:
    """Replace an argument of a call by other code. The argument is found as by `drop_argument`."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        source.check_names(code, scope)
        for call in _calls(scope, function, near):
            for chosen in _arguments(call, argument):
                yield Edit(source.span(chosen.value if isinstance(chosen, ast.keyword) else chosen), code)

    return Operator(_label("replace_argument", (function, argument, code), near), edits)


def replace_call(function: str, code: str, *, near: Names = ()) -> Operator:
    """Replace a call, with its arguments, by other code. `near` names what the call mentions."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        source.check_names(code, scope)
        for call in _calls(scope, function, near):
            yield Edit(source.span(call), code)

    return Operator(_label("replace_call", (function, code), near), edits)


def replace_name(old: str, new: str) -> Operator:
    """Replace a name, or the last name of an attribute, by another."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for node in ast.walk(scope):
            if old in dotted(node):
                end = source.span(node)[1]
                yield Edit((end - len(old.rpartition(".")[2]), end), new)

    return Operator(_label("replace_name", (old, new), ()), edits)


def replace_constant(old: str | int, new: str | int, *, near: Names = ()) -> Operator:
    """Replace a number, or a part of a string, by another."""

    def edits(source: Source, scope: Definition) -> Iterator[Edit]:
        for node in ast.walk(scope):
            if not isinstance(node, ast.Constant) or not _is_near(source, node, near):
                continue
            start, end = source.span(node)
            if isinstance(old, str) and isinstance(node.value, str) and source.segment(node).count(old) == 1:
                start += source.segment(node).index(old)
                yield Edit((start, start + len(old)), str(new))
            elif isinstance(old, int) and type(node.value) is int and node.value == old:
                yield Edit((start, end), str(new))

    return Operator(_label("replace_constant", (old, new), near), edits)


def _label(name: str, values: Iterable[str | int], near: Names) -> str:
    listed = [repr(value) for value in values] + ([f"near={near!r}"] if near else [])
    return f"{name}({', '.join(listed)})"


def _is_near(source: Source, node: ast.AST, near: Names) -> bool:
    return _listed(near) <= _surroundings(source, node)


def _listed(near: Names) -> set[str]:
    return {near} if isinstance(near, str) else set(near)


def _surroundings(source: Source, node: ast.AST) -> set[str]:
    """Return the names around a node: those in the conditional expression, comprehension or statement that holds it.

    A compound statement counts without its `else`. A simple statement counts with the header that leads to it: the test
    of its `if`, the pattern of its `case`.
    """
    for holder in (node, *source.ancestors(node)):
        match holder:
            case ast.IfExp() | ast.ListComp() | ast.SetComp() | ast.DictComp() | ast.GeneratorExp():
                return names_in(holder)
            case ast.If(test=test, body=body) | ast.While(test=test, body=body):
                return names_in(test) | {word for statement in body for word in names_in(statement)}
            case ast.stmt():
                return names_in(holder) | _header(source.parent(holder))
    return set()


def _header(holder: ast.AST | None) -> set[str]:
    match holder:
        case ast.If(test=header) | ast.While(test=header) | ast.match_case(pattern=header) | ast.For(iter=header):
            return names_in(header)
        case ast.ExceptHandler(type=ast.expr() as header):
            return names_in(header)
    return set()


def _decided(source: Source, scope: Definition, names: tuple[str, ...], near: Names, value: str) -> Iterator[Edit]:
    for condition in innermost(filter(mentioning(names), _conditions(scope))):
        if _is_near(source, condition, near):
            yield Edit(source.span(condition), value)


def _conditions(scope: Definition) -> Iterator[ast.expr]:
    for node in ast.walk(scope):
        match node:
            case ast.If(test=test) | ast.IfExp(test=test) | ast.While(test=test):
                yield test
            case ast.comprehension(ifs=tests) | ast.BoolOp(values=tests):
                yield from tests


def _chains(scope: Definition) -> Iterator[Chain]:
    for node in ast.walk(scope):
        match node:
            case ast.BoolOp(values=parts):
                yield node, parts
            case ast.BinOp(left=left, op=ast.BitAnd() | ast.BitOr(), right=right):
                yield node, [left, right]


def _with_neighbour(source: Source, part: ast.expr, whole: ast.expr, parts: list[ast.expr]) -> Span:
    """Return the span of one part of a condition, with the operator between it and the part beside it."""
    return _cut([source.grouped(one, source.span(whole)) for one in parts], parts.index(part))


def _cut(spans: list[Span], index: int) -> Span:
    """Return the span of one element of a list, with the separator beside it."""
    if index:
        return spans[index - 1][1], spans[index][1]
    return spans[0][0], spans[1][0] if len(spans) > 1 else spans[0][1]


def _calls(scope: ast.AST, function: str, near: Names) -> Iterator[ast.Call]:
    wanted = mentioning(_listed(near))
    for node in ast.walk(scope):
        if isinstance(node, ast.Call) and function in dotted(node.func) and wanted(node):
            yield node


def _arguments(call: ast.Call, argument: str | int) -> list[ast.expr | ast.keyword]:
    """Return the arguments of a call that a keyword, a name or a position fits."""
    if isinstance(argument, int):
        return list(call.args[argument : argument + 1])
    keywords = [keyword for keyword in call.keywords if keyword.arg == argument]
    return [*keywords] or [value for value in call.args if argument in names_in(value)]
