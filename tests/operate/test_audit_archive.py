"""The audit's archive: what of table and bucket differs is found and said, and nothing else is. Rules B205 to B207."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from archive import closing, formats, stream
from archive.storage import Archive, Table
from operate import audit, audit_archive, aws
from tests.operate.conftest import ARCHIVE, NAME, Deployed, Operate

NOW = datetime.now(UTC)
DAYS = [formats.last_closed(NOW) - timedelta(days=back) for back in (3, 2, 1, 0)]
"""Four days that are over, oldest first. The rows of a test are of these days."""

type Item = dict[str, dict[str, str]]


def row(day: date, number: int, reason: str = "wait") -> Item:
    """A row of noon on a day."""
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC) + timedelta(seconds=number)
    milliseconds = int(at.timestamp()) * 1000
    return {
        "subject": {"S": audit.row("willow", b"s" * 16)},
        "id": {"S": audit.ulid(milliseconds, number)},
        "kind": {"S": "limit_hit"},
        "at": {"N": str(milliseconds)},
        "actor": {"S": "client"},
        "reason": {"S": reason},
    }


def record(item: Item, kind: str = "INSERT", earlier: Item | None = None) -> dict[str, Any]:
    """A stream's record of a change, as Lambda delivers it."""
    images = {} if kind == "REMOVE" else {"NewImage": item}
    if earlier or kind == "REMOVE":
        images["OldImage"] = earlier or item
    body = {
        "ApproximateCreationDateTime": int(item["at"]["N"]) / 1000,
        "SequenceNumber": item["id"]["S"],
        "StreamViewType": "NEW_AND_OLD_IMAGES",
        **images,
    }
    return {"eventID": "1", "eventName": kind, "eventSource": "aws:dynamodb", "dynamodb": body}


class Audit:
    """The table and the bucket, with the rows of a few days in both."""

    def __init__(self, deployed: Deployed) -> None:
        self.s3, self.dynamodb = deployed.client("s3"), deployed.client("dynamodb")
        self.archive = Archive(ARCHIVE, self.s3)
        self.table = Table(deployed.names["Events"], self.dynamodb)
        self.rows = {day: [row(day, number) for number in range(3)] for day in DAYS}

    def put(self, item: Item) -> None:
        """Write a row to the table, over any other."""
        self.dynamodb.put_item(TableName=self.table.name, Item=item)

    def delete(self, item: Item) -> None:
        """Delete a row of the table."""
        key = {name: item[name] for name in ("subject", "id")}
        self.dynamodb.delete_item(TableName=self.table.name, Key=key)

    def stream(self, *records: object) -> None:
        """Give the function a batch."""
        stream.handle({"Records": list(records)}, None)

    def close(self) -> int:
        """Close every day that is over; the number of differences."""
        return closing.close(self.archive, self.table, NOW)

    def key(self, day: date) -> str:
        """The first object of a day."""
        return min(self.archive.objects(f"{formats.ROWS}{day}/"))

    def overwrite(self, key: str, content: bytes) -> None:
        """Write an object as someone who may."""
        self.s3.put_object(Bucket=ARCHIVE, Key=key, Body=content, ChecksumAlgorithm="SHA256")

    def read(self, key: str) -> bytes:
        """Return the content of an object."""
        content: bytes = self.s3.get_object(Bucket=ARCHIVE, Key=key)["Body"].read()
        return content


def clear(s3: Any) -> None:
    """Delete the bucket and each version in it, as the owner of a lock in governance mode may."""
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=ARCHIVE):
        for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ())):
            s3.delete_object(
                Bucket=ARCHIVE, Key=version["Key"], VersionId=version["VersionId"], BypassGovernanceRetention=True
            )
    s3.delete_bucket(Bucket=ARCHIVE)


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


def verified(operate: Operate) -> list[str]:
    """Return the differences that the command prints."""
    code, output, error = operate("audit", "verify", "--stack", NAME)
    found = [line.strip() for line in output.splitlines() if line.startswith("  ")]
    assert (code, bool(error)) == ((2, True) if found else (0, False)), output + error
    return found


@pytest.mark.usefixtures("audited")
def test_a_table_and_its_archive_that_agree_have_no_difference(operate: Operate) -> None:
    """B205"""
    code, output, _ = operate("audit", "verify", "--stack", NAME)

    assert code == 0
    assert f"{DAYS[0]}: 3 lines in 1 objects, closed, no difference." in output
    assert output.endswith("The audit table and its archive agree.\n")


