"""CloudFront and its firewall: what they stop, what they read, and what they write down."""

import re
from typing import Any

import pytest

from latchkey.rules import limits
from local.sam_template import parse_template
from tests.kit import sam_template

TEXT = (sam_template.PROJECT / "templates" / "edge.yaml").read_text()
DOCUMENT: dict[str, Any] = parse_template(TEXT)
FIREWALL: dict[str, Any] = DOCUMENT["Resources"]["Firewall"]["Properties"]
RULES: dict[str, dict[str, Any]] = {rule["Name"]: rule for rule in FIREWALL["Rules"]}


def parts(value: Any) -> list[dict[str, Any]]:
    """Every mapping below a value, and the value."""
    if isinstance(value, list):
        return [part for one in value for part in parts(one)]
    return [value, *(part for one in value.values() for part in parts(one))] if isinstance(value, dict) else []


def test_no_rule_reads_a_body() -> None:
    """A body holds PINs and what clinicians write. Of the managed groups, only the address lists read none."""
    assert not {"Body", "JsonBody"} & {key for part in parts(FIREWALL["Rules"]) for key in part}
    groups = [
        part["ManagedRuleGroupStatement"]["Name"] for part in parts(FIREWALL) if "ManagedRuleGroupStatement" in part
    ]
    assert groups == ["AWSManagedRulesAmazonIpReputationList"]


def test_no_path_query_or_cookie_is_written_down() -> None:
    """A path can hold a link. Redaction does not reach sampled requests, so there are none."""
    redacted = DOCUMENT["Resources"]["FirewallLogging"]["Properties"]["RedactedFields"]

    assert {"UriPath", "QueryString"} <= {key for field in redacted for key in field}
    headers = {field["SingleHeader"]["Name"] for field in redacted if "SingleHeader" in field}
    assert headers == {"cookie", "authorization", "referer"}
    shown = [part["VisibilityConfig"] for part in parts(FIREWALL) if "VisibilityConfig" in part]
    assert len(shown) == len(RULES) + 1
    assert not any(one["SampledRequestsEnabled"] for one in shown)
    assert "Logging" not in DOCUMENT["Resources"]["Distribution"]["Properties"]["DistributionConfig"]


@pytest.mark.parametrize(
    ("rule", "parameter"), [("requests-of-a-source", "SourceLimit"), ("writes-of-a-source", "PostLimit")]
)
def test_a_source_waits_after_its_limit(rule: str, parameter: str) -> None:
    """The answer is a wait, as the portal's own."""
    statement = RULES[rule]["Statement"]["RateBasedStatement"]
    answer = RULES[rule]["Action"]["Block"]["CustomResponse"]

    assert (statement["AggregateKeyType"], statement["Limit"]) == ("IP", {"Ref": parameter})
    assert statement["EvaluationWindowSec"] == 300
    assert answer["ResponseCode"] == 429
    assert answer["ResponseHeaders"] == [{"Name": "Retry-After", "Value": "300"}]


def test_the_firewall_lets_through_whatever_the_portal_would_count_itself() -> None:
    """The portal's own page tells the wait, and knows who has proven something. The firewall is for floods."""
    own = min(limit.max_count for limit in limits.REQUEST_LINK_PER_SOURCE.limits)

    assert DOCUMENT["Parameters"]["PostLimit"]["Default"] >= 5 * own
    assert DOCUMENT["Parameters"]["SourceLimit"]["Default"] > DOCUMENT["Parameters"]["PostLimit"]["Default"]


def test_only_cloudfront_knows_the_secret_and_it_is_no_parameter() -> None:
    (origin,) = DOCUMENT["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["Origins"]
    (header,) = origin["OriginCustomHeaders"]

    assert header["HeaderName"] == "X-Origin-Verify"
    values = re.findall(r"resolve:secretsmanager:\$\{(\w+)\}", str(header["HeaderValue"]))
    assert values == ["OriginSecretA", "OriginSecretB"]
    assert not [one for one in DOCUMENT["Parameters"].values() if "NoEcho" in one]
    assert origin["CustomOriginConfig"] == {"OriginProtocolPolicy": "https-only", "OriginSSLProtocols": ["TLSv1.2"]}


def test_nothing_is_cached_and_every_header_of_the_viewer_arrives() -> None:
    behaviour = DOCUMENT["Resources"]["Distribution"]["Properties"]["DistributionConfig"]["DefaultCacheBehavior"]

    # ids of CachingDisabled and AllViewerAndCloudFrontHeaders-2022-06 (CloudFront developer guide, managed policies)
    assert behaviour["CachePolicyId"] == "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
    assert behaviour["OriginRequestPolicyId"] == "33f36d7e-f396-46d9-90e0-52428a34d9dc"
    assert {*behaviour["AllowedMethods"]} == {"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "POST", "DELETE"}


def test_the_template_needs_no_packaging() -> None:
    """CloudFormation itself takes no YAML aliases."""
    assert not re.search(r"(?m)[:\-] [&*]\w", TEXT)
