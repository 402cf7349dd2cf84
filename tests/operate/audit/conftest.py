"""Fixtures: the audit table and its archive, empty or with four closed days."""

from collections.abc import Iterator

import pytest

from archive import stream
from tests.operate.audit.audited import Audit, clear, record
from tests.operate.conftest import ARCHIVE, Deployed


@pytest.fixture
def empty(deployed: Deployed, monkeypatch: pytest.MonkeyPatch) -> Iterator[Audit]:
    """An empty table and an empty bucket that locks what is put."""
    one = Audit(deployed)
    one.s3.create_bucket(Bucket=ARCHIVE, ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "GOVERNANCE", "Days": 30}}
    one.s3.put_object_lock_configuration(
        Bucket=ARCHIVE, ObjectLockConfiguration={"ObjectLockEnabled": "Enabled", "Rule": rule}
    )
    monkeypatch.setenv("ARCHIVE", ARCHIVE)
    monkeypatch.setenv("EVENTS_TABLE", one.table.name)
    monkeypatch.setenv("STAGE", "dev")
    stream.archive.cache_clear()
    yield one
    clear(one.s3)


@pytest.fixture
def audited(empty: Audit) -> Audit:
    """Four days with rows in table and bucket, all closed."""
    for items in empty.rows.values():
        for item in items:
            empty.put(item)
        empty.stream(*map(record, items))
    assert empty.close() == 0
    return empty