FAULTS: dict[str, tuple[Callable[[Audit], object], str]] = {
    "a row deleted in the table": (
        lambda one: one.delete(one.rows[DAYS[1]][1]),
        "is in the archive and not in the table",
    ),
    "a row changed in the table": (
        lambda one: one.put(one.rows[DAYS[1]][1] | {"actor": {"S": "system"}, "reason": {"S": "other"}}),
        "differs between the archive and the table in actor, reason",
    ),
    "a row added to the table": (lambda one: one.put(row(DAYS[2], 9)), "is in the table and not in the archive"),
    "a row added to the table under an odd id": (
        lambda one: one.put(row(DAYS[2], 9) | {"id": {"S": "!"}}),
        "its id is not one that Latchkey writes",
    ),
    "a row whose time was invented": (
        lambda one: backdated(one, row(DAYS[0], 7)),
        "which is not the time in its id",
    ),
    "an object deleted": (
        lambda one: one.s3.delete_object(Bucket=ARCHIVE, Key=one.key(DAYS[1])),
        "was deleted. Its content is still locked",
    ),
    "an object overwritten": (lambda one: one.overwrite(one.key(DAYS[1]), b"{}\n"), "was written 2 times"),
    "the lines of an object in another order, in place": (
        lambda one: one.overwrite(
            one.key(DAYS[1]), b"".join(reversed(one.read(one.key(DAYS[1])).splitlines(keepends=True)))
        ),
        "was written 2 times",
    ),
    "the lines of an object in another order, as another object": (
        lambda one: reordered(one, DAYS[1]),
        "was added after the day was closed",
    ),
    "an object added to a day that is closed": (
        lambda one: one.overwrite(
            formats.rows_key(DAYS[1], (line := formats.to_lines([formats.from_stream(record(row(DAYS[1], 8)))]))), line
        ),
        "was added after the day was closed",
    ),
    "an object that is not what its name says": (
        lambda one: one.overwrite(f"{formats.ROWS}{DAYS[1]}/{'0' * 64}.jsonl", b"x\n"),
        "is not the content that its name was made of",
    ),
    "a digest overwritten": (lambda one: one.overwrite(formats.digest_key(DAYS[1]), b"{}\n"), "was written 2 times"),
    "a change of a row, in the stream": (
        lambda one: one.stream(record(one.rows[DAYS[1]][0], "MODIFY", one.rows[DAYS[1]][0])),
        "was changed in the table at",
    ),
    "a deletion of a row, in the stream": (
        lambda one: one.stream(record(one.rows[DAYS[1]][0], "REMOVE")),
        "was deleted from the table at",
    ),
}  # fmt: skip


def backdated(one: Audit, item: Item) -> None:
    """Write a row now, under an id of another day."""
    one.put(item)
    written = record(item)
    written["dynamodb"]["ApproximateCreationDateTime"] = NOW.timestamp()
    one.stream(written)


def reordered(one: Audit, day: date) -> None:
    """Put a day's lines in another order, under the name that belongs to them."""
    content = b"".join(reversed(one.read(one.key(day)).splitlines(keepends=True)))
    one.overwrite(formats.rows_key(day, content), content)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_difference_is_found_and_named(audited: Audit, operate: Operate, fault: str) -> None:
    """B205"""
    cause, sentence = FAULTS[fault]
    cause(audited)

    found = verified(operate)

    assert any(sentence in one for one in found), found


def test_rows_of_a_restore_are_no_difference_on_the_day_that_is_named(audited: Audit, operate: Operate) -> None:
    backdated(audited, row(DAYS[0], 7))

    code, output, _ = operate("audit", "verify", "--stack", NAME, "--restored-on", NOW.date().isoformat())

    assert code == 0
    assert f"{NOW.date()}: 1 rows came from a restore." in output


def test_a_locked_object_cannot_be_removed(audited: Audit) -> None:
    """A deletion leaves a marker, and the content below it."""
    stored = audited.archive.objects(formats.ROWS)[audited.key(DAYS[0])]

    with pytest.raises(ClientError, match="AccessDenied"):
        audited.s3.delete_object(Bucket=ARCHIVE, Key=stored.key, VersionId=stored.first_version)


