"""Tests of the `restore` command: lost items come back, and ended access does not."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from latchkey import keys, tokens
from latchkey.rules import access, contacts, mail, revocations
from latchkey.rules.accounts import Account, AccountKey, AccountStatus
from latchkey.rules.clients import AddressOnFile, Client, Contact
from latchkey.rules.events import Event, EventKind
from latchkey.rules.members import Role
from latchkey.rules.refusals import LinkExpired, RecordNotFound, SignedOut
from latchkey.rules.times import millis
from latchkey.store import accounts, clients, events, members, practices, sessions
from operate import restore_rules
from tests.kit.clock import NOON
from tests.kit.seed import HARBOR, WILLOW
from tests.operate.conftest import NAME, Deployed, Operate
from tests.store import flows

pytestmark = pytest.mark.usefixtures("store")

THEN = "2026-03-03T12:00:00Z"
LATER = NOON + 60


@pytest.fixture
def restore(deployed: Deployed, operate: Operate) -> Iterator[Callable[..., str]]:
    """Return a function that restores a table to noon and returns the output. Delete the side tables afterwards."""

    def run(table: str, *more: str) -> str:
        code, output, errors = operate("restore", "--stack", NAME, "--table", table, "--from-time", THEN, *more)
        assert (code, errors) == (0, "")
        return output

    yield run
    dynamodb = deployed.client("dynamodb")
    for name in dynamodb.list_tables()["TableNames"]:
        if "-at-" in name:
            dynamodb.delete_table(TableName=name)


@pytest.fixture
def noon(deployed: Deployed) -> Callable[..., None]:
    """Return a function that copies tables as they are now, as their state at noon. ministack knows no other time."""

    def keep(*tables: str) -> None:
        for table in tables:
            deployed.client("dynamodb").restore_table_to_point_in_time(
                SourceTableName=table, TargetTableName=f"{table}-at-20260303T120000Z", UseLatestRestorableTime=True
            )

    return keep


def noting(at: int) -> Callable[[bytes, EventKind], Event]:
    """Return a function that makes audit events of a clinician, at this Unix second."""
    return lambda row, kind: Event("willow", row, kind, millis(at), actor="dr")


def admitted(address: str) -> tuple[Client, AccountKey]:
    """Return a client who was invited before noon, and the key of their account."""
    at = NOON - 3600
    client = Client(
        tokens.new_ulid(at * 1000),
        "willow",
        "Ana Reyes",
        emails=(AddressOnFile(address, True, "dr", at),),
        created_at=at,
    )
    key = AccountKey(tokens.random_id())
    clients.apply(
        client, lambda it, known: access.invite(it, address, key, known, tokens.new_ulid(at), at), {key}, noting(at)
    )
    return clients.find("willow", client.id), key


def known(key: AccountKey) -> Account:
    """Return an account. Fail if it does not exist."""
    account = accounts.find(key)
    assert account
    return account


def test_a_lost_account_comes_back_and_nothing_that_was_live_does(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    account = flows.on_file()
    cookie = flows.sign_in(account, NOON - 60)
    link = flows.send(known(account.key), NOON * 1000)
    noon("Accounts")
    deployed.empty("Accounts")

    assert "1 restored\n" in restore("Accounts")
    back = known(account.key)
    assert (back.address, back.status, back.profiles) == (account.address, AccountStatus.ACTIVE, account.profiles)
    assert back.sessions == ()
    with pytest.raises(SignedOut):
        sessions.touch("willow", cookie, LATER)
    with pytest.raises(LinkExpired):
        flows.open_by(link, LATER)
    flows.sign_in(back, LATER)


def test_no_epoch_is_reused_even_if_the_newest_one_is_lost(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    """A link has the epoch of its account. After a restore, ending access must not raise the epoch to that of an old
    link.
    """
    account = flows.on_file()
    noon("Accounts")
    for _ in range(3):
        flows.disable(account)
        flows.enable(account)
    highest = known(account.key).epoch
    deployed.empty("Accounts")
    restore("Accounts")

    assert known(account.key).epoch > highest


def test_a_job_that_waits_since_before_is_void(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    account = flows.on_file()
    job = flows.ask(account)
    noon("Accounts")
    deployed.empty("Accounts")
    restore("Accounts")

    assert mail.skip_reason(job, known(account.key), LATER) == "no_access"


@pytest.fixture(autouse=True)
def _with_lookup_key(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the key that the index of clients needs for digests of addresses."""
    monkeypatch.setattr(keys, "lookup", lambda: flows.RING)


