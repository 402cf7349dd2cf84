"""Access tokens of practice systems: made for a client secret, and checked at every request."""

import re
from dataclasses import replace
from typing import Any

from latchkey import tokens
from latchkey.rules.limits import REQUESTS_PER_MACHINE
from latchkey.rules.machines import Machine, parse_client_id
from latchkey.rules.members import Clinician, Role
from latchkey.rules.refusals import PracticeUnknown, RecordNotFound, TokenRefused
from latchkey.rules.text_limits import ULID
from latchkey.rules.times import Millis
from latchkey.store import limits, machines, practices
from latchkey.usecases import membership
from latchkey.usecases.context import RequestContext
from latchkey.usecases.declaration import UseCase
from latchkey.usecases.machines import SECRET_PURPOSE

TOKEN_PURPOSE = "machine token"  # noqa: S105 - a name
"""The purpose of the stored digest of an access token."""


def issue(client_id: str, secret: str, now: int) -> str:
    """Return a new access token for the id and secret of an OAuth client. `now` is Unix seconds.

    :raises TokenRefused: there is no such OAuth client, the secret is wrong, or the credentials were revoked.
    :raises RateLimited: the practice system asks too often.
    """
    practice, machine_id = parse_client_id(client_id)
    if not membership.is_slug(practice) or not re.fullmatch(ULID, machine_id):
        raise TokenRefused
    if not machines.use(practice, machine_id, tokens.digest(SECRET_PURPOSE, secret), now):
        raise TokenRefused
    with limits.reserve(now) as reservations:
        reservations.add(REQUESTS_PER_MACHINE, machine_id)
    token = f"{machine_id}.{tokens.random_secret()}"
    machines.add_token(practice, machine_id, tokens.digest(TOKEN_PURPOSE, token), now)
    return token


def authorize(
    use_case: UseCase[..., Any], token: str, slug: str, *, now_ms: Millis, support_code: str, origin: str
) -> RequestContext:
    """Return the context of a practice system, which has a clinician's role at its own practice and no other.

    :raises TokenRefused: the token is not one of this practice, has expired, or its credentials were revoked.
    :raises RateLimited: the practice system asks too often.
    :raises RoleMissing: the use case needs a higher role.
    """
    machine = _machine(token, slug, now_ms // 1000)
    with limits.reserve(now_ms // 1000) as reservations:
        reservations.add(REQUESTS_PER_MACHINE, machine.id)
    context = RequestContext(Clinician(machine.subject, Role.CLINICIAN), slug, now_ms, support_code, origin)
    use_case.require_role(context)
    try:
        return replace(context, known_practice=practices.get_cached(slug, context.now))
    except PracticeUnknown:
        raise RecordNotFound from None


def _machine(token: str, slug: str, now: int) -> Machine:
    machine_id = token.partition(".")[0]
    if not membership.is_slug(slug) or not re.fullmatch(ULID, machine_id):
        raise TokenRefused
    machine = machines.of_token(slug, machine_id, tokens.digest(TOKEN_PURPOSE, token), now)
    if machine is None:
        raise TokenRefused
    return machine
