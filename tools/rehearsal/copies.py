"""Copies of the retained tables, as AWS Backup brings them to another region. ministack copies nothing by itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from tools.rehearsal.stacks import Stack


@dataclass(frozen=True, slots=True)
class TableCopy:
    """A table at one moment: its keys and its items."""

    keys: list[dict[str, str]]
    attributes: list[dict[str, str]]
    items: list[dict[str, Any]]

    def restore(self, dynamodb: Any, name: str) -> None:
        """Create a table of this name with the items, without indexes, as a restore from a copy can."""
        hashed = {key["AttributeName"] for key in self.keys}
        dynamodb.create_table(
            TableName=name,
            KeySchema=self.keys,
            AttributeDefinitions=[one for one in self.attributes if one["AttributeName"] in hashed],
            BillingMode="PAY_PER_REQUEST",
        )
        for item in self.items:
            dynamodb.put_item(TableName=name, Item=item)


@dataclass(frozen=True, slots=True)
class Copies:
    """The parts of a stack that another region has: copies of its tables, and the replica of LookupKey."""

    tables: dict[str, TableCopy]
    """Copies by logical id."""
    lookup_key: str


def of(stack: Stack, tables: Iterable[str]) -> Copies:
    """Copy these tables of a stack as they are now."""
    dynamodb = stack.address.client("dynamodb")
    copies = {}
    for noun in tables:
        name = stack.resource(noun)
        described = dynamodb.describe_table(TableName=name)["Table"]
        pages = dynamodb.get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        items = [item for page in pages for item in page["Items"]]
        copies[noun] = TableCopy(described["KeySchema"], described["AttributeDefinitions"], items)
    secret = stack.address.client("secretsmanager").get_secret_value(SecretId=stack.resource("LookupKey"))
    return Copies(copies, str(secret["SecretString"]))
