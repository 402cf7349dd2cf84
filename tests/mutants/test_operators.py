"""The operators of `tools.mutants`: each finds its place by names, and changes nothing else."""

from textwrap import dedent

import pytest

from tools.mutants.operators import (
    Operator,
    always,
    drop_argument,
    drop_condition,
    never,
    only_exists,
    replace_argument,
    replace_call,
    replace_constant,
    replace_name,
    shift_boundary,
    skip_call,
    skip_raise,
)


def applied(operator: Operator, text: str, definition: str = "f") -> str:
    """Return a program after an operator was applied to one of its definitions."""
    return operator.apply(dedent(text).strip(), definition)


def body(line: str) -> str:
    """Return a function of one line."""
    return f"def f(a, b, c, now, item, log):\n    {line}"


@pytest.mark.parametrize(
    ("operator", "before", "after"),
    [
        (always("b"), "return a if b else c", "return a if True else c"),
        (always("b"), "return a if not b else c", "return a if True else c"),
        (always("b"), "return a and not b", "return a and True"),
        (always("b"), "return [x for x in a if x.b(c)]", "return [x for x in a if True]"),
        (never("b"), "return a or b", "return a or False"),
        (never("b"), "while (a == b): pass", "while (False): pass"),
        (never("b"), "return (a if b else 1) + (a if not b else 2)", None),
        (
            never("not", "b"),
            "return (a if b else 1) + (a if not b else 2)",
            "return (a if b else 1) + (a if False else 2)",
        ),
        (
            never("b", near="'x'"),
            "return ('x' if b else 1), (a if b else 1)",
            "return ('x' if False else 1), (a if b else 1)",
        ),
        (drop_condition("a"), "return a and b", "return b"),
        (drop_condition("b"), "return a or b", "return a"),
        (drop_condition("b"), "return a and (b or c)", "return a and (c)"),
        (drop_condition("b", "c"), "return a and (b or c)", "return a"),
        (drop_condition("a"), "return (a == 1) & (b == 2) & (c == 3)", "return (b == 2) & (c == 3)"),
        (drop_condition("b"), "return (a == 1) & (b == 2) & (c == 3)", "return (a == 1) & (c == 3)"),
        (drop_condition("c"), "return (a == 1) & (b == 2) & (c == 3)", "return (a == 1) & (b == 2)"),
        (drop_condition("c"), "return (a == 1) & ((b == 2) | (c == 3))", "return (a == 1) & ((b == 2))"),
        (drop_condition("b"), "return a & (b & c)", "return a & (c)"),
        (drop_condition("b"), "return a & ~b.contains(c)", "return a"),
        (shift_boundary("a"), "return a.b <= now", "return a.b < now"),
        (shift_boundary("a"), "return now >= a.b", "return now > a.b"),
        (shift_boundary("a"), "return (a.b) <= (now)", "return (a.b) < (now)"),
        (shift_boundary("a"), "return a < now", "return a <= now"),
        (only_exists("item.b"), "return item.b == a.b", "return item.b.exists()"),
        (only_exists("item.b"), "return a | (a.b >= item.b)", "return a | (item.b.exists())"),
        (skip_raise("Late"), "raise Late(a) from None", "pass"),
        (skip_call("log"), "log(a)", "pass"),
        (skip_call("log"), "yield log(a), b", "pass"),
        (skip_call("log"), "a = log(b); item.log(a)", "a = log(b); pass"),
        (skip_call("item.log"), "log(b); item.log(a)", "log(b); pass"),
        (drop_argument("a", 0), "a(b, c)", "a(c)"),
        (drop_argument("a", "c"), "a(b, c.now)", "a(b)"),
        (drop_argument("a", "b"), "a((b), c)", "a(c)"),
        (drop_argument("a", "b"), "a(b)", "a()"),
        (drop_argument("a", "c"), "a(b, c=now, log=1)", "a(b, log=1)"),
        (drop_argument("a", 0, near="'x'"), "a(b, 'x'), a(c, 'y')", "a('x'), a(c, 'y')"),
        (replace_argument("a", 1, "now"), "a(b, c)", "a(b, now)"),
        (replace_argument("a", "b", "'new'"), "item.a(c, b=c)", "item.a(c, b='new')"),
        (replace_call("a", "None"), "return b if item.a(c) else c", "return b if None else c"),
        (replace_name("fullmatch", "match"), "return a.fullmatch(b)", "return a.match(b)"),
        (replace_name("item.set", "add"), "a.set(b), item.set(b)", "a.set(b), item.add(b)"),
        (replace_constant(64, 128), "return 64, 48, '64'", "return 128, 48, '64'"),
        (replace_constant("Secure; ", ""), "return f'{a}; Secure; Lax'", "return f'{a}; Lax'"),
        (replace_constant("a", "b", near="now"), "c = 'a'; return now('a')", "c = 'a'; return now('b')"),
    ],
    ids=str,
)
def test_an_operator_changes_the_code_that_mentions_its_names(
    operator: Operator, before: str, after: str | None
) -> None:
    if after is None:
        with pytest.raises(ValueError, match="2 places fit"):
            applied(operator, body(before))
    else:
        assert applied(operator, body(before)) == body(after)


