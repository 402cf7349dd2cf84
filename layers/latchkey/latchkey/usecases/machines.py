"""Use cases of machine credentials, with which a practice system calls the API of its practice."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from latchkey import tokens
from latchkey.rules.events import EventKind
from latchkey.rules.machines import MAX_CREDENTIALS, SECRET_PREFIX, Machine
from latchkey.rules.members import Role
from latchkey.rules.refusals import TooManyCredentials
from latchkey.store import events, machines, members
from latchkey.usecases.context import PRACTICE_AUDIT_KEY, RequestContext
from latchkey.usecases.declaration import use_case

SECRET_PURPOSE = "machine secret"  # noqa: S105 - a name
"""The purpose of the stored digest of a client secret."""


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A practice system and its client secret. The secret is returned once, and stored only as a digest."""

    machine: Machine
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NamedCredentials:
    """The practice systems with credentials, oldest first, and those whose credentials were revoked."""

    machines: tuple[Machine, ...]
    names: Mapping[str, str] = field(repr=False)
    """Names by subject, of the admins who made them. An admin who was removed is left out."""


@use_case(Role.ADMIN)
def list_credentials(context: RequestContext) -> NamedCredentials:
    """Return the practice systems with credentials, and the names of those who made them."""
    found = tuple(machines.all_of(context.slug))
    return NamedCredentials(found, members.names_of(context.slug, {machine.created_by for machine in found}))


@use_case(Role.ADMIN, idempotent=True)
def add_credential(context: RequestContext, name: str) -> NewCredential:
    """Make the credentials of a practice system.

    :raises TooManyCredentials: the practice has `MAX_CREDENTIALS` that are not revoked.
    """
    live = [machine for machine in machines.all_of(context.slug) if machine.revoked_at is None]
    if len(live) >= MAX_CREDENTIALS:
        raise TooManyCredentials
    secret = SECRET_PREFIX + tokens.random_secret()
    machine = Machine(
        context.slug,
        tokens.new_ulid(context.now_ms),
        name,
        tokens.digest(SECRET_PURPOSE, secret),
        context.clinician.subject,
        context.now,
    )
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MACHINE_CHANGED, f"added:{machine.id}"))
    machines.add(machine)
    return NewCredential(machine, secret)


@use_case(Role.ADMIN)
def revoke_credential(context: RequestContext, machine_id: str) -> None:
    """Revoke the credentials of a practice system. Its next request is refused.

    :raises RecordNotFound: the practice has no such credentials.
    """
    machines.revoke(context.slug, machine_id, context.now)
    events.append(context.event(PRACTICE_AUDIT_KEY, EventKind.MACHINE_CHANGED, f"revoked:{machine_id}"))
