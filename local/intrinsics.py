"""CloudFormation's intrinsic functions and conditions, carried out."""

import re
from collections.abc import Callable
from typing import Any

REFERENCE = re.compile(r"\$\{([\w:.]+)\}")


class Resolver:
    """Knows what names stand for: parameters from the start, resources as soon as someone has made them."""

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
        """Say what `!Ref` (given as `Ref`) and `!GetAtt` of a resource stand for."""
        self._resources[logical_id] = attributes

    def resolve(self, value: Any) -> Any:
        """The value with every intrinsic function carried out.

        :raises LookupError: for a function or a name that is not known.
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
        """Whether a condition of the template is met; without one it is."""
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
        text, own = (argument, {}) if isinstance(argument, str) else argument
        known = {name: self.resolve(value) for name, value in own.items()}

        def stands_for(found: re.Match[str]) -> str:
            logical_id, _, attribute = found.group(1).partition(".")
            if logical_id in known:
                return str(known[logical_id])
            return str(self._resources[logical_id][attribute] if attribute else self._reference(logical_id))

        return REFERENCE.sub(stands_for, text)
