"""Machine credentials and their access tokens. Only digests are stored.

An access token is valid while its own item and the credential say so. Both are read at every request, so a revoked
credential ends with the next request.
"""

from pynamodb.attributes import UnicodeAttribute
from pynamodb.exceptions import PutError, UpdateError

from latchkey import settings
from latchkey.rules.machines import TOKEN_SECONDS, Machine
from latchkey.rules.refusals import RecordNotFound
from latchkey.store.batches import read_batch
from latchkey.store.dynamodb import IntegerAttribute, Table, condition_failed
from latchkey.store.records import to_attributes, to_record

SWEEP_SECONDS = 3600
"""An expired token's item is kept this long."""


class MachineItem(Table):
    """A practice system. It is never deleted, so that the audit can name it."""

    class Meta:
        table_name = settings.load().integrations_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice and `#machine`."""
    id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    digest = UnicodeAttribute()
    created_by = UnicodeAttribute()
    created_at = IntegerAttribute()
    used_at = IntegerAttribute(null=True)
    revoked_at = IntegerAttribute(null=True)

    def machine(self) -> Machine:
        """Return the practice system as a value."""
        return to_record(Machine, self, practice=self.practice.partition("#")[0])


class TokenItem(Table):
    """An access token of a practice system."""

    class Meta:
        table_name = settings.load().integrations_table

    practice = UnicodeAttribute(hash_key=True)
    """The practice and `#token`."""
    id = UnicodeAttribute(range_key=True)
    """The machine and the digest of the token."""
    expires_at = IntegerAttribute()
    sweep_at = IntegerAttribute()


def all_of(practice: str) -> list[Machine]:
    """Return the practice systems of a practice, oldest first, with those that are revoked."""
    return [item.machine() for item in MachineItem.query(f"{practice}#machine", consistent_read=True)]


def add(machine: Machine) -> None:
    """Store a new practice system."""
    item = MachineItem(
        f"{machine.practice}#machine", machine.id, **to_attributes(machine, leave_out=("practice", "id"))
    )
    try:
        item.save(condition=MachineItem.id.does_not_exist())
    except PutError as error:
        # its id has 80 random bits, so the item that exists is ours: only the response of the first try was lost
        if not condition_failed(error):
            raise


def revoke(practice: str, machine_id: str, now: int) -> None:
    """Revoke a practice system's credentials. Its next request is refused. `now` is Unix seconds.

    :raises RecordNotFound: the practice has no such system.
    """
    try:
        MachineItem(f"{practice}#machine", machine_id).upsert(
            [MachineItem.revoked_at.set(MachineItem.revoked_at | now)], condition=MachineItem.id.exists()
        )
    except UpdateError as error:
        if condition_failed(error):
            raise RecordNotFound from None
        raise


def use(practice: str, machine_id: str, digest: str, now: int) -> bool:
    """Record the use of a client secret, and return True if it is the live one of this practice system.

    One write checks and records, so no token is made after the revocation. `now` is Unix seconds.
    """
    try:
        MachineItem(f"{practice}#machine", machine_id).upsert(
            [MachineItem.used_at.set(now)],
            condition=(MachineItem.digest == digest) & MachineItem.revoked_at.does_not_exist(),
        )
    except UpdateError as error:
        if condition_failed(error):
            return False
        raise
    return True


def add_token(practice: str, machine_id: str, digest: str, now: int) -> None:
    """Store the digest of a new access token. `now` is Unix seconds."""
    expires_at = now + TOKEN_SECONDS
    TokenItem(
        f"{practice}#token", f"{machine_id}#{digest}", expires_at=expires_at, sweep_at=expires_at + SWEEP_SECONDS
    ).save()


def of_token(practice: str, machine_id: str, digest: str, now: int) -> Machine | None:
    """Return the practice system with this access token. None if the token has expired or the system is revoked."""
    token_key, machine_key = (f"{practice}#token", f"{machine_id}#{digest}"), (f"{practice}#machine", machine_id)
    batch = read_batch([(TokenItem, token_key), (MachineItem, machine_key)])
    token, item = batch.get(TokenItem, *token_key), batch.get(MachineItem, *machine_key)
    if token is None or item is None or token.expires_at <= now:
        return None
    machine = item.machine()
    return machine if machine.revoked_at is None else None
