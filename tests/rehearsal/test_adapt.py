"""Tests of the adaptations for ministack: only what ministack needs is changed, and each change is listed."""

from copy import deepcopy
from functools import cache
from typing import Any

import pytest

from local.sam_template import parse_template, transformed
from tests.kit import sam_template
from tools.rehearsal.adapt import adapt, drop, drop_unknown, referred

SECRET = {"Type": "AWS::SecretsManager::Secret", "Properties": {}}


def table() -> dict[str, Any]:
    """Return a resource that needs no change."""
    return {"Type": "AWS::DynamoDB::Table", "Properties": {"BillingMode": "PAY_PER_REQUEST"}}


@cache
def _transformed() -> dict[str, Any]:
    document = parse_template((sam_template.PROJECT / "template.yaml").read_text())
    return transformed(document, sam_template.parameters() | {"SenderDomain": "mail.example.com"})


def deployable() -> dict[str, Any]:
    """Return the project's template after SAM's transform."""
    return deepcopy(_transformed())


def of_type(document: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    """Return the properties of the resources of a type."""
    return [part["Properties"] for part in document["Resources"].values() if part["Type"] == kind]


def test_every_route_of_the_project_is_deployed_with_the_same_function() -> None:
    document = deployable()
    adapt(document, {})

    functions = {}
    for route in of_type(document, "AWS::ApiGatewayV2::Route"):
        (integration,) = referred(route["Target"])
        uri = document["Resources"][integration]["Properties"]["IntegrationUri"]
        (functions[route["RouteKey"]],) = {name.removesuffix("Aliaslive") for name in referred(uri)} & {
            *document["Resources"]
        }
    assert functions == sam_template.routes()


def test_the_clinicians_routes_and_no_others_stay_behind_their_authorizer() -> None:
    document = deployable()
    adapt(document, {})
    (authorizer,) = (
        name for name, part in document["Resources"].items() if part["Type"] == "AWS::ApiGatewayV2::Authorizer"
    )

    for route in of_type(document, "AWS::ApiGatewayV2::Route"):
        guarded = {"AuthorizationType": "JWT", "AuthorizerId": {"Ref": authorizer}}
        guarded["AuthorizationScopes"] = ["latchkey/admin"]
        if "/admin/v1/" in route["RouteKey"]:
            assert guarded.items() <= route.items()
        else:
            assert not guarded.keys() & route.keys()


def test_a_services_routes_stay_behind_the_session_authorizer_and_its_page_asks_itself() -> None:
    service = parse_template((sam_template.PROJECT / "examples" / "api" / "template.yaml").read_text())
    document = transformed(service, dict.fromkeys(service["Parameters"], "any"))
    adapt(document, {})

    (authorizer,) = of_type(document, "AWS::ApiGatewayV2::Authorizer")
    assert (authorizer["AuthorizerType"], authorizer["AuthorizerResultTtlInSeconds"]) == ("REQUEST", 0)
    assert authorizer["IdentitySource"] == ["$context.requestId"]
    guards = {
        route["RouteKey"]: route.get("AuthorizationType") for route in of_type(document, "AWS::ApiGatewayV2::Route")
    }
    assert guards == {
        "GET /{practice}": None,
        "GET /{practice}/requests": "CUSTOM",
        "POST /{practice}/requests": "CUSTOM",
    }


def test_tables_functions_and_queues_are_deployed_unchanged() -> None:
    before, after = deployable(), deployable()
    adapt(after, {})

    for kind in ("AWS::DynamoDB::Table", "AWS::SQS::Queue", "AWS::Lambda::Alias", "AWS::Logs::LogGroup"):
        assert of_type(after, kind) == of_type(before, kind)
    assert [part.keys() for part in of_type(after, "AWS::Lambda::Function")] == [
        part.keys() for part in of_type(before, "AWS::Lambda::Function")
    ]


def test_the_notices_queue_names_the_sessions_of_the_same_roles() -> None:
    document = deployable()
    adapt(document, {"NoticeSenders": "arn:aws:iam::123456789012:role/one,arn:aws:iam::123456789012:role/path/two"})
    (policy,) = (part for part in of_type(document, "AWS::SQS::QueuePolicy") if "PrincipalArn" in str(part))
    (statement,) = policy["PolicyDocument"]["Statement"]

    sessions = "arn:aws:sts::${AWS::AccountId}:assumed-role"
    assert (statement["Effect"], statement["Action"]) == ("Deny", "sqs:SendMessage")
    assert statement["Condition"]["ArnNotEquals"]["aws:PrincipalArn"] == [
        {"Fn::Sub": f"{sessions}/${{SendNoticeRole}}/*"},
        {"Fn::Sub": f"{sessions}/one/*"},
        {"Fn::Sub": f"{sessions}/two/*"},
    ]


def test_no_statement_of_a_role_is_changed() -> None:
    """The statement that is added for ministack matches no resource on AWS."""
    before, after = deployable(), deployable()
    adapt(after, {})

    added: dict[str, list[dict[str, Any]]] = {}
    for name, part in before["Resources"].items():
        if part["Type"] == "AWS::IAM::Role":
            originals, adapted = statements(part), statements(after["Resources"][name])
            for old, new in zip(originals, adapted, strict=False):
                # references to secrets have another form
                assert new | {"Resource": None} == old | {"Resource": None}
                assert referred(new["Resource"]) == referred(old["Resource"])
                assert "*" not in str(new["Resource"]) or new == old
            added |= {name: adapted[len(originals) :]} if adapted[len(originals) :] else {}
    sending = [{"Effect": "Allow", "Action": "ses:SendEmail", "Resource": "?"}]
    assert added == {"SendMailRole": sending, "SendNoticeRole": sending}


def statements(role: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a role's own policies."""
    policies = role["Properties"].get("Policies", [])
    return [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]


def test_a_secret_is_named_by_its_arn_wherever_it_is_referred_to() -> None:
    allowed = [{"Ref": "Key"}, {"Fn::GetAtt": ["Table", "Arn"]}]
    document: dict[str, Any] = {
        "Resources": {"Key": SECRET, "Role": {"Type": "Custom::Role", "Properties": {"Resource": allowed}}},
        "Outputs": {
            "Plain": {"Value": {"Fn::Sub": "at ${Key}, not ${Keys}"}},
            "Own": {"Value": {"Fn::Sub": ["${Key} ${It}", {"It": {"Ref": "Key"}}]}},
        },
    }
    adapt(document, {})

    by_arn = {"Fn::Sub": "${Key.Id}"}
    assert document["Resources"]["Role"]["Properties"]["Resource"] == [by_arn, allowed[1]]
    assert document["Outputs"]["Plain"]["Value"] == {"Fn::Sub": "at ${Key.Id}, not ${Keys}"}
    assert document["Outputs"]["Own"]["Value"] == {"Fn::Sub": ["${Key.Id} ${It}", {"It": by_arn}]}


def test_only_statements_that_require_tls_are_removed_from_a_queue_policy() -> None:
    tls = {"Effect": "Deny", "Action": "sqs:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
    other = {"Effect": "Allow", "Action": "sqs:SendMessage"}
    policy = {"Type": "AWS::SQS::QueuePolicy", "Properties": {"PolicyDocument": {"Statement": [tls, other]}}}
    document = {"Resources": {"Policy": deepcopy(policy)}, "Outputs": {}}

    assert adapt(document, {}) == ["Policy: plain HTTP is not refused"]
    assert of_type(document, "AWS::SQS::QueuePolicy")[0]["PolicyDocument"]["Statement"] == [other]


def test_resources_that_refer_to_a_removed_one_are_removed_too_and_listed() -> None:
    document = {
        "Resources": {
            "Odd": {"Type": "AWS::Odd::Thing"},
            "Needs": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Of": [{"Fn::GetAtt": ["Odd", "Arn"]}]}},
            "NeedsThat": {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Of": {"Fn::Sub": "${Needs}"}}},
            "Later": table() | {"DependsOn": ["Odd", "Table"]},
            "Alias": table() | {"UpdatePolicy": {"By": {"Ref": "Odd"}}},
            "Table": table(),
        },
        "Outputs": {"Odd": {"Value": {"Ref": "Odd"}}, "Table": {"Value": {"Ref": "Table"}}},
    }
    changes = drop(document, ["Odd"], "nobody knows it")

    assert document["Resources"] == {
        "Later": table() | {"DependsOn": ["Table"]},
        "Alias": table(),
        "Table": table(),
    }
    assert document["Outputs"] == {"Table": {"Value": {"Ref": "Table"}}}
    assert changes == [
        "left out, since nobody knows it: Odd",
        "led to a new version at once, not step by step: Alias",
        "left out of the outputs: Odd",
        "left out, since they refer to what is left out: Needs, NeedsThat",
    ]


def test_types_that_the_account_does_not_know_are_removed_and_listed() -> None:
    document = {
        "Resources": {"One": {"Type": "AWS::Odd::Thing"}, "Two": {"Type": "AWS::Odd::Other"}, "Table": table()},
        "Outputs": {},
    }
    complaint = "Template format error: Unrecognized resource types: [AWS::Odd::Other, AWS::Odd::Thing]"

    assert drop_unknown(document, lambda _: complaint) == [
        "left out, since ministack does not know AWS::Odd::Other: Two",
        "left out, since ministack does not know AWS::Odd::Thing: One",
    ]
    assert document["Resources"] == {"Table": table()}
    assert drop_unknown(document, lambda _: None) == []
    assert document["Resources"] == {"Table": table()}


def test_each_metric_that_an_alarm_adds_up_is_watched_as_it_is_named() -> None:
    plain = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"MetricName": "Errors"}}
    stats = [
        {"Metric": {"Namespace": "AWS/Lambda", "MetricName": name, "Dimensions": [name]}, "Stat": "Sum", "Period": 300}
        for name in ("one", "two")
    ]
    queries = [{"Expression": "one + two"}, *({"MetricStat": stat} for stat in stats)]
    properties = {"Metrics": queries, "Threshold": 1, "AlarmName": {"Fn::Sub": "x-errors"}}
    document = {
        "Resources": {"Math": {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}, "Plain": deepcopy(plain)},
        "Outputs": {},
    }

    assert adapt(document, {}) == ["Math: 2 metrics, an alarm for each"]
    assert document["Resources"]["Plain"] == plain
    for logical_id, name, alarm in (("Math", "one", "x-errors"), ("Math2", "two", "x-errors-2")):
        assert document["Resources"][logical_id]["Properties"] == {
            "AlarmName": {"Fn::Sub": alarm},
            "Namespace": "AWS/Lambda",
            "MetricName": name,
            "Dimensions": [name],
            "Statistic": "Sum",
            "Period": 300,
            "Threshold": 1,
        }


def test_an_alarm_on_a_query_keeps_its_name_and_never_fires() -> None:
    query = {"Type": "AWS::CloudWatch::Alarm", "Properties": {"Metrics": [{"Expression": "SELECT"}], "Threshold": 1}}
    document = {"Resources": {"Query": query}, "Outputs": {}}

    assert adapt(document, {}) == ["Query: a metric without data for a query"]
    assert document["Resources"]["Query"]["Properties"] == {
        "Namespace": "Rehearsal",
        "MetricName": "Query",
        "Statistic": "Sum",
        "Period": 60,
        "Threshold": 1,
    }


@pytest.mark.parametrize(("parameters", "number"), [({}, 2), ({"Most": "9"}, 9)])
def test_a_number_that_is_a_parameter_is_put_in_as_one(parameters: dict[str, str], number: int) -> None:
    scaled: dict[str, Any] = {"ScalingConfig": {"MaximumConcurrency": {"Ref": "Most"}}}
    document = {
        "Parameters": {"Most": {"Type": "Number", "Default": 2}, "Name": {"Type": "String"}},
        "Resources": {"Mapping": {"Type": "AWS::Lambda::EventSourceMapping", "Properties": scaled}},
        "Outputs": {},
    }
    adapt(document, parameters)

    assert scaled == {"ScalingConfig": {"MaximumConcurrency": number}}
