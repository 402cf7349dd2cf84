"""CloudFormation's intrinsic functions and conditions."""

import re
from collections.abc import Callable
from typing import Any

REFERENCE = re.compile(r"\$\{([\w:.]+)\}")


class Resolver:
    """Resolves references to parameters and to resources. A resource can be resolved after `name` was called for it."""

    def __init__(self, parameters: dict[str, str], conditions: dict[str, Any]) -> None:
        self._parameters = parameters
        self._conditions = conditions
        self._resources: dict[str, dict[str, str]] = {}
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._reference,
            "Fn::GetAtt": lambda argument: self._resources[argument[0]][argument[1]],
            "Fn::Sub": self._substitute,
            "Fn::Join": lambda argument: argument[0].join(self.resolve(argument[1])),
            "Fn::Select": lambda argument: self.resolve(argument[1])[int(argument[0])],
            "Fn::Split": lambda argument: self.resolve(argument[1]).split(argument[0]),
            "Fn::If": lambda argument: self.resolve(argument[1 if self.holds(argument[0]) else 2]),
        }

    def name(self, logical_id: str, **attributes: str) -> None:
        """Set the values that `!Ref` (given as `Ref`) and `!GetAtt` of a resource return."""
        self._resources[logical_id] = attributes

    def set_parameter(self, name: str, value: str) -> None:
        """Set a parameter that depends on a resource of this machine, unless it has a value."""
        self._parameters[name] = self._parameters.get(name) or value

    def resolve(self, value: Any) -> Any:
        """Return the value with every intrinsic function resolved.

        :raises LookupError: a function or a name is unknown.
        """
        if isinstance(value, list):
            return [part for part in map(self.resolve, value) if part is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref" or name.startswith("Fn::"):
                return self._functions[name](argument)
        resolved = {key: self.resolve(part) for key, part in value.items()}
        return {key: part for key, part in resolved.items() if part is not None}

    def holds(self, condition: str | None) -> bool:
        """Return True if a condition of the template is true, or if there is no condition."""
        return condition is None or self._true(self._conditions[condition])

    def _true(self, condition: dict[str, Any]) -> bool:
        ((kind, argument),) = condition.items()
        match kind:
            case "Condition":
                return self.holds(argument)
            case "Fn::Not":
                return not self._true(argument[0])
            case "Fn::And":
                return all(map(self._true, argument))
            case "Fn::Or":
                return any(map(self._true, argument))
            case "Fn::Equals":
                return bool(self.resolve(argument[0]) == self.resolve(argument[1]))
        raise LookupError(kind)

    def _reference(self, name: str) -> str | None:
        if name == "AWS::NoValue":
            return None
        return self._parameters[name] if name in self._parameters else self._resources[name]["Ref"]

    def _substitute(self, argument: Any) -> str:
        text, variables = (argument, {}) if isinstance(argument, str) else argument
        values = {name: self.resolve(value) for name, value in variables.items()}

        def value_of(match: re.Match[str]) -> str:
            logical_id, _, attribute = match.group(1).partition(".")
            if logical_id in values:
                return str(values[logical_id])
            return str(self._resources[logical_id][attribute] if attribute else self._reference(logical_id))

        return REFERENCE.sub(value_of, text)
