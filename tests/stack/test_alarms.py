"""Tests of alarms, dashboard and saved queries. Each uses metrics or fields that exist, and each is explained."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from latchkey.http.problems import PROBLEMS
from latchkey.metrics import NAMESPACE, Metric
from tests.kit import sam_template
from tools.rehearsal.adapt import referred

RUNBOOK = (sam_template.PROJECT / "docs" / "runbook.md").read_text()
ALARMS = sam_template.watching("AWS::CloudWatch::Alarm")
QUERIES = sam_template.watching("AWS::Logs::QueryDefinition")
PASSED = sam_template.resources("AWS::CloudFormation::Stack")["Observability"]["Parameters"]
"""Values that template.yaml passes to the nested template, by the name of its parameter."""

COUNTED = {*Metric, *(f"{Metric.REFUSED}.{one.code}" for one in PROBLEMS.values()), "Throttled"}
"""Names of the product's own metrics. Functions write them, and a filter on the access log counts `Throttled`."""
LOGGED = {
    "level", "message", "status", "route", "method", "code", "reason", "practice", "request_id", "message_id",
    "support_code",
    "outcome", "fault", "where.0", "latency", "integration", "clinician", "time", "stage",
}  # fmt: skip
"""Fields of the functions' log lines and of the access log."""


def named(properties: dict[str, Any], key: str) -> str:
    """Return a resource's name without the stack's name."""
    name: str = properties[key]["Fn::Sub"]
    assert name.startswith("${Stack}/")
    return name.removeprefix("${Stack}/")


