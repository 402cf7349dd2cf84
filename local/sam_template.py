"""The built template after SAM's transform, with its parameters, conditions and references."""

import copy
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import boto3
import yaml
from samtranslator.open_api import open_api
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator
from samtranslator.yaml_helper import intrinsics_multi_constructor

from local.intrinsics import Resolver

REGION = "us-east-1"
ACCOUNT = "000000000000"

BUILT = "s3://built/"
"""S3 URL in place of the build folder, because SAM's transform accepts code only in a bucket."""

HEADER_SOURCE = "$request.header."
"""Prefix of an identity source that is a header."""

NO_AUTHORIZER = "NONE"
"""SAM's name for no authorizer, where the API has one by default."""

PSEUDO_PARAMETERS = {
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::Region": REGION,
    "AWS::StackId": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/latchkey/00000000-0000-0000-0000-000000000000",
    "AWS::StackName": "latchkey",
    "AWS::URLSuffix": "amazonaws.com",
}


@dataclass(frozen=True, slots=True)
class Function:
    """A function as it would be deployed."""

    name: str
    folder: Path
    handler: str
    timeout: int
    """Seconds."""
    memory: int
    """Megabytes."""
    environment: dict[str, str]
    layers: tuple[Path, ...]
    role: str
    """ARN."""


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A JWT authorizer: the issuer and audience of the tokens, and the header that carries them."""

    issuer: str
    audience: tuple[str, ...]
    header: str
    """Name of the header, in lower case."""


@dataclass(frozen=True, slots=True)
class LambdaAuthorizer:
    """A Lambda authorizer with payload 2.0 and simple responses, whose responses are not cached."""

    function: str
    headers: tuple[str, ...]
    """Headers that a request must have, in lower case. API Gateway refuses it without a question if one is missing."""


@dataclass(frozen=True, slots=True)
class Route:
    """A route of the HTTP API."""

    key: str
    """Route key as API Gateway writes it: `ANY /{practice}`, or `$default`."""
    function: str
    authorizer: Authorizer | LambdaAuthorizer | None = None
    """The authorizer that checks its requests, if it has one."""
    scopes: tuple[str, ...] = ()
    """OAuth scopes. If there are any, a token needs one of them."""
    prefix: str = ""
    """The first segments of its path, if an API mapping gives the API only these. Empty for the API of all others."""

    @property
    def path(self) -> str:
        """The path of the key, or `$default`."""
        return self.key.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class QueueMapping:
    """An event source mapping: a queue, and the function that is invoked with its messages."""

    queue: str
    """ARN."""
    function: str
    batch_size: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class StreamMapping:
    """An event source mapping: a table's stream, and the function that is invoked with its records."""

    stream: str
    """ARN."""
    function: str
    batch_size: int
    patterns: tuple[dict[str, Any], ...]
    """Filter patterns. A record must match one of them."""


