"""The parts of template.yaml and of its nested template that tests need. Results are cached: do not change them."""

from collections.abc import Iterator
from functools import cache
from itertools import batched
from pathlib import Path
from typing import Any

from local.aws import TABLE_SETTINGS
from local.sam_template import parse_template, transformed

PROJECT = Path(__file__).parents[2]


@cache
def document() -> dict[str, Any]:
    """Return the whole template. Intrinsic functions are not resolved."""
    template: dict[str, Any] = parse_template((PROJECT / "template.yaml").read_text())
    return template


@cache
def observability() -> dict[str, Any]:
    """Return the nested template of alarms, dashboard and queries. Its parameters are named after their values."""
    template: dict[str, Any] = parse_template((PROJECT / "templates" / "observability.yaml").read_text())
    return template


@cache
def expanded() -> dict[str, Any]:
    """Return the CloudFormation template that SAM makes of the template."""
    return transformed(document(), parameters())


@cache
def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type, by logical id. Intrinsic functions are not resolved."""
    return _of_type(document(), kind)


@cache
def watching(kind: str) -> dict[str, dict[str, Any]]:
    """Return the properties of all resources of a type in the nested template `observability`, by logical id."""
    return _of_type(observability(), kind)


def shared(name: str) -> Any:
    """Return a property from the template's `Globals`."""
    return document()["Globals"]["Function"][name]


@cache
def parameters() -> dict[str, str]:
    """Return the default value of each parameter."""
    return {name: str(parameter.get("Default", "")) for name, parameter in document()["Parameters"].items()}


@cache
def folder(function: str) -> str:
    """Return the name of a function's folder."""
    code: str = resources("AWS::Serverless::Function")[function]["CodeUri"]
    return code.removeprefix("functions/")


@cache
def variables(function: str) -> dict[str, Any]:
    """Return the environment variables of a function."""
    shared: dict[str, Any] = document()["Globals"]["Function"]["Environment"]["Variables"]
    own: dict[str, Any] = resources("AWS::Serverless::Function")[function].get("Environment", {}).get("Variables", {})
    return shared | own


def statements(function: str) -> list[dict[str, Any]]:
    """Return the policy statements of a function's role."""
    role = resources("AWS::IAM::Role")[resources("AWS::Serverless::Function")[function]["Role"]["Fn::GetAtt"][0]]
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


@cache
def permissions(function: str) -> set[tuple[str, str]]:
    """Return the actions that a function's role allows, each with the logical id of its resource."""
    return {(action, resource) for action, resource, _ in _allowed(function)}


@cache
def conditions(function: str) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the conditions of a role's table actions, by action and table. An action without one has an empty dict."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for action, resource, condition in _allowed(function):
        if action.startswith("dynamodb:"):
            if (action, resource) in found:
                raise LookupError(f"{function} is allowed {action} on {resource} twice")
            found[action, resource] = condition
    return found


ATTRIBUTES, ANSWER = "dynamodb:Attributes", "dynamodb:ReturnValues"
"""Condition keys: the attributes that a request names, and its return values."""


@cache
def attributes(function: str) -> dict[tuple[str, str], set[str]]:
    """Return the attributes that a limited action may name, by action and table."""
    return {
        act: set(condition["ForAllValues:StringEquals"][ATTRIBUTES])
        for act, condition in conditions(function).items()
        if ATTRIBUTES in condition.get("ForAllValues:StringEquals", {})
    }


@cache
def routes() -> dict[str, str]:
    """Return the function of each route of the HTTP API, by route key."""
    found = {}
    for function, properties in resources("AWS::Serverless::Function").items():
        for event in properties["Events"].values():
            if event["Type"] == "HttpApi":
                route = event["Properties"]
                found[f"{route['Method']} {route['Path']}" if "Path" in route else "$default"] = function
    return found


def create_tables(dynamodb: Any) -> None:
    """Create the tables under their logical ids, without TTL: the times of tests are long past."""
    for name, properties in resources("AWS::DynamoDB::Table").items():
        dynamodb.create_table(TableName=name, **{key: properties[key] for key in TABLE_SETTINGS if key in properties})


def items(dynamodb: Any) -> dict[str, list[dict[str, Any]]]:
    """Return every item of every table, in a stable order."""
    return {table: items_of(dynamodb, table) for table in resources("AWS::DynamoDB::Table")}


def sessions_in(tables: dict[str, list[dict[str, Any]]]) -> dict[str, str]:
    """Return the account keys of all stored sessions by their digests. Items may be typed as DynamoDB's are, or not."""
    return {
        _plain(_plain(stored)["digest"]): _plain(item["account"])
        for item in tables["Links"]
        for name, stored in item.items()
        if name.startswith("session_")
    }


def _plain(value: Any) -> Any:
    return next(iter(value.values())) if isinstance(value, dict) and value.keys() <= {"S", "M"} else value


def items_of(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """Return every item of a table, in a stable order."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=repr)


BATCH = 25
"""The most writes of one call."""


@cache
def key_of(table: str) -> list[str]:
    """Return the names of the attributes that are a table's key."""
    return [part["AttributeName"] for part in resources("AWS::DynamoDB::Table")[table]["KeySchema"]]


def delete_items(dynamodb: Any, *tables: str) -> None:
    """Delete every item of these tables, or of all tables."""
    for table in resources("AWS::DynamoDB::Table"):
        if table in tables or not tables:
            keys = key_of(table)
            items = items_of(dynamodb, table)
            deletions = [{"DeleteRequest": {"Key": {key: item[key] for key in keys}}} for item in items]
            for batch in batched(deletions, BATCH, strict=False):
                response = dynamodb.batch_write_item(RequestItems={table: [*batch]})
                assert not response["UnprocessedItems"]


def _of_type(template: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {
        name: resource.get("Properties", {})
        for name, resource in template["Resources"].items()
        if resource["Type"] == kind
    }


def _allowed(function: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for statement in statements(function):
        if statement["Effect"] == "Allow":
            for action in _listed(statement["Action"]):
                for resource in _listed(statement["Resource"]):
                    yield action, _logical_id(resource), statement.get("Condition", {})


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _logical_id(resource: dict[str, Any]) -> str:
    match resource:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), "Arn"]}:
            return name
        case {"Fn::GetAtt": [str(name), "StreamArn"]}:
            return f"{name}Stream"
        case {"Fn::If": [str(), owned, _]}:
            return _logical_id(owned)
        case {"Fn::Sub": str(arn)} if arn.endswith(":identity/*"):
            return "identity"
        case {"Fn::Sub": str(arn)}:
            return arn.rpartition("/")[2].strip("${}")
        case _:
            raise LookupError(f"{resource} stands for no one resource")
