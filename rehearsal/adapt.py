"""What of the template ministack cannot take as it is. Nothing else differs from what a real account is given.

Each adaptation says why it is needed; "What the rehearsal cannot show" in docs/operations.md says how to check the
same thing on a real account.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

type Document = dict[str, Any]

REFERENCE = re.compile(r"\$\{([\w:.]+)\}")


def adapt(template: Document, parameters: Mapping[str, str]) -> list[str]:
    """Change a template, after SAM's transform, into one that ministack can deploy with these parameters; returns what
    was done, in words."""
    told = []
    for logical_id in _of_type(template, "AWS::ApiGatewayV2::Api"):
        count = expand_routes(template, logical_id)
        told.append(f"{logical_id}: {count} routes out of its OpenAPI body, each as a resource")
    if stand_ins := dict(_stand_ins(template)):
        for part in ("Resources", "Outputs"):
            template[part] = replace_references(template[part], stand_ins)
        told.append(f"{len(stand_ins)} references put in other words")
    told += [f"{role}: ses:SendEmail by the name that ministack asks for" for role in _allow_sending(template)]
    told += [f"{policy}: plain HTTP is not refused" for policy in _allow_plain_http(template)]
    told += [f"{mapping}: parameters put in as numbers" for mapping in _put_numbers(template, parameters)]
    return [*told, *_watch_each(template)]


def expand_routes(template: Document, api: str) -> int:
    """Say route by route what the API's body says at once: ministack makes an API of a body, but none of its routes.

    Returns how many routes there are.
    """
    resources = template["Resources"]
    properties = resources[api]["Properties"]
    body = properties.pop("Body")
    properties.pop("FailOnWarnings", None)  # about reading a body
    properties |= {"Name": {"Ref": "AWS::StackName"}, "ProtocolType": "HTTP"}
    for name, scheme in body.get("components", {}).get("securitySchemes", {}).items():
        told = scheme["x-amazon-apigateway-authorizer"]
        configured = told["jwtConfiguration"]
        resources[f"{api}Authorizer{name}"] = _part_of(
            api,
            "Authorizer",
            Name=name,
            AuthorizerType="JWT",
            IdentitySource=[told["identitySource"]],
            JwtConfiguration={"Issuer": configured["issuer"], "Audience": configured["audience"]},
        )
    operations = [(path, *one) for path, methods in body["paths"].items() for one in methods.items()]
    for number, (path, method, operation) in enumerate(operations, 1):
        integration = operation["x-amazon-apigateway-integration"]
        resources[f"{api}Integration{number}"] = _part_of(
            api,
            "Integration",
            IntegrationType="AWS_PROXY",
            IntegrationUri=integration["uri"],
            PayloadFormatVersion=integration["payloadFormatVersion"],
        )
        verb = "ANY" if method == "x-amazon-apigateway-any-method" else method.upper()
        guards = {}
        for name, scopes in ((operation.get("security") or [{}])[0]).items():
            authorizer = {"Ref": f"{api}Authorizer{name}"}
            guards = {"AuthorizationType": "JWT", "AuthorizerId": authorizer, "AuthorizationScopes": scopes}
        resources[f"{api}Route{number}"] = _part_of(
            api,
            "Route",
            RouteKey="$default" if path == "/$default" else f"{verb} {path}",
            Target={"Fn::Sub": f"integrations/${{{api}Integration{number}}}"},
            **guards,
        )
    return len(operations)


def drop(template: Document, logical_ids: list[str], why: str) -> list[str]:
    """Take resources out, and whatever cannot be without them; returns what was done, in words."""
    told: dict[str, list[str]] = {}
    going = dict.fromkeys(logical_ids, f"left out, since {why}")
    while going:
        logical_id, reason = going.popitem()
        del template["Resources"][logical_id]
        told.setdefault(reason, []).append(logical_id)
        for name, resource in template["Resources"].items():
            if logical_id in referred(resource.get("UpdatePolicy", {})):
                del resource["UpdatePolicy"]
                told.setdefault("led to a new version at once, not step by step", []).append(name)
            needs = resource.get("DependsOn", [])
            if logical_id in (kept := [needs] if isinstance(needs, str) else list(needs)):
                kept.remove(logical_id)
                resource["DependsOn"] = kept
            if logical_id in referred(resource.get("Properties", {})):
                going.setdefault(name, "left out, since they refer to what is left out")
        for name in [name for name, output in template["Outputs"].items() if logical_id in referred(output)]:
            del template["Outputs"][name]
            told.setdefault("left out of the outputs", []).append(name)
    return [f"{reason}: {', '.join(sorted(names))}" for reason, names in told.items()]


def referred(value: Any) -> set[str]:
    """The logical ids and parameters that a part of a template refers to."""
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
            names = {found.partition(".")[0] for found in REFERENCE.findall(text)}
            return names | (referred(value["Fn::Sub"][1]) if isinstance(value["Fn::Sub"], list) else set())
    return set().union(*map(referred, value.values()))


def replace_references(value: Any, stand_ins: dict[str, str]) -> Any:
    """The value with each reference (`Resource` or `Resource.Attribute`) put as `Fn::Sub` would put its stand-in."""
    if isinstance(value, list):
        return [replace_references(part, stand_ins) for part in value]
    if not isinstance(value, dict):
        return value

    def put(found: re.Match[str]) -> str:
        return stand_ins.get(found[1], found[0])

    match value:
        case {"Ref": str(name)} if name in stand_ins:
            return {"Fn::Sub": stand_ins[name]}
        case {"Fn::GetAtt": [name, attribute]} if f"{name}.{attribute}" in stand_ins:
            return {"Fn::Sub": stand_ins[f"{name}.{attribute}"]}
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": REFERENCE.sub(put, text)}
        case {"Fn::Sub": [str(text), dict(own)]}:
            return {"Fn::Sub": [REFERENCE.sub(put, text), replace_references(own, stand_ins)]}
    return {key: replace_references(part, stand_ins) for key, part in value.items()}


def _stand_ins(template: Document) -> Iterator[tuple[str, str]]:
    for secret in _of_type(template, "AWS::SecretsManager::Secret"):
        # To AWS it is the ARN, which policies need; ministack gives the name.
        yield secret, f"${{{secret}.Id}}"
    for pool in _of_type(template, "AWS::Cognito::UserPool"):
        # ministack does not know the attribute; its tokens are issued under this name.
        yield f"{pool}.ProviderURL", f"https://cognito-idp.${{AWS::Region}}.amazonaws.com/${{{pool}}}"
    for identity in _of_type(template, "AWS::SES::EmailIdentity"):
        # SES chooses the names of DKIM records; ministack has none.
        for number in "123":
            yield f"{identity}.DkimDNSTokenName{number}", f"<token {number} of SES>._domainkey.${{{identity}}}"
            yield f"{identity}.DkimDNSTokenValue{number}", f"<token {number} of SES>.dkim.amazonses.com"


def _allow_sending(template: Document) -> Iterator[str]:
    """ministack knows no resource of SendEmail, and nothing of its sender: it asks for "*" by name. What the role says
    stays as it is; beside it stands a name of one character, which is all that "*" is and no name of AWS's."""
    for role in _of_type(template, "AWS::IAM::Role"):
        policies = template["Resources"][role]["Properties"].get("Policies", [])
        if any(
            one.get("Action") == "ses:SendEmail" for policy in policies for one in policy["PolicyDocument"]["Statement"]
        ):
            own = {"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "?"}
            document = {"Version": "2012-10-17", "Statement": [own]}
            policies.append({"PolicyName": "as-ministack-asks", "PolicyDocument": document})
            yield role


def _allow_plain_http(template: Document) -> Iterator[str]:
    """ministack answers over HTTP, and would refuse itself by these statements."""
    for name in _of_type(template, "AWS::SQS::QueuePolicy"):
        document = template["Resources"][name]["Properties"]["PolicyDocument"]
        kept = [one for one in document["Statement"] if "aws:SecureTransport" not in str(one.get("Condition"))]
        if kept != document["Statement"]:
            document["Statement"] = kept
            yield name
            if not kept:
                del template["Resources"][name]


def _put_numbers(template: Document, parameters: Mapping[str, str]) -> Iterator[str]:
    """CloudFormation makes a number of a parameter where one is needed; ministack compares it as text, and fails."""
    declared = template.get("Parameters", {})
    numbers = {
        name: int(parameters.get(name, told.get("Default", 0)))
        for name, told in declared.items()
        if told["Type"] == "Number"
    }
    for name in _of_type(template, "AWS::Lambda::EventSourceMapping"):
        scaling = template["Resources"][name]["Properties"].get("ScalingConfig", {})
        if (asked := scaling.get("MaximumConcurrency")) and not isinstance(asked, int):
            scaling["MaximumConcurrency"] = numbers[asked["Ref"]]
            yield name


def _watch_each(template: Document) -> Iterator[str]:
    """ministack knows no metric math: each metric that is added up has an alarm of its own, the first one the alarm's
    name, which others refer to. A query has none to give, and watches a metric without data."""
    for name in _of_type(template, "AWS::CloudWatch::Alarm"):
        properties = template["Resources"][name]["Properties"]
        if (queries := properties.pop("Metrics", None)) is None:
            continue
        stats = [one["MetricStat"] for one in queries if "MetricStat" in one]
        plain = [
            {"Namespace": stat["Metric"]["Namespace"], "MetricName": stat["Metric"]["MetricName"]}
            | {"Dimensions": stat["Metric"]["Dimensions"], "Statistic": stat["Stat"], "Period": stat["Period"]}
            for stat in stats
        ] or [{"Namespace": "Rehearsal", "MetricName": name, "Statistic": "Sum", "Period": 60}]
        for number, metric in enumerate(plain[1:], 2):
            own = properties | metric
            if "AlarmName" in own:
                own["AlarmName"] = {"Fn::Sub": f"{own['AlarmName']['Fn::Sub']}-{number}"}
            template["Resources"][f"{name}{number}"] = {"Type": "AWS::CloudWatch::Alarm", "Properties": own}
        properties |= plain[0]
        yield f"{name}: {f'{len(plain)} metrics, an alarm for each' if stats else 'a metric without data for a query'}"


def _of_type(template: Document, kind: str) -> list[str]:
    return [name for name, resource in template["Resources"].items() if resource["Type"] == kind]


def _part_of(api: str, part: str, **properties: Any) -> Document:
    return {"Type": f"AWS::ApiGatewayV2::{part}", "Properties": {"ApiId": {"Ref": api}, **properties}}


UNRECOGNIZED = re.compile(r"Unrecognized resource types: \[([^\]]*)\]")


def drop_unknown(template: Document, validate: Callable[[Document], str | None]) -> list[str]:
    """Take out the resources of types that the account does not know; returns what was done, in words.

    `validate` is what the account has against a template, if anything. Whatever it has against it besides is found
    again, and told, when the template is deployed.
    """
    found = UNRECOGNIZED.search(validate(template) or "")
    told = []
    for kind in found[1].split(", ") if found else []:
        told += drop(template, _of_type(template, kind), f"ministack does not know {kind}")
    return told