def test_a_chain_of_digests_cannot_be_written_anew(empty: Audit, operate: Operate) -> None:
    """B205: a forged day needs a forged digest of every day after it."""
    for day in DAYS:
        for item in empty.rows[day]:
            empty.put(item)
        empty.stream(*map(record, empty.rows[day]))
    forged = formats.Digest(DAYS[1], "0" * 64, {}).content()
    empty.archive.add(formats.digest_key(DAYS[0]), formats.Digest(DAYS[0], "", {empty.key(DAYS[0]): 3}).content())
    empty.archive.add(formats.digest_key(DAYS[1]), forged)
    empty.close()

    found = verified(operate)

    assert f"The digest of {DAYS[1]} does not continue the digest of the day before." in found


def test_a_day_without_digest_is_found(empty: Audit, operate: Operate) -> None:
    for item in empty.rows[DAYS[0]]:
        empty.put(item)
    empty.stream(*map(record, empty.rows[DAYS[0]]))

    assert f"{DAYS[0]} is over and has no digest." in verified(operate)


def test_a_batch_that_is_delivered_twice_gives_each_row_once(empty: Audit, operate: Operate) -> None:
    """B206: also if its bounds differ, and in any order."""
    items = [row(DAYS[1], number) for number in range(6)]
    for item in items:
        empty.put(item)
    late, early = list(map(record, items[3:])), list(map(record, items[:3]))
    empty.stream(*late)
    empty.stream(*early)
    empty.stream(*late)
    empty.stream(*early[1:], late[0])

    assert len(empty.archive.objects(formats.ROWS)) == 3, "a batch with the same bounds is one object"
    assert empty.close() == 0
    assert verified(operate) == []


def test_a_record_that_cannot_be_read_stops_no_other(empty: Audit, operate: Operate) -> None:
    """B207: it is archived as it is, and raises the alarm about differences."""
    items = [row(DAYS[1], number) for number in range(2)]
    for item in items:
        empty.put(item)
    poison: list[object] = [None, 7, {"eventName": "INSERT", "dynamodb": {}}, {**record(items[0]), "eventName": "X"}]
    empty.stream(record(items[0]), *poison, record(items[1]))

    today = formats.last_closed(NOW) + timedelta(days=2)
    assert len(empty.archive.objects(f"{formats.UNREADABLE}{today}/")) == len(poison)
    found = verified(operate)
    assert len([one for one in found if one.startswith("A change of the table could not be read")]) == len(poison)
    assert not [one for one in found if "not in the" in one]


def test_the_function_counts_what_the_alarm_watches(empty: Audit, capsys: pytest.CaptureFixture[str]) -> None:
    """B206. A log line has counts and no part of a row."""
    item = row(DAYS[1], 0)
    capsys.readouterr()
    empty.stream(record(item), record(item, "REMOVE"), None)

    line = capsys.readouterr().out
    counts = json.loads(line)
    assert (counts["AuditArchived"], counts["AuditRewritten"], counts["AuditUnreadable"]) == (2, 1, 1)
    assert "willow" not in line


def test_rows_that_s3_refuses_are_delivered_once_more(empty: Audit, monkeypatch: pytest.MonkeyPatch) -> None:
    """B206: the function raises, so Lambda keeps the batch."""
    monkeypatch.setenv("ARCHIVE", "no-such-archive")
    stream.archive.cache_clear()

    with pytest.raises(ClientError):
        empty.stream(record(row(DAYS[1], 0)))

    stream.archive.cache_clear()


def test_days_are_closed_once_and_in_order(audited: Audit) -> None:
    """B205: a digest has the SHA-256 of the one before."""
    digests = [audited.read(formats.digest_key(day)) for day in DAYS]

    assert audited.close() == 0
    assert [formats.parse_digest(one).previous for one in digests] == ["", *map(formats.sha256, digests[:-1])]
    assert all(stored.versions == 1 for stored in audited.archive.objects(formats.DIGESTS).values())
    assert formats.digest_key(DAYS[-1] + timedelta(days=1)) not in audited.archive.objects(formats.DIGESTS)


def test_closing_a_day_counts_what_differs_from_the_table(empty: Audit) -> None:
    """B205: the alarm tells of it the day after."""
    empty.stream(record(row(DAYS[3], 0)))

    assert empty.close() == 1


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
    today = formats.last_closed(NOW) + timedelta(days=2)
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


def test_lines_of_the_version_before_are_read_as_they_were(audited: Audit) -> None:
    """A line without `refill` is of the stream, and is written as before."""
    content = audited.read(audited.key(DAYS[0]))
    change = formats.from_line(content.splitlines()[0])

    assert not change.is_refill
    assert b"refill" not in content
    assert formats.to_lines([change]) == content.splitlines(keepends=True)[0]