def section(title: str) -> str:
    """Return the runbook's text under a heading, or ""."""
    found = re.search(rf"^### {re.escape(title)}\n(.*?)(?=^##|\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)
    return found[1].strip() if found else ""


def part(title: str) -> set[str]:
    """Return the headings below one of the runbook's main headings."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", RUNBOOK, re.DOTALL | re.MULTILINE)
    assert found
    return set(re.findall(r"^### (.+)$", found[1], re.MULTILINE))


def counted(properties: Any) -> set[str]:
    """Return the product's own metrics that an alarm uses."""
    if isinstance(properties, dict):
        own = {properties["MetricName"]} if properties.get("Namespace") == NAMESPACE else set()
        return own.union(*(counted(below) for below in properties.values()))
    return set().union(*map(counted, properties)) if isinstance(properties, list) else set()


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_leads_to_what_is_to_be_done(alarm: str) -> None:
    name = named(ALARMS[alarm], "AlarmName")

    assert ALARMS[alarm]["AlarmDescription"].endswith(f"See docs/runbook.md#{name}")
    for label in ("**Symptom:**", "**Check:**", "**Cause:**", "**Fix:**"):
        assert label in section(name), f"{name}: {label}"


def test_the_runbook_explains_no_alarm_that_is_not_there() -> None:
    assert part("Alarms") == {named(properties, "AlarmName") for properties in ALARMS.values()}


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_tells_someone_when_it_begins_and_when_it_is_over(alarm: str) -> None:
    properties = ALARMS[alarm]

    assert properties["AlarmActions"] == properties["OKActions"]
    assert properties["AlarmActions"]["Fn::If"][:2] == [
        "HasRecipients",
        {"Fn::Split": [",", {"Ref": "Recipients"}]},
    ]
    assert properties["TreatMissingData"] in {"notBreaching", "ignore"} or alarm == "ProbeAlarm"


def test_the_probe_is_missed_when_it_stays_away_and_nothing_else_is() -> None:
    """A stack that nobody can reach counts nothing. Only what runs by itself can be missed (B201)."""
    missed = {name for name, properties in ALARMS.items() if properties["TreatMissingData"] == "breaching"}
    probe = ALARMS["ProbeAlarm"]
    (run,) = sam_template.resources("AWS::Serverless::Function")["Probe"]["Events"].values()
    (stat,) = (query["MetricStat"] for query in probe["Metrics"] if "MetricStat" in query)
    minutes = int(re.fullmatch(r"rate\((\d+) minutes\)", run["Properties"]["Schedule"])[1])  # type: ignore[index]

    assert missed == {"ProbeAlarm"}
    assert stat["Metric"]["MetricName"] == Metric.PROBE_PASSED
    assert (stat["Period"], probe["ComparisonOperator"], probe["Threshold"]) == (60, "LessThanThreshold", 1)
    # One run that takes two minutes is not missed. Two of them are.
    assert minutes + 2 < probe["EvaluationPeriods"] < 2 * minutes


def test_alarms_reach_the_topic_of_the_stack_and_the_operators_own() -> None:
    separator, topics = PASSED["Recipients"]["Fn::Join"]

    assert separator == ","
    assert [choice["Fn::If"] for choice in topics] == [
        ["HasAlarmEmail", {"Ref": "AlarmTopic"}, {"Ref": "AWS::NoValue"}],
        ["HasAlarmTopic", {"Ref": "AlarmTopicArn"}, {"Ref": "AWS::NoValue"}],
    ]


NAMED_OTHERWISE = {"Stack", "Stage", "Recipients", "RequestLogs", "MailLogs", "EventLogs", "ProbeLogs"}
PROBES = {"Probe", "ProbeBackend"}
"""Functions whose failure is a run that does not pass. An alarm takes 10 metrics at most."""


def test_what_is_watched_is_what_its_parameter_is_named_after() -> None:
    """A parameter of the nested template is named as the function, table, queue or log group that it stands for."""
    assert PASSED.keys() == sam_template.observability()["Parameters"].keys()
    assert PASSED["Stack"] == {"Ref": "AWS::StackName"}
    assert PASSED["Stage"] == {"Ref": "Stage"}
    for name in PASSED.keys() - NAMED_OTHERWISE:
        assert referred(PASSED[name]) == {name}, name
    requests, mail = referred(PASSED["RequestLogs"]), referred(PASSED["MailLogs"])
    assert not requests & mail
    others = referred(PASSED["ProbeLogs"]) | referred(PASSED["EventLogs"]) | {"AccessLogs"}
    assert requests | mail | others == set(sam_template.resources("AWS::Logs::LogGroup"))


@pytest.mark.parametrize("alarm", sorted(ALARMS))
def test_an_alarm_is_about_what_is_counted(alarm: str) -> None:
    assert counted(ALARMS[alarm]) <= COUNTED


MATH = sorted(name for name, properties in ALARMS.items() if "Metrics" in properties)
MAX_METRICS = 10
"""Number of metrics in one alarm on metric math. The quota cannot be raised (CloudWatch user guide, "limits")."""
QUERY = re.compile(
    r'SELECT \w+\(\w+\) FROM (SCHEMA\([^)]+\)|"[^"]+")( WHERE \S+ !?= \S+( AND \S+ !?= \S+)*)?( GROUP BY \S+)?'
)
"""Pattern of a query in Metrics Insights. Conditions can be joined only by AND (CloudWatch user guide, "Metrics
Insights query components and syntax").
"""


def watched(alarm: str) -> list[tuple[str, str, tuple[str, str]]]:
    """Return namespace, name and dimension of each metric that an alarm adds up."""
    stats = [query["MetricStat"] for query in ALARMS[alarm]["Metrics"] if "MetricStat" in query]
    assert {(stat["Stat"], stat["Period"]) for stat in stats} in ({("Sum", 60)}, {("Sum", 300)})
    found = []
    for metric in (stat["Metric"] for stat in stats):
        (dimension,) = metric["Dimensions"]
        found.append((metric["Namespace"], metric["MetricName"], (dimension["Name"], dimension["Value"]["Ref"])))
    return found


def sum_of(alarm: str, values: dict[str, float]) -> float:
    """Return the value of an alarm's sum if its metrics have these values by id. Other metrics have no data."""
    (properties,) = (query["Expression"] for query in ALARMS[alarm]["Metrics"] if "Expression" in query)
    terms = [re.fullmatch(r"FILL\((\w+), 0\)", term) for term in properties.split(" + ")]
    assert all(terms), properties
    return sum(values.get(term[1], 0) for term in terms if term)


@pytest.mark.parametrize("alarm", MATH)
def test_an_alarm_on_several_metrics_says_it_as_cloudwatch_documents(alarm: str) -> None:
    queries = ALARMS[alarm]["Metrics"]
    stats = {query["Id"] for query in queries if "MetricStat" in query}
    (shown,) = (query for query in queries if query.get("ReturnData", True))

    assert "Expression" in shown
    assert len(stats) <= MAX_METRICS
    if stats:
        assert set(re.findall(r"FILL\((\w+), 0\)", shown["Expression"])) == stats
        assert all(re.fullmatch(r"[a-z]\w*", one) for one in stats)
    else:
        assert QUERY.fullmatch(" ".join(shown["Expression"].split()))


TABLE_THROTTLES = ("TableThrottlesAlarm", "SignInThrottlesAlarm", "BudgetThrottlesAlarm")


def test_no_table_is_left_unwatched() -> None:
    """The metrics are those of a table. ThrottledRequests has the operation as a dimension too (DynamoDB developer
    guide, "metrics and dimensions").
    """
    properties = [one for alarm in TABLE_THROTTLES for one in watched(alarm)]

    assert sorted(properties) == sorted(
        ("AWS/DynamoDB", name, ("TableName", table))
        for name in ("ReadThrottleEvents", "WriteThrottleEvents")
        for table in sam_template.resources("AWS::DynamoDB::Table")
    )


def test_errors_of_dynamodb_are_those_of_every_table() -> None:
    """DynamoDB counts them by table and operation, so only a query without a condition fits in one alarm."""
    (query,) = ALARMS["TableErrorsAlarm"]["Metrics"]

    assert query["Expression"] == 'SELECT SUM(SystemErrors) FROM SCHEMA("AWS/DynamoDB", Operation, TableName)'


@pytest.mark.parametrize(
    ("alarm", "name"), [("FunctionErrorsAlarm", "Errors"), ("FunctionThrottlesAlarm", "Throttles")]
)
def test_no_function_is_left_unwatched(alarm: str, name: str) -> None:
    functions = sam_template.resources("AWS::Serverless::Function").keys() - PROBES

    of_events = [one for one in watched("IntegrationFunctionsAlarm") if one[1] == name]
    assert sorted([*watched(alarm), *of_events]) == sorted(
        ("AWS/Lambda", name, ("FunctionName", one)) for one in functions
    )


@pytest.mark.parametrize(
    "alarm", ["FunctionErrorsAlarm", "FunctionThrottlesAlarm", "IntegrationFunctionsAlarm", *TABLE_THROTTLES]
)
def test_as_much_of_one_metric_as_of_all_together_sets_an_alarm_off(alarm: str) -> None:
    """The other metrics may have no data, because their functions are not called."""
    ids = [query["Id"] for query in ALARMS[alarm]["Metrics"] if "MetricStat" in query]
    threshold = ALARMS[alarm]["Threshold"]

    assert ALARMS[alarm]["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert all(sum_of(alarm, {one: threshold}) >= threshold for one in ids)
    assert sum_of(alarm, {ids[0]: threshold - 1, ids[-1]: 1}) >= threshold
    assert sum_of(alarm, {}) < threshold
    # The newest point of a late metric counts as 0, so an alarm has to look at more than one point.
    assert ALARMS[alarm]["EvaluationPeriods"] > ALARMS[alarm].get(
        "DatapointsToAlarm", ALARMS[alarm]["EvaluationPeriods"]
    )


def test_the_ses_alarm_comes_before_ses_stops_the_account() -> None:
    """SES puts an account under review at 5 % and 0.1 %, and pauses it at 10 % and 0.5 % (SES developer guide)."""
    thresholds = {properties.get("MetricName"): properties["Threshold"] for properties in ALARMS.values()}

    assert (thresholds["Reputation.BounceRate"], thresholds["Reputation.ComplaintRate"]) == (0.05, 0.001)


def test_the_dashboard_shows_what_is_counted_and_every_alarm() -> None:
    (dashboard,) = sam_template.watching("AWS::CloudWatch::Dashboard").values()
    body: str = dashboard["DashboardBody"]["Fn::Sub"]
    widgets = json.loads(re.sub(r"\$\{[\w:.]+\}", "x", body))["widgets"]
    lines = [line for widget in widgets for line in widget["properties"].get("metrics", ())]
    shown = {line[1] for line in lines if line[0] == NAMESPACE}

    assert shown <= COUNTED
    assert shown >= set(Metric) - {Metric.REFUSED}, "by reason it is searched for"
    assert set(re.findall(r"\$\{(\w+)\.Arn\}", body)) == set(ALARMS)


def test_the_widgets_of_the_dashboard_lie_beside_each_other() -> None:
    (dashboard,) = sam_template.watching("AWS::CloudWatch::Dashboard").values()
    occupied: set[tuple[int, int]] = set()
    for widget in json.loads(re.sub(r"\$\{[\w:.]+\}", "x", dashboard["DashboardBody"]["Fn::Sub"]))["widgets"]:
        cells = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        assert not cells & occupied, widget["properties"]["title"]
        assert max(x for x, _ in cells) < 24
        occupied |= cells


@pytest.mark.parametrize("query", sorted(QUERIES))
def test_a_query_is_explained_and_asks_for_what_is_logged(query: str) -> None:
    text = QUERIES[query]["QueryString"]
    bare = re.sub(r'"[^"]*"', "", text)
    made = set(re.findall(r"\bas (\w+)", bare))
    words = set(re.findall(r"(?<![@\w.])[a-z_]+(?:\.\d)?(?![\w(])", bare))
    language = {"fields", "filter", "stats", "sort", "limit", "by", "as", "asc", "desc", "and", "not", "in", "like"}

    assert words - language - made <= LOGGED
    assert section(named(QUERIES[query], "Name"))
    groups = {group for name in referred(QUERIES[query]["LogGroupNames"]) for group in referred(PASSED[name])}
    assert groups
    assert groups <= set(sam_template.resources("AWS::Logs::LogGroup"))


def test_the_runbook_explains_no_query_that_is_not_there() -> None:
    assert part("Questions to the logs") == {named(properties, "Name") for properties in QUERIES.values()}


def test_the_runbook_leads_to_pages_that_are_there() -> None:
    for link in re.findall(r"\]\(([^)#]+)[^)]*\)", RUNBOOK):
        assert link.startswith("https://") or Path(sam_template.PROJECT / "docs" / link).exists(), link


def test_what_the_api_turns_away_is_counted_apart_from_our_faults() -> None:
    (counter,) = sam_template.resources("AWS::Logs::MetricFilter").values()
    (what,) = counter["MetricTransformations"]

    assert counter["FilterPattern"] == '{$.status = 429 && $.integration = "-"}'
    assert (what["MetricNamespace"], what["Dimensions"]) == (NAMESPACE, [{"Key": "stage", "Value": "$.stage"}])
