"""`doctor` says how old the newest copy of each table is, and never guesses when AWS is silent. Rules B260, B261."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from threading import Thread
from typing import Any

import pytest
from botocore.config import Config

from operate import aws, backup_checks, findings, page_checks
from operate.errors import CommandError
from operate.findings import Finding
from tests.operate.aws_in_order import VAULT, copied, in_order
from tests.operate.canned import answer
from tests.operate.conftest import NAME, Deployed

FOREIGN = VAULT.replace("123456789012", "999999999999")
LIMIT_HOURS = 13
"""Two runs of CopyHours=6 after each other, and the hour in which AWS Backup begins one."""


def examined(monkeypatch: pytest.MonkeyPatch, vault: str = VAULT, **responses: Any) -> Finding:
    """Return the finding about the copies of a stack, with other responses than those of a stack in order."""
    answer(monkeypatch, in_order("https://portal.example.com") | responses)
    return backup_checks.copies(aws.Stack("latchkey", {}), {"CopyVaultArn": vault, "CopyHours": "6"})


def in_vault(**hours: float) -> dict[str, Any]:
    """Return the copies in a vault: of each table one that is an hour old, or as many hours as given."""
    return {"RecoveryPoints": [copied(name, hours=hours.get(name, 0.9)) for name in backup_checks.RETAINED]}


@pytest.mark.parametrize(("minutes", "state"), [(-1, "ok"), (1, "fault")])
def test_a_copy_is_too_old_when_a_run_is_missing(monkeypatch: pytest.MonkeyPatch, minutes: int, state: str) -> None:
    """B260"""
    found = examined(monkeypatch, ListRecoveryPointsByBackupVault=in_vault(Events=LIMIT_HOURS + minutes / 60))

    assert found.state == state
    if state == "fault":
        assert found.facts == "the newest copy of Events is 14 hours old"


def test_the_newest_of_several_copies_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    several = [one for hours in (60, 1.9, 30) for one in in_vault(Events=hours)["RecoveryPoints"]]

    found = examined(monkeypatch, ListRecoveryPointsByBackupVault={"RecoveryPoints": several})

    assert (found.state, found.facts) == ("ok", "the newest copy of each table is at most 2 hours old")


def test_a_copy_that_is_not_complete_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = in_vault()["RecoveryPoints"]
    broken[-1] |= {"Status": "PARTIAL"}

    found = examined(monkeypatch, ListRecoveryPointsByBackupVault={"RecoveryPoints": broken})

    assert (found.state, found.facts) == ("fault", "there is no copy of Events")


@pytest.mark.parametrize(
    ("operation", "key", "state"),
    [
        ("ListCopyJobs", "CopyJobs", "FAILED"),
        ("ListBackupJobs", "BackupJobs", "EXPIRED"),
        ("ListBackupJobs", "BackupJobs", "ABORTED"),
    ],
)
def test_a_try_that_failed_is_named_with_its_reason_until_a_newer_copy_is_there(
    monkeypatch: pytest.MonkeyPatch, operation: str, key: str, state: str
) -> None:
    """B260: a backup that fails makes no copy, so both are looked at."""
    job = partial(copied, "Clients", State=state, StatusMessage="Retention is too short.")
    others = copied("Other", hours=0.5, State=state), copied("Clients", hours=0.4, State="RUNNING")

    now = examined(monkeypatch, VAULT, **{operation: {key: [job(hours=0.5), *others]}})
    before = examined(monkeypatch, VAULT, **{operation: {key: [job(hours=2), *others]}})

    assert now.facts == "the last try of Clients failed (Retention is too short)"
    assert (now.state, before.state) == ("fault", "ok")


def test_a_vault_of_another_account_is_judged_by_what_was_brought_there(monkeypatch: pytest.MonkeyPatch) -> None:
    brought = {"CopyJobs": [copied(name, State="COMPLETED") for name in backup_checks.RETAINED]}
    closed = {"ListRecoveryPointsByBackupVault": AssertionError("the vault of another account cannot be read")}

    found = examined(monkeypatch, FOREIGN, ListCopyJobs=brought, **closed)
    without = examined(monkeypatch, FOREIGN, ListCopyJobs={"CopyJobs": brought["CopyJobs"][1:]}, **closed)

    assert (found.state, without.state) == ("ok", "fault")
    assert "from its own account" in found.facts
    assert without.facts == "there is no copy of Practices"


def test_copies_that_are_switched_off_are_printed_as_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    """Decision 38: a small practice may accept to enter a hundred clients again."""
    found = examined(monkeypatch, "")

    assert found.state == "ok"
    assert "a region that is lost loses everything" in found.facts


# ── on ministack: the vault in its own region, and a service that does not answer ──


def lines(capsys: pytest.CaptureFixture[str], given: dict[str, str]) -> list[str]:
    """Return the lines of the two checks of backups about the stack on ministack."""
    capsys.readouterr()
    with aws.impatient():
        stack = aws.stack(NAME)
        checks = [
            ("copies", partial(backup_checks.copies, stack, given)),
            ("backups", partial(backup_checks.backups, stack)),
        ]
        with pytest.raises(CommandError):
            findings.report(checks)
    return capsys.readouterr().out.splitlines()


def test_the_vault_is_looked_for_in_its_own_region(
    deployed: Deployed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """B260: ministack keeps vaults by region, and makes no copies."""
    monkeypatch.setattr(backup_checks, "_own_vault", lambda _: "here")
    arn = deployed.client("dynamodb").describe_table(TableName=deployed.names["Events"])["Table"]["TableArn"]
    account = arn.split(":")[4]
    aws.client("backup", "eu-west-1").create_backup_vault(BackupVaultName="elsewhere")

    there, here = (
        lines(capsys, {"CopyVaultArn": f"arn:aws:backup:{region}:{account}:backup-vault:elsewhere"})[0]
        for region in ("eu-west-1", "us-east-1")
    )

    assert here.startswith("FAULT   copies: there is no vault elsewhere in us-east-1.")
    assert there.startswith("FAULT   copies: there is no copy of Practices, Members, Clients, Accounts, Events.")


@contextmanager
def service(response: bytes | None) -> Iterator[str]:
    """A service with one response for every request, or one that accepts connections and stays silent."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with ExitStack() as opened:
                while True:
                    try:
                        connection = opened.enter_context(server.accept()[0])
                    except OSError:
                        return
                    if response is not None:
                        connection.recv(65536)
                        connection.sendall(response)
                        connection.close()

        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


