"""Tests of the CloudFormation functions that the template uses."""

from typing import Any

import pytest

from local.intrinsics import Resolver

ORIGIN = "https://portal.example.com"
CONDITIONS: dict[str, Any] = {
    "HasDomain": {"Fn::Not": [{"Fn::Equals": [{"Ref": "PortalOrigin"}, ""]}]},
    "HasAll": {"Fn::And": [{"Condition": "HasDomain"}, {"Fn::Equals": ["a", "a"]}]},
    "HasNone": {"Fn::Or": [{"Fn::Equals": ["a", "b"]}, {"Fn::Not": [{"Condition": "HasAll"}]}]},
}


@pytest.fixture
def names() -> Resolver:
    resolver = Resolver({"PortalOrigin": ORIGIN, "AWS::Region": "us-east-1"}, CONDITIONS)
    resolver.name("Links", Ref="links-1", Arn="arn:links")
    return resolver


@pytest.mark.parametrize(
    ("value", "resolved"),
    [
        ({"Ref": "Links"}, "links-1"),
        ({"Fn::GetAtt": ["Links", "Arn"]}, "arn:links"),
        ({"Fn::Sub": "${AWS::Region}/${Links}/${Links.Arn}"}, "us-east-1/links-1/arn:links"),
        ({"Fn::Sub": ["${It}-${Links}", {"It": {"Ref": "PortalOrigin"}}]}, f"{ORIGIN}-links-1"),
        ({"Fn::Select": [2, {"Fn::Split": ["/", {"Ref": "PortalOrigin"}]}]}, "portal.example.com"),
        ({"Fn::Join": ["-", ["a", {"Ref": "Links"}]]}, "a-links-1"),
        ({"Fn::If": ["HasAll", [{"Ref": "Links"}], "no"]}, ["links-1"]),
        ({"Fn::If": ["HasNone", "yes", "no"]}, "no"),
        ({"Kept": {"Ref": "Links"}, "Dropped": {"Ref": "AWS::NoValue"}}, {"Kept": "links-1"}),
    ],
)
def test_a_value_is_what_cloudformation_makes_of_it(names: Resolver, value: Any, resolved: Any) -> None:
    assert names.resolve(value) == resolved


@pytest.mark.parametrize("value", [{"Ref": "Nothing"}, {"Fn::GetAtt": ["Links", "Colour"]}, {"Fn::Cidr": ["a"]}])
def test_what_is_not_known_is_not_guessed(names: Resolver, value: Any) -> None:
    with pytest.raises(LookupError):
        names.resolve(value)
