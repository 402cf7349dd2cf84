"""Counts for the archive's alarms, as log lines in CloudWatch's embedded metric format."""

import json
import os
import time

NAMESPACE = "Latchkey"


def write(message: str, **counts: int) -> None:
    """Write one log line with these counts. It holds no part of a row."""
    definitions = [{"Name": name, "Unit": "Count"} for name in counts]
    directive = {"Namespace": NAMESPACE, "Dimensions": [["stage"]], "Metrics": definitions}
    metadata = {"Timestamp": time.time_ns() // 1_000_000, "CloudWatchMetrics": [directive]}
    print(json.dumps({"level": "INFO", "message": message, "stage": os.environ["STAGE"], "_aws": metadata, **counts}))
