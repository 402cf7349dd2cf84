"""The audit's archive: what of table and bucket differs is found and said, and nothing else is. Rules B205 to B207."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from botocore.exceptions import ClientError

from archive import formats, stream
from tests.operate.audit.audited import DAYS, NOW, Audit, Item, record, row, verified
from tests.operate.conftest import ARCHIVE, NAME, Operate


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

    today = datetime.now(UTC).date()
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


def test_lines_of_the_version_before_are_read_as_they_were(audited: Audit) -> None:
    """A line without `refill` is of the stream, and is written as before."""
    content = audited.read(audited.key(DAYS[0]))
    change = formats.from_line(content.splitlines()[0])

    assert not change.is_refill
    assert b"refill" not in content
    assert formats.to_lines([change]) == content.splitlines(keepends=True)[0]