class Template:
    """The template of a build folder, or of a folder that needs no build.

    After creating a resource, register its name and attributes in `names`.
    """

    def __init__(self, build: Path, parameters: dict[str, str]) -> None:
        document = parse_template((build / "template.yaml").read_text())
        values = {
            name: parameters.get(name, str(parameter.get("Default", "")))
            for name, parameter in document.get("Parameters", {}).items()
        }
        document = transformed(document, values)
        self.build = build
        self.parameters: frozenset[str] = frozenset(values)
        self._outputs: dict[str, Any] = document.get("Outputs", {})
        self.names = Resolver(PSEUDO_PARAMETERS | values, document.get("Conditions", {}))
        self._resources: dict[str, dict[str, Any]] = document["Resources"]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return the unresolved properties of a type's resources, by logical id, without those of a false condition."""
        return {
            logical_id: resource.get("Properties", {})
            for logical_id, resource in self._resources.items()
            if resource["Type"] == kind and self.names.holds(resource.get("Condition"))
        }

    def output(self, name: str) -> str:
        """Return the value of an output. Call this after all resources that it refers to are in `names`.

        :raises KeyError: the template has no such output.
        """
        return str(self.names.resolve(self._outputs[name]["Value"]))

    def functions(self) -> dict[str, Function]:
        """Return the functions, by logical id. Call this after all resources that they refer to are in `names`."""
        declared = self.resources("AWS::Lambda::Function")
        layers = {
            name: self.build / part["Content"]["S3Key"]
            for name, part in self.resources("AWS::Lambda::LayerVersion").items()
        }
        for name in (*declared, *layers):
            self.names.name(name, Ref=name, Arn=function_arn(name))
        for alias, properties in self.resources("AWS::Lambda::Alias").items():
            function = self.names.resolve(properties["FunctionName"])
            self.names.name(alias, Ref=f"{function_arn(function)}:{properties['Name']}")
        return {
            name: self._function(name, self.names.resolve(properties), layers) for name, properties in declared.items()
        }

    def routes(self) -> list[Route]:
        """Return the routes of the HTTP API."""
        (api,) = self.resources("AWS::ApiGatewayV2::Api").values()
        (*mappings,) = self.resources("AWS::ApiGatewayV2::ApiMapping").values()
        prefix = next((str(self.names.resolve(mapping.get("ApiMappingKey", ""))) for mapping in mappings), "")
        schemes = api["Body"].get("components", {}).get("securitySchemes", {})
        authorizers = {name: self._authorizer(scheme) for name, scheme in schemes.items()}
        routes = []
        for path, methods in api["Body"]["paths"].items():
            for method, operation in methods.items():
                uri = self.names.resolve(operation["x-amazon-apigateway-integration"]["uri"])
                function = function_name(uri.removesuffix("/invocations"))
                verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
                key = "$default" if path == "/$default" else f"{verb} {path}"
                guard = (operation.get("security") or [{}])[0]
                name, scopes = next(iter(guard.items()), (None, ()))
                routes.append(Route(key, function, authorizers.get(name or NO_AUTHORIZER), tuple(scopes), prefix))
        return routes

    def queue_mappings(self) -> list[QueueMapping]:
        """Return the event source mappings of queues."""
        return [
            QueueMapping(
                queue=properties["EventSourceArn"],
                function=function_name(properties["FunctionName"]),
                batch_size=properties.get("BatchSize", 10),
                concurrency=int(properties.get("ScalingConfig", {}).get("MaximumConcurrency", 5)),
            )
            for properties in self._event_sources()
            if ":sqs:" in properties["EventSourceArn"]
        ]

    def stream_mappings(self) -> list[StreamMapping]:
        """Return the event source mappings of tables' streams."""
        return [
            StreamMapping(
                stream=properties["EventSourceArn"],
                function=function_name(properties["FunctionName"]),
                batch_size=properties.get("BatchSize", 100),
                patterns=tuple(
                    json.loads(each["Pattern"]) for each in properties.get("FilterCriteria", {}).get("Filters", ())
                ),
            )
            for properties in self._event_sources()
            if ":dynamodb:" in properties["EventSourceArn"]
        ]

    def _event_sources(self) -> list[dict[str, Any]]:
        mappings = self.resources("AWS::Lambda::EventSourceMapping").values()
        return [self.names.resolve(properties) for properties in mappings]

    def listeners(self, source: str) -> list[str]:
        """Return the functions that EventBridge rules invoke with the events of a source, such as `aws.ses`."""
        return [
            function_name(target["Arn"])
            for rule in self.resources("AWS::Events::Rule").values()
            if source in rule.get("EventPattern", {}).get("source", ())
            for target in self.names.resolve(rule["Targets"])
        ]

    def _authorizer(self, scheme: dict[str, Any]) -> Authorizer | LambdaAuthorizer:
        config = self.names.resolve(scheme["x-amazon-apigateway-authorizer"])
        if config["type"] == "request":
            return lambda_authorizer(config)
        source, _, header = config["identitySource"].rpartition(".")
        if (config["type"], source) != ("jwt", "$request.header"):
            raise ValueError("Only authorizers with a JWT in a header, and Lambda authorizers, are supported here.")
        jwt = config["jwtConfiguration"]
        return Authorizer(jwt["issuer"], tuple(jwt["audience"]), header.lower())

    def _function(self, name: str, properties: dict[str, Any], layers: dict[str, Path]) -> Function:
        variables = properties.get("Environment", {}).get("Variables", {})
        return Function(
            name=name,
            folder=self.build / properties["Code"]["S3Key"],
            handler=properties["Handler"],
            timeout=properties.get("Timeout", 3),
            memory=properties.get("MemorySize", 128),
            environment={key: str(value) for key, value in variables.items()},
            layers=tuple(layers[layer] for layer in properties.get("Layers", ())),
            role=properties["Role"],
        )


