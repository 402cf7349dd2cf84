"""Changes to the template that ministack needs. Everything else is deployed as on a real account.

Each adaptation says why ministack needs it. "What the rehearsal cannot show" in docs/operations.md says how to check
the same thing on a real account.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from local.sam_template import NO_AUTHORIZER

type Document = dict[str, Any]

SESSION_ARN = "arn:aws:sts::${{AWS::AccountId}}:assumed-role/{}/*"
"""ARN of each session of a role, by the role's name."""

REFERENCE = re.compile(r"\$\{([\w:.]+)\}")


def adapt(template: Document, parameters: Mapping[str, str]) -> list[str]:
    """Change a template, after SAM's transform, for ministack. Return the changes, one sentence each."""
    changes = []
    for logical_id in _of_type(template, "AWS::ApiGatewayV2::Api"):
        count = expand_routes(template, logical_id)
        changes.append(f"{logical_id}: {count} routes out of its OpenAPI body, each as a resource")
    if stand_ins := dict(_stand_ins(template)):
        for section in {"Resources", "Outputs"} & template.keys():
            template[section] = replace_references(template[section], stand_ins)
        changes.append(f"{len(stand_ins)} references put in other words")
    changes += [f"{role}: ses:SendEmail by the name that ministack asks for" for role in _allow_sending(template)]
    changes += [f"{policy}: plain HTTP is not refused" for policy in _allow_plain_http(template)]
    changes += [f"{policy}: roles by the names of their sessions" for policy in _name_sessions(template, parameters)]
    changes += [f"{mapping}: parameters put in as numbers" for mapping in _put_numbers(template, parameters)]
    return [*changes, *_split_metric_math(template)]


def expand_routes(template: Document, api: str) -> int:
    """Replace the OpenAPI body of an API by one resource for each route. Return the number of routes.

    ministack makes an API of a body, but none of its routes.
    """
    resources = template["Resources"]
    properties = resources[api]["Properties"]
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)  # about reading a body
    properties |= {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}
    schemes = body.get("components", {}).get("securitySchemes", {})
    guards = {name: _authorizer(scheme["x-amazon-apigateway-authorizer"]) for name, scheme in schemes.items()}
    for name, guard in guards.items():
        resources[f"{api}Authorizer{name}"] = _api_resource(api, "Authorizer", Name=name, **guard)
    operations = [
        (path, method, operation) for path, methods in body["paths"].items() for method, operation in methods.items()
    ]
    integrations: dict[str, str] = {}
    for number, (path, method, operation) in enumerate(operations, 1):
        # One for each function: with one for each route, the template would have more resources than a template may.
        integration = operation["x-amazon-apigateway-integration"]
        name = integrations.setdefault(str(integration), f"{api}Integration{len(integrations) + 1}")
        resources[name] = _api_resource(
            api,
            "Integration",
            IntegrationType="AWS_PROXY",
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration["payloadFormatVersion"],
        )
        verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
        authorization = {}
        for guard, scopes in ((operation.get("security") or [{}])[0]).items():
            if guard == NO_AUTHORIZER:
                continue
            reference = {"Ref": f"{api}Authorizer{guard}"}
            authorization = {"AuthorizationType": "CUSTOM", "AuthorizerId": reference}
            if guards[guard]["AuthorizerType"] == "JWT":
                authorization |= {"AuthorizationType": "JWT", "AuthorizationScopes": scopes}
        resources[f"{api}Route{number}"] = _api_resource(
            api,
            "Route",
            RouteKey="$default" if path == "/$default" else f"{verb} {path}",
            Target={"Fn::Sub": f"integrations/${{{name}}}"},
            **authorization,
        )
    return len(operations)


def _authorizer(declared: Document) -> Document:
    """Return the properties of an authorizer's resource, for its part of an OpenAPI body."""
    given = declared["identitySource"]
    sources = [source.strip() for source in (given if isinstance(given, list) else given.split(","))]
    if declared["type"] == "request":
        return {
            "AuthorizerType": "REQUEST",
            "IdentitySource": sources,
            "AuthorizerUri": declared["authorizerUri"],
            "AuthorizerPayloadFormatVersion": str(declared["authorizerPayloadFormatVersion"]),
            "AuthorizerResultTtlInSeconds": declared["authorizerResultTtlInSeconds"],
            "EnableSimpleResponses": declared["enableSimpleResponses"],
        }
    configuration = declared["jwtConfiguration"]
    return {
        "AuthorizerType": "JWT",
        "IdentitySource": sources,
        "JwtConfiguration": {"Issuer": configuration["issuer"], "Audience": configuration["audience"]},
    }


