"""Nested stacks: package their templates and code as `sam package` does, and change them for ministack."""

import json
import sysconfig
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from tools.rehearsal import adapt
from tools.rehearsal.artifacts import BUCKET, Build, zip_folder

RUNTIME = sysconfig.get_paths()["purelib"]
"""Folder with boto3, which Lambda's runtime has and ministack's has not."""
UNKNOWN_KEYS = ("aws:SecureTransport", "aws:PrincipalArn", "s3:if-none-match")
"""Condition keys of bucket policies. ministack sends over plain HTTP, and leaves the other two empty."""

CHANGED_LATER = {"LogDays"}
"""Parameters that the scenario changes, and that a nested stack has too."""


def package(
    template: adapt.Document, build: Build, validation_error: Callable[[adapt.Document], str | None]
) -> Iterator[str]:
    """Upload the nested templates of a built template. Yield the changes for ministack, one sentence each."""
    for name, resource in template["Resources"].items():
        if resource["Type"] != "AWS::CloudFormation::Stack":
            continue
        path = build.folder / resource["Properties"]["TemplateURL"]
        nested: adapt.Document = yaml_parse(path.read_text())
        _package_code(nested, path.parent, build)
        changes = [
            *adapt.adapt(nested, {}),
            *adapt.drop_unknown(nested, validation_error),
            *_drop_unknown_keys(nested),
            *_freeze(resource, template),
        ]
        resource["Properties"]["TemplateURL"] = build.put_template(f"{name}.json", json.dumps(nested))
        yield from (f"{name}: {change}" for change in changes)


def _package_code(nested: adapt.Document, folder: Path, build: Build) -> None:
    for resource in nested["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            properties: dict[str, Any] = resource["Properties"]
            key = build.put(zip_folder(folder / properties["Code"]))
            properties["Code"] = {"S3Bucket": BUCKET, "S3Key": key}
            properties["Environment"]["Variables"]["PYTHONPATH"] = RUNTIME


def _drop_unknown_keys(nested: adapt.Document) -> Iterator[str]:
    for name, resource in nested["Resources"].items():
        if resource["Type"] == "AWS::S3::BucketPolicy":
            document = resource["Properties"]["PolicyDocument"]
            dropped = [one for one in document["Statement"] if any(key in json.dumps(one) for key in UNKNOWN_KEYS)]
            document["Statement"] = [one for one in document["Statement"] if one not in dropped]
            yield f"{name}: without {', '.join(one['Sid'] for one in dropped)}"


def _freeze(resource: adapt.Document, template: adapt.Document) -> Iterator[str]:
    """Keep parameters that a later deployment changes. An update of a nested stack fails on ministack."""
    parameters = resource["Properties"].get("Parameters", {})
    for name in CHANGED_LATER & parameters.keys():
        parameters[name] = str(template["Parameters"][name]["Default"])
        yield f"{name} stays {parameters[name]}"