def lambda_authorizer(config: dict[str, Any]) -> LambdaAuthorizer:
    """Return a Lambda authorizer of the kind that the session authorizer needs.

    :raises ValueError: API Gateway would cache its responses, or expect them in another form.
    """
    settings = (
        str(config.get("authorizerPayloadFormatVersion")),
        config.get("enableSimpleResponses"),
        config.get("authorizerResultTtlInSeconds"),
    )
    if settings != ("2.0", True, 0):
        raise ValueError("A Lambda authorizer needs payload 2.0, simple responses, and ReauthorizeEvery 0.")
    headers = required_headers(config.get("identitySource", ""))
    return LambdaAuthorizer(function_name(config["authorizerUri"].removesuffix("/invocations")), headers)


def required_headers(sources: str | Sequence[str]) -> tuple[str, ...]:
    """Return the headers among an authorizer's identity sources, in lower case. Each request has the context's values.

    :raises ValueError: a source is neither a header nor a value of the context.
    """
    names = [name.strip() for name in (sources.split(",") if isinstance(sources, str) else sources)]
    if unknown := [name for name in names if name and not name.startswith((HEADER_SOURCE, "$context."))]:
        raise ValueError(f"Only headers and values of the context are identity sources here, and not {unknown[0]}.")
    return tuple(name.removeprefix(HEADER_SOURCE).lower() for name in names if name.startswith(HEADER_SOURCE))


def function_arn(name: str) -> str:
    """Return the ARN of a function."""
    return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{name}"


def function_name(arn: str) -> str:
    """Return the function's name from its ARN, from the ARN of its alias, or from the name itself.

    :raises ValueError: the text names no function.
    """
    match = re.search(r"(?:^|:function:)(\w+)(?::\w+)?$", arn)
    if match is None:
        raise ValueError(f"{arn} names no function of the template.")
    return match.group(1)


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc] # libyaml may be missing
    """A loader of YAML with the short forms of intrinsic functions, such as `!Ref`."""


_Loader.add_multi_constructor("!", intrinsics_multi_constructor)


def parse_template(text: str) -> dict[str, Any]:
    """Return a template with its intrinsic functions in their long forms.

    libyaml takes a quarter of the time of SAM's own function, which parses in Python.
    """
    document: dict[str, Any] = yaml.load(text, Loader=_Loader)  # noqa: S506 - it derives from the safe loader
    return document


def transformed(document: dict[str, Any], parameters: dict[str, str]) -> dict[str, Any]:
    """Return a built template after SAM's transform, as CloudFormation gets it. Code and layers are below `BUILT`."""
    logging.getLogger("samtranslator").setLevel(logging.ERROR)  # it warns about feature flags that exist only at AWS
    document = copy.deepcopy(document)
    for resource in document["Resources"].values():
        for key in {"CodeUri", "ContentUri"} & resource.get("Properties", {}).keys():
            resource["Properties"][key] = BUILT + resource["Properties"][key]
    translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION))
    # SAM copies the API's whole document five times for each route, which takes nine tenths of the time. It replaces
    # the document by the copy, so that one document does.
    with patch.object(open_api, "_deepcopy", lambda value: value):
        transformed: dict[str, Any] = translator.translate(document, parameters)
    return transformed