def drop(template: Document, logical_ids: list[str], why: str) -> list[str]:
    """Remove resources, and the resources that refer to them. Return the changes, one sentence each."""
    changes: dict[str, list[str]] = {}
    to_remove = dict.fromkeys(logical_ids, f"left out, since {why}")
    while to_remove:
        logical_id, reason = to_remove.popitem()
        del template["Resources"][logical_id]
        changes.setdefault(reason, []).append(logical_id)
        for name, resource in template["Resources"].items():
            if logical_id in referred(resource.get("UpdatePolicy", {})):
                del resource["UpdatePolicy"]
                changes.setdefault("led to a new version at once, not step by step", []).append(name)
            needs = resource.get("DependsOn", [])
            if logical_id in (remaining := [needs] if isinstance(needs, str) else list(needs)):
                remaining.remove(logical_id)
                resource["DependsOn"] = remaining
            if logical_id in referred(resource.get("Properties", {})):
                to_remove.setdefault(name, "left out, since they refer to what is left out")
        outputs = template.get("Outputs", {})
        for name in [name for name, output in outputs.items() if logical_id in referred(output)]:
            del outputs[name]
            changes.setdefault("left out of the outputs", []).append(name)
    return [f"{reason}: {', '.join(sorted(names))}" for reason, names in changes.items()]


def referred(value: Any) -> set[str]:
    """Return the logical ids and parameters that a part of a template refers to."""
    if isinstance(value, list):
        return set().union(*map(referred, value))
    if not isinstance(value, dict):
        return set()
    match value:
        case {"Ref": str(name)}:
            return {name}
        case {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case {"Fn::Sub": str(text)} | {"Fn::Sub": [str(text), *_]}:
            names = {reference.partition(".")[0] for reference in REFERENCE.findall(text)}
            return names | (referred(value["Fn::Sub"][1]) if isinstance(value["Fn::Sub"], list) else set())
    return set().union(*map(referred, value.values()))


def replace_references(value: Any, stand_ins: dict[str, str]) -> Any:
    """Return a value with references replaced: each `Resource` or `Resource.Attribute` by `Fn::Sub` of its stand-in."""
    if isinstance(value, list):
        return [replace_references(part, stand_ins) for part in value]
    if not isinstance(value, dict):
        return value

    def replaced(reference: re.Match[str]) -> str:
        return stand_ins.get(reference[1], reference[0])

    match value:
        case {"Ref": str(name)} if name in stand_ins:
            return {"Fn::Sub": stand_ins[name]}
        case {"Fn::GetAtt": [name, attribute]} if f"{name}.{attribute}" in stand_ins:
            return {"Fn::Sub": stand_ins[f"{name}.{attribute}"]}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": REFERENCE.sub(replaced, text)}
        case {"Fn::Sub": [str(text), dict(own)]}:
            return {"Fn::Sub": [REFERENCE.sub(replaced, text), replace_references(own, stand_ins)]}
    return {key: replace_references(part, stand_ins) for key, part in value.items()}


def _stand_ins(template: Document) -> Iterator[tuple[str, str]]:
    for secret in _of_type(template, "AWS::SecretsManager::Secret"):
        # On AWS a reference to a secret is its ARN, which policies need. On ministack it is the name.
        yield secret, f"${{{secret}.Id}}"
    for pool in _of_type(template, "AWS::Cognito::UserPool"):
        # ministack does not know the attribute. Its tokens have this issuer.
        yield f"{pool}.ProviderURL", f"https://cognito-idp.${{AWS::Region}}.amazonaws.com/${{{pool}}}"
    for api in _of_type(template, "AWS::ApiGatewayV2::Api"):
        # On AWS the endpoint has https and no port, as its pages' links and the callbacks of the pool need it.
        yield f"{api}.ApiEndpoint", f"https://${{{api}}}.execute-api.localhost"
    for identity in _of_type(template, "AWS::SES::EmailIdentity"):
        # SES chooses the names of DKIM records. ministack has none.
        for number in "123":
            yield f"{identity}.DkimDNSTokenName{number}", f"<token {number} of SES>._domainkey.${{{identity}}}"
            yield f"{identity}.DkimDNSTokenValue{number}", f"<token {number} of SES>.dkim.amazonses.com"


def _allow_sending(template: Document) -> Iterator[str]:
    """Add a policy for the resource "?" to the role that sends mail. Yield the role.

    ministack checks SendEmail against a resource called "*". The pattern "?" matches that name, since it has one
    character, and no name on AWS. The role's own policies stay as they are.
    """
    for role in _of_type(template, "AWS::IAM::Role"):
        policies = template["Resources"][role]["Properties"].get("Policies", [])
        statements = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
        if any(statement.get("Action") == "ses:SendEmail" for statement in statements):
            own = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "?"}
            document = {"Version": "2012-10-17", "Statement": [own]}
            policies.append({"PolicyName": "as-ministack-asks", "PolicyDocument": document})
            yield role