@pytest.mark.parametrize(
    ("operator", "written", "swapped"),
    [
        (skip_raise("Wrong", near="a"), "if a != b: raise Wrong", "if b != a: raise Wrong"),
        (never("a"), "if a != b: c()", "if b != a: c()"),
        (shift_boundary("a"), "return a <= b", "return b >= a"),
        (only_exists("item.a"), "return item.a == b", "return b == item.a"),
        (drop_condition("a"), "return (a == 1) & (b == 2)", "return (2 == b) & (1 == a)"),
        (drop_condition("a"), "return a and (b)", "return (\n        b\n        and a\n    )"),
    ],
    ids=str,
)
def test_the_order_of_operands_and_line_breaks_do_not_matter(operator: Operator, written: str, swapped: str) -> None:
    for line in (written, swapped):
        without = applied(operator, body(line))
        assert without != body(line)
        compile(without, "", "exec")


def test_comments_and_formatting_elsewhere_stay() -> None:
    text = '''
    def f(a, b):
        """Größer als ö."""
        return (   # é
            a . x
            and  b  # ü
        )
    '''
    without = '''
    def f(a, b):
        """Größer als ö."""
        return (   # é
            a . x  # ü
        )
    '''

    assert applied(drop_condition("b"), text) == dedent(without).strip()


def test_a_raise_is_found_by_the_condition_that_leads_to_it() -> None:
    text = """
    def f(a, b):
        if a:
            raise Wrong
        match b:
            case "used":
                raise Wrong
    """

    assert applied(skip_raise("Wrong", near="a"), text).count("raise Wrong") == 1
    assert applied(skip_raise("Wrong", near="'used'"), text).endswith("pass")
    with pytest.raises(ValueError, match="2 places fit"):
        applied(skip_raise("Wrong"), text)


def test_a_definition_is_a_function_a_method_a_nested_function_or_a_constant() -> None:
    text = """
    LIMIT = 1
    TYPED: int = 1
    class A:
        LIMIT = 1
        def f(self):
            def again():
                return 1
            return 2
    """

    for definition in ("LIMIT", "TYPED", "A.LIMIT", "A.f.again"):
        changed = applied(replace_constant(1, 3), text, definition)
        assert changed.count("1") == 3
        assert changed.count("3") == 1


@pytest.mark.parametrize(
    ("definition", "operator", "match"),
    [
        ("g", never("a"), r"g never\('a'\): 0 definitions have this name"),
        ("f.g", never("a"), r"f\.g never\('a'\): 0 definitions have this name"),
        ("f", never("x", near="a"), r"f never\('x', near='a'\): 0 places fit"),
        ("f", never("a"), r"f never\('a'\): 2 places fit"),
        ("f", replace_call("print", "other(a)"), r"f replace_call\('print', 'other\(a\)'\): .* unknown there: other"),
    ],
)
def test_an_error_names_the_definition_and_the_operator(definition: str, operator: Operator, match: str) -> None:
    text = """
    def f(a):
        if a:
            print(a)
        return 1 if a else 2
    """

    with pytest.raises(ValueError, match=match):
        applied(operator, text, definition)


def test_two_definitions_of_one_name_are_an_error() -> None:
    with pytest.raises(ValueError, match="2 definitions have this name"):
        applied(never("a"), "def f(a): return 1 if a else 2\ndef f(a): return 2 if a else 1")
