"""The parts of template.yaml that tests need. They are read once: nobody may change what is returned."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from local.sam_template import transformed

PROJECT = Path(__file__).parents[2]


@cache
def document() -> dict[str, Any]:
    """The whole of it; intrinsic functions as they stand."""
    write: dict[str, Any] = yaml_parse((PROJECT / "template.yaml").read_text())
    return write


@cache
def expanded() -> dict[str, Any]:
    """What SAM makes of it, with all that it adds."""
    return transformed(document(), parameters())


@cache
def resources(kind: str) -> dict[str, dict[str, Any]]:
    """Properties, by logical id, of the resources of a type; intrinsic functions as they stand."""
    return {
        name: resource.get("Properties", {})
        for name, resource in document()["Resources"].items()
        if resource["Type"] == kind
    }


def shared(name: str) -> Any:
    """A property that functions have unless they say otherwise."""
    return document()["Globals"]["Function"][name]


@cache
def parameters() -> dict[str, str]:
    """What each parameter is unless someone says otherwise."""
    return {name: str(write.get("Default", "")) for name, write in document()["Parameters"].items()}


@cache
def folder(function: str) -> str:
    """The name of a function's folder."""
    code: str = resources("AWS::Serverless::Function")[function]["CodeUri"]
    return code.removeprefix("functions/")


@cache
def variables(function: str) -> dict[str, Any]:
    """What a function finds in its environment."""
    shared: dict[str, Any] = document()["Globals"]["Function"]["Environment"]["Variables"]
    own: dict[str, Any] = resources("AWS::Serverless::Function")[function].get("Environment", {}).get("Variables", {})
    return shared | own


def statements(function: str) -> list[dict[str, Any]]:
    """What a function's role says."""
    role = resources("AWS::IAM::Role")[resources("AWS::Serverless::Function")[function]["Role"]["Fn::GetAtt"][0]]
    return [statement for policy in role["Policies"] for statement in policy["PolicyDocument"]["Statement"]]


@cache
def permissions(function: str) -> set[tuple[str, str]]:
    """What a function's role allows: actions, each with the logical id of what it may be done to."""
    return {(action, resource) for action, resource, _ in _allowed(function)}


@cache
def conditions(function: str) -> dict[tuple[str, str], dict[str, Any]]:
    """On which conditions a function's role allows what it may do to tables; without any where it asks for none."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for action, resource, condition in _allowed(function):
        if action.startswith("dynamodb:"):
            if (action, resource) in found:
                raise LookupError(f"{function} is allowed {action} on {resource} twice")
            found[action, resource] = condition
    return found


ATTRIBUTES, ANSWER = "dynamodb:Attributes", "dynamodb:ReturnValues"
"""What DynamoDB tells of a request: the attributes that it names, and how much of the item it asks to see."""


@cache
def attributes(function: str) -> dict[tuple[str, str], set[str]]:
    """The attributes that a function's role lets an act name, by act and table; those acts alone that it limits."""
    return {
        act: set(condition["ForAllValues:StringEquals"][ATTRIBUTES])
        for act, condition in conditions(function).items()
        if ATTRIBUTES in condition.get("ForAllValues:StringEquals", {})
    }


@cache
def routes() -> dict[str, str]:
    """The function of each route of the HTTP API, by the route's key."""
    found = {}
    for function, properties in resources("AWS::Serverless::Function").items():
        for event in properties["Events"].values():
            if event["Type"] == "HttpApi":
                write = event["Properties"]
                found[f"{write['Method']} {write['Path']}" if "Path" in write else "$default"] = function
    return found


def create_tables(dynamodb: Any) -> None:
    """Make the tables, each under its logical id; nothing sweeps them, since the days of tests are long over."""
    for name, properties in resources("AWS::DynamoDB::Table").items():
        dynamodb.create_table(
            TableName=name, **{key: properties[key] for key in ("AttributeDefinitions", "KeySchema", "BillingMode")}
        )


def items(dynamodb: Any) -> dict[str, list[dict[str, Any]]]:
    """Every item of every table, in an order that does not change by itself."""
    return {table: items_of(dynamodb, table) for table in resources("AWS::DynamoDB::Table")}


def items_of(dynamodb: Any, table: str) -> list[dict[str, Any]]:
    """Every item of a table, in an order that does not change by itself."""
    pages = dynamodb.get_paginator("scan").paginate(TableName=table, ConsistentRead=True)
    return sorted((item for page in pages for item in page["Items"]), key=repr)


def delete_items(dynamodb: Any, *tables: str) -> None:
    """Delete every item of these tables, or of all tables."""
    for table, properties in resources("AWS::DynamoDB::Table").items():
        if table in tables or not tables:
            keys = [part["AttributeName"] for part in properties["KeySchema"]]
            for item in items_of(dynamodb, table):
                dynamodb.delete_item(TableName=table, Key={key: item[key] for key in keys})


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
        case {"Fn::Sub": str(arn)} if arn.endswith(":identity/*"):
            return "identity"
        case {"Fn::Sub": str(arn)}:
            return arn.rpartition("/")[2].strip("${}")
        case _:
            raise LookupError(f"{resource} stands for no one resource")
