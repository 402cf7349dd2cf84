"""Rows that the stream could not bring are archived by hand. Rule B213."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from archive import formats, stream
from operate import audit_archive, aws
from tests.operate.audit.audited import DAYS, NOW, Audit, row, verified
from tests.operate.conftest import NAME, Operate


class Lambda:
    """AWS Lambda, which runs the archive's function in this process."""

    def invoke(self, **sent: Any) -> dict[str, Any]:
        """Run the function with the payload, as JSON brings it."""
        assert sent["FunctionName"] == "the-archiver"
        stream.handle(json.loads(sent["Payload"]), None)
        return {"StatusCode": 200}


def test_rows_that_never_reached_the_archive_are_found_and_refilled(
    audited: Audit, operate: Operate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """B213: by the archive's own function, and each is named until the day is."""
    gap = [row(DAYS[2], number) for number in range(20, 23)]
    for item in gap:
        audited.put(item)
    client = aws.client
    assert len([one for one in verified(operate) if "is in the table and not in the archive" in one]) == len(gap)

    code, output, _ = operate("audit", "refill", "--stack", NAME, "--dry-run")
    assert (code, "Would archive 3 rows" in output) == (0, True)
    audited.put(row(DAYS[2], 9) | {"id": {"S": "!"}})
    assert "Would archive 3 rows" in operate("audit", "refill", "--stack", NAME, "--dry-run")[1], "of odd ids none"
    audited.delete(row(DAYS[2], 9) | {"id": {"S": "!"}})
    with monkeypatch.context() as patch:
        patch.setattr(aws, "client", lambda service: Lambda() if service == "lambda" else client(service))
        patch.setattr(audit_archive, "archiver", lambda _: "the-archiver")
        code, output, _ = operate("audit", "refill", "--stack", NAME)

    assert code == 0
    assert "Archiving 3 rows" in output
    today = datetime.now(UTC).date()
    named = verified(operate)
    assert len(named) == len(gap)
    assert all("was not archived by the stream" in one for one in named)
    code, output, _ = operate("audit", "verify", "--stack", NAME, "--refilled-on", today.isoformat())
    assert code == 0, output
    assert f"{today}: 3 rows were archived by hand." in output
    assert "Archiving 0 rows" in operate("audit", "refill", "--stack", NAME)[1], "none twice"


def test_a_refilled_row_that_is_changed_later_is_found(audited: Audit, operate: Operate) -> None:
    """B213: a refilled row is compared like all others."""
    lost = row(DAYS[2], 20)
    audited.stream(formats.refill_record(lost, NOW))
    audited.put(lost | {"reason": {"S": "other"}})
    day = NOW.date().isoformat()

    code, output, _ = operate("audit", "verify", "--stack", NAME, "--refilled-on", day)

    assert code == 2
    assert "differs between the archive and the table in reason" in output
