"""CloudWatch's evaluation of the template's alarms, over counts by the minute."""

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.kit import sam_template

type Counts = Mapping[str, list[float]]
"""The sum of each metric in each minute."""

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "LessThanThreshold": operator.lt,
}
OPERATORS: dict[type[ast.AST], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
}


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alarm as the template declares it, with its periods in minutes."""

    name: str
    metrics: Mapping[str, str]
    """The name of each metric, by its id in the expression."""
    expression: str
    minutes: int
    periods: int
    to_alarm: int
    """Periods of the last `periods` that must breach."""
    breaches: Callable[[float], bool]

    def is_on(self, counts: Counts, now: int) -> bool:
        """Return True if the alarm is on with all data until the minute `now`. Periods begin on the clock."""
        end = now - now % self.minutes
        if end < self.periods * self.minutes:
            return False
        breaching = 0
        for number in range(self.periods):
            if breaching + self.periods - number < self.to_alarm:
                return False
            start = end - (number + 1) * self.minutes
            values = {id_: sum(counts[name][start : start + self.minutes]) for id_, name in self.metrics.items()}
            breaching += self.breaches(evaluate(self.expression, values))
        return breaching >= self.to_alarm


def declared(names: tuple[str, ...]) -> list[Alarm]:
    """Return alarms of the nested template `observability`, by their logical ids."""
    return [_alarm(name, sam_template.watching("AWS::CloudWatch::Alarm")[name]) for name in names]


def _alarm(name: str, properties: dict[str, Any]) -> Alarm:
    queries = properties.get("Metrics", [])
    stats = {query["Id"]: query["MetricStat"] for query in queries if "MetricStat" in query}
    expression = next((query["Expression"] for query in queries if "Expression" in query), "only")
    period = next(iter(stats.values()))["Period"] if stats else properties["Period"]
    compare, threshold = COMPARISONS[properties["ComparisonOperator"]], properties["Threshold"]
    return Alarm(
        name,
        {id_: stat["Metric"]["MetricName"] for id_, stat in stats.items()} or {"only": properties["MetricName"]},
        expression,
        period // 60,
        properties["EvaluationPeriods"],
        properties.get("DatapointsToAlarm", properties["EvaluationPeriods"]),
        lambda value: compare(value, threshold),
    )


def evaluate(expression: str, values: Mapping[str, float]) -> float:
    """Return the value of a metric-math expression: sums, products, FILL, IF, AND and comparisons.

    :raises ValueError: the expression has something else.
    """
    return float(_value(_parsed(expression), values))


@cache
def _parsed(expression: str) -> ast.expr:
    return ast.parse(re.sub(r"\bAND\b", "and", expression), mode="eval").body


def _value(node: ast.expr, values: Mapping[str, float]) -> Any:
    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name):
            return values[name]
        case ast.BinOp(left=left, op=kind, right=right):
            return OPERATORS[type(kind)](_value(left, values), _value(right, values))
        case ast.Compare(left=left, ops=[kind], comparators=[right]):
            return OPERATORS[type(kind)](_value(left, values), _value(right, values))
        case ast.BoolOp(op=ast.And(), values=parts):
            return all(_value(part, values) for part in parts)
        case ast.Call(func=ast.Name(id="FILL"), args=[metric, ast.Constant(value=0)]):
            return _value(metric, values)
        case ast.Call(func=ast.Name(id="IF"), args=[condition, then, otherwise]):
            return _value(then if _value(condition, values) else otherwise, values)
    raise ValueError(ast.dump(node))