def _allow_plain_http(template: Document) -> Iterator[str]:
    """Remove statements that require TLS from queue policies. Yield the policies.

    ministack sends over plain HTTP, and these statements would refuse its own requests.
    """
    for name in _of_type(template, "AWS::SQS::QueuePolicy"):
        document = template["Resources"][name]["Properties"]["PolicyDocument"]
        remaining = [
            statement
            for statement in document["Statement"]
            if "aws:SecureTransport" not in str(statement.get("Condition"))
        ]
        if remaining != document["Statement"]:
            document["Statement"] = remaining
            yield name
            if not remaining:
                del template["Resources"][name]


def _name_sessions(template: Document, parameters: Mapping[str, str]) -> Iterator[str]:
    """Name the sessions of roles where a queue policy names roles by `aws:PrincipalArn`. Yield the policies.

    On AWS the key holds the ARN of the role. On ministack it holds that of the role's session.
    """
    roles = _of_type(template, "AWS::IAM::Role")
    for name in _of_type(template, "AWS::SQS::QueuePolicy"):
        for statement in template["Resources"][name]["Properties"]["PolicyDocument"]["Statement"]:
            named = statement.get("Condition", {}).get("ArnNotEquals", {})
            if "aws:PrincipalArn" not in named:
                continue
            references = referred(named["aws:PrincipalArn"])
            given = [parameters.get(reference, "") for reference in sorted(references & template["Parameters"].keys())]
            senders = [arn for arns in given for arn in arns.split(",") if arn]
            named["aws:PrincipalArn"] = [
                *({"Fn::Sub": SESSION_ARN.format(f"${{{role}}}")} for role in roles if role in references),
                *({"Fn::Sub": SESSION_ARN.format(arn.rpartition("/")[2])} for arn in senders),
            ]
            yield name


def _put_numbers(template: Document, parameters: Mapping[str, str]) -> Iterator[str]:
    """Replace references to number parameters by their values. Yield the resources.

    CloudFormation converts the parameter to a number. ministack compares it as text, and fails.
    """
    declared = template.get("Parameters", {})
    numbers = {
        name: int(parameters.get(name, parameter.get("Default", 0)))
        for name, parameter in declared.items()
        if parameter["Type"] == "Number"
    }
    for name in _of_type(template, "AWS::Lambda::EventSourceMapping"):
        scaling = template["Resources"][name]["Properties"].get("ScalingConfig", {})
        if (concurrency := scaling.get("MaximumConcurrency")) and not isinstance(concurrency, int):
            scaling["MaximumConcurrency"] = numbers[concurrency["Ref"]]
            yield name


def _split_metric_math(template: Document) -> Iterator[str]:
    """Replace alarms on metric math by one alarm for each metric. Yield a sentence for each.

    ministack knows no metric math. The first metric keeps the alarm's name, because other resources refer to it. An
    alarm on a query gets a metric without data.
    """
    for name in _of_type(template, "AWS::CloudWatch::Alarm"):
        properties = template["Resources"][name]["Properties"]
        if (queries := properties.pop("Metrics", None)) is None:
            continue
        stats = [query["MetricStat"] for query in queries if "MetricStat" in query]
        plain = [
            {"Namespace": stat["Metric"]["Namespace"], "MetricName": stat["Metric"]["MetricName"]}
            | {"Dimensions": stat["Metric"]["Dimensions"], "Statistic": stat["Stat"], "Period": stat["Period"]}
            for stat in stats
        ] or [{"Namespace": "Rehearsal", "MetricName": name, "Statistic": "Sum", "Period": 60}]
        for number, metric in enumerate(plain[1:], 2):
            alarm = properties | metric
            if "AlarmName" in alarm:
                alarm["AlarmName"] = {"Fn::Sub": f"{alarm['AlarmName']['Fn::Sub']}-{number}"}
            template["Resources"][f"{name}{number}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm}
        properties |= plain[0]
        yield f"{name}: {f'{len(plain)} metrics, an alarm for each' if stats else 'a metric without data for a query'}"


def _of_type(template: Document, kind: str) -> list[str]:
    return [name for name, resource in template["Resources"].items() if resource["Type"] == kind]


def _api_resource(api: str, kind: str, **properties: Any) -> Document:
    return {"Type": f"AWS::ApiGatewayV2::{kind}", "Properties": {"ApiId": {"Ref": api}, **properties}}


UNRECOGNIZED = re.compile(r"Unrecognized resource types: \[([^\]]*)\]")


def drop_unknown(template: Document, validate: Callable[[Document], str | None]) -> list[str]:
    """Remove the resources of types that the account does not know. Return the changes, one sentence each.

    `validate` returns the account's error message about a template, or None. Other errors than unknown types appear
    again when the template is deployed.
    """
    unknown = UNRECOGNIZED.search(validate(template) or "")
    changes = []
    for kind in unknown[1].split(", ") if unknown else []:
        changes += drop(template, _of_type(template, kind), f"ministack does not know {kind}")
    return changes
