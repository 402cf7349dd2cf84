"""Tests of the metrics that CloudWatch reads from the log."""

import json
from collections import Counter

import pytest

from latchkey import metrics
from latchkey.metrics import Metric


@pytest.fixture(autouse=True)
def _nothing_counted() -> None:
    metrics.emf_fields()


def test_counts_are_written_once_in_the_embedded_metric_format() -> None:
    """CloudWatch's specification has the names in the directive, and the values and the dimension beside it."""
    metrics.count(Metric.MAIL_QUEUED)
    metrics.count(Metric.MAIL_QUEUED, Metric.SECRETS_UNREADABLE)

    fields = json.loads(json.dumps(metrics.emf_fields()))

    (directive,) = fields["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "Latchkey"
    assert directive["Dimensions"] == [["stage"]]
    assert sorted(metric["Name"] for metric in directive["Metrics"]) == ["Asked", "SecretsUnreadable"]
    assert fields["stage"]
    assert (fields["Asked"], fields["SecretsUnreadable"]) == (2, 1)
    assert fields["_aws"]["Timestamp"] > 1_700_000_000_000
    assert metrics.emf_fields() == {}


@pytest.mark.parametrize(
    ("code", "beside"),
    [
        ("link_used", []),
        ("pin_refused", ["PinRefused"]),
        ("pin_locked", ["PinLocked", "Waiting"]),
        ("google_refused", ["GoogleRefused"]),
        ("wait", ["Waiting"]),
    ],
)
def test_a_refusal_is_counted_by_its_code_too(code: str, beside: list[str]) -> None:
    metrics.count_refusal(code)
    counts = Counter(metric for metric, value in metrics.emf_fields().items() if value == 1)
    assert sorted(counts) == sorted(["Refused", f"Refused.{code}", *beside])