def test_access_that_was_disabled_since_stays_disabled(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    client, key = admitted("ana@example.com")
    noon("Accounts")
    clients.apply(client, lambda it, all_: revocations.disable(it, all_, LATER), set(), noting(LATER))
    deployed.empty("Accounts")

    assert "invite again" in restore("Accounts")
    assert (known(key).status, known(key).profiles) == (AccountStatus.DISABLED, ())
    clients.apply(
        clients.find("willow", client.id),
        lambda it, all_: access.invite(it, "ana@example.com", key, all_, "", LATER),
        {key},
        noting(LATER),
    )
    assert [profile.id for profile in known(key).profiles] == [client.id]


def test_existing_items_are_left_alone(noon: Callable[..., None], restore: Callable[..., str]) -> None:
    account = flows.on_file()
    noon("Accounts")
    changed = replace(account, name="Ana Maria Reyes")
    accounts.save(changed)

    assert "1 left as it is, because it exists already\n" in restore("Accounts")
    assert known(account.key) == changed


def test_what_differs_is_overwritten_if_that_is_requested(
    noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    broken, whole = flows.on_file(), flows.on_file()
    noon("Accounts")
    accounts.save(replace(broken, name="???", suppressed=True, identities={"google": "digest"}, epoch=7, revision=9))

    output = restore("Accounts", "--overwrite")
    assert "1 overwritten" in output
    assert "1 left as it is, because it exists already\n" in output
    back = known(broken.key)
    assert (back.name, back.suppressed, back.identities) == (broken.name, True, {"google": "digest"})
    assert back.epoch > 7
    assert back.revision > 9
    assert known(whole.key) == whole


@pytest.mark.parametrize("overwrite", [(), ("--overwrite",)])
def test_what_is_written_while_a_copy_runs_stays(
    deployed: Deployed,
    noon: Callable[..., None],
    restore: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    overwrite: tuple[str, ...],
) -> None:
    """Someone writes the item after the command has read it."""
    account = flows.on_file()
    noon("Accounts")
    if overwrite:
        accounts.save(replace(account, name="Broken", revision=3))
    else:
        deployed.empty("Accounts")
    decide = restore_rules.decide

    def slowly(*arguments: Any, **options: Any) -> Any:
        decided = decide(*arguments, **options)
        accounts.save(replace(account, name="Written meanwhile", revision=4))
        return decided

    monkeypatch.setattr(restore_rules, "decide", slowly)

    assert "was changed at this moment: run the same command again" in restore("Accounts", *overwrite)
    assert known(account.key).name == "Written meanwhile"


def test_later_decisions_of_a_clinician_stay(noon: Callable[..., None], restore: Callable[..., str]) -> None:
    client, key = admitted("ana@example.com")
    noon("Accounts", "Clients")
    clients.apply(client, lambda it, all_: revocations.disable(it, all_, LATER), set(), noting(LATER))

    assert "left as it is, because a clinician changed it since" in restore("Accounts", "--overwrite")
    assert known(key).status is AccountStatus.DISABLED
    restore("Clients", "--overwrite")
    assert known(key).status is AccountStatus.DISABLED


def test_a_client_erased_after_that_time_stays_erased(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    client, key = admitted("ana@example.com")
    noon("Accounts", "Clients")
    clients.erase(client, LATER, noting(LATER))

    assert "left erased" in restore("Clients")
    with pytest.raises(RecordNotFound):
        clients.find("willow", client.id)
    assert "left erased" in restore("Accounts", "--overwrite", "--keep")
    assert known(key).address == ""
    deployed.empty("Accounts")
    assert "left erased" in restore("Accounts")
    assert accounts.find(key) is None


def test_a_contact_who_was_removed_since_is_not_let_in_anew(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    client, _ = admitted("leo@example.com")
    parent = AccountKey(tokens.random_id())
    contact = Contact(
        "01KJTESTC0NTACT00000000000", "Pat", AddressOnFile("pat@example.com", True, "dr", NOON), "guardian", parent
    )
    at = NOON - 60
    clients.apply(
        client, lambda it, all_: contacts.add_contact(it, contact, all_, tokens.new_ulid(at)), {parent}, noting(at)
    )
    noon("Accounts", "Clients")

    def note(row: bytes, kind: EventKind) -> Event:
        return replace(noting(LATER)(row, kind), reason=contact.id)

    found = clients.find("willow", client.id)
    clients.apply(found, lambda it, all_: contacts.remove_contact(it, contact, all_, LATER), set(), note)
    deployed.empty("Accounts", "Clients")
    restore("Clients")
    restore("Accounts")

    assert clients.find("willow", client.id).contacts == ()
    assert known(parent).profile(client.id) is None
    assert known(parent).status is AccountStatus.DISABLED


def test_a_removed_contact_takes_no_access_from_the_client(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    """The client's own account is restored with access. The removed contact's account is restored without it."""
    client, key = admitted("leo@example.com")
    parent = AccountKey(tokens.random_id())
    contact = Contact(
        "01KJTESTC0NTACT00000000000", "Pat", AddressOnFile("pat@example.com", True, "dr", NOON), "guardian", parent
    )
    clients.apply(
        client, lambda it, all_: contacts.add_contact(it, contact, all_, tokens.new_ulid(NOON)), {parent}, noting(NOON)
    )
    noon("Accounts")

    def note(row: bytes, kind: EventKind) -> Event:
        return replace(noting(LATER)(row, kind), reason=contact.id)

    current = clients.find("willow", client.id)
    clients.apply(current, lambda it, all_: contacts.remove_contact(it, contact, all_, LATER), set(), note)
    deployed.empty("Accounts")
    output = restore("Accounts")

    assert "1 restored\n" in output
    assert "1 restored without access" in output
    assert (known(key).status, [profile.id for profile in known(key).profiles]) == (
        AccountStatus.INVITED,
        [client.id],
    )
    assert (known(parent).status, known(parent).profiles) == (AccountStatus.DISABLED, ())


def test_a_lost_client_comes_back_whole(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    client, _ = admitted("ana@example.com")
    noon("Clients")
    deployed.empty("Clients")
    restore("Clients")

    assert clients.find("willow", client.id) == replace(client, revision=client.revision + 1)


def test_practices_and_members_come_back_unless_they_were_changed_since(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    for practice in (WILLOW, HARBOR):
        practices.save(practice)
        members.set_role(practice.slug, "dr", Role.CLINICIAN)
    noon("Practices", "Members")
    events.append(Event("harbor", b"", EventKind.PRACTICE_CHANGED, millis(LATER), actor="head"))
    events.append(Event("harbor", b"", EventKind.MEMBER_CHANGED, millis(LATER), actor="head", reason="removed"))
    deployed.empty("Practices", "Members")

    assert "since: harbor dr" in restore("Members")
    assert "since: harbor" in restore("Practices")
    assert (practices.get("willow"), practices.get("harbor")) == (WILLOW, None)
    assert (members.role_of("willow", "dr"), members.role_of("harbor", "dr")) == (Role.CLINICIAN, None)


def test_the_audit_is_only_added_to(deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]) -> None:
    event = Event("willow", b"", EventKind.PRACTICE_CHANGED, millis(NOON))
    events.append(event)
    noon("Events")
    (row,) = deployed.items("Events")
    changed = row | {"reason": {"S": "as it is now"}}
    deployed.client("dynamodb").put_item(TableName="Events", Item=changed)

    restore("Events", "--overwrite")
    assert deployed.items("Events") == [changed]


def test_fields_of_another_version_come_back_too(
    deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]
) -> None:
    account = flows.on_file()
    (item,) = deployed.items("Accounts")
    deployed.client("dynamodb").put_item(TableName="Accounts", Item=item | {"shape": {"S": "round"}})
    noon("Accounts")
    deployed.empty("Accounts")
    restore("Accounts")

    assert deployed.items("Accounts")[0]["shape"] == {"S": "round"}
    assert known(account.key)


def test_the_side_table_is_gone_when_its_items_are_back_unless_it_is_retained(
    deployed: Deployed, restore: Callable[..., str]
) -> None:
    flows.on_file()
    restore("Accounts", "--keep")
    retained = deployed.client("dynamodb").list_tables()["TableNames"]
    restore("Accounts")

    assert "Accounts-at-20260303T120000Z" in retained
    assert "Accounts-at-20260303T120000Z" not in deployed.client("dynamodb").list_tables()["TableNames"]


def test_a_dry_run_changes_nothing(deployed: Deployed, noon: Callable[..., None], restore: Callable[..., str]) -> None:
    flows.on_file()
    noon("Accounts")
    deployed.empty("Accounts")

    assert "Would restore" in restore("Accounts", "--dry-run")
    assert "1 would be restored\n" in restore("Accounts", "--dry-run", "--from-table", "Accounts-at-20260303T120000Z")
    assert deployed.items("Accounts") == []


@pytest.mark.usefixtures("deployed")
@pytest.mark.parametrize("time", ["yesterday", "2026-03-03T12:00:00", "2026-13-03T12:00:00Z"])
def test_a_time_that_is_none_is_refused(operate: Operate, time: str) -> None:
    code, _, errors = operate("restore", "--stack", NAME, "--table", "Accounts", "--from-time", time)

    assert (code, errors.count("\n")) == (2, 1)