def http(status: str, body: str) -> bytes:
    """Return an HTTP response."""
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n{body}".encode()


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize(
    ("response", "reason", "what_to_do"),
    [
        (None, "Read timeout", findings.RETRY),
        (http("503 Slow Down", "{}"), "503", findings.RETRY),
        (http("200 OK", "<html>a proxy"), "", findings.RETRY),
        (http("403 Forbidden", '{"__type": "AccessDeniedException"}'), "AccessDenied", "Give your profile this"),
        (http("403 Forbidden", '{"__type": "ExpiredTokenException"}'), "ExpiredToken", "Sign in again"),
    ],
    ids=["silent", "busy", "proxy", "denied", "expired"],
)
def test_a_service_without_an_answer_is_unknown_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    response: bytes | None,
    reason: str,
    what_to_do: str,
) -> None:
    """B261: no traceback, no waiting for minutes, and the checks after it still run."""
    quick = Config(connect_timeout=0.3, read_timeout=0.3, retries={"total_max_attempts": 1})
    monkeypatch.setattr(aws, "IMPATIENT", quick)
    with service(response) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BACKUP", url)
        aws.forget_clients()
        copies, backups, *_ = lines(capsys, {"CopyVaultArn": VAULT})

    assert copies.startswith("unknown copies: ")
    assert reason in copies
    assert what_to_do in copies
    assert backups.partition(":")[0].split()[-1] == "backups"


@pytest.mark.usefixtures("deployed")
def test_a_service_that_refuses_connections_is_unknown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """B261"""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    monkeypatch.setenv("AWS_ENDPOINT_URL_BACKUP", f"http://127.0.0.1:{port}")
    aws.forget_clients()

    copies = lines(capsys, {"CopyVaultArn": VAULT})[0]

    assert copies.startswith("unknown copies: Could not connect to the endpoint URL")
    assert findings.RETRY in copies


def test_a_portal_that_speaks_no_http_has_no_status() -> None:
    """B261"""
    with service(b"SSH-2.0-another-service\r\n") as url:
        assert page_checks.status_of(url) == page_checks.NO_ANSWER
