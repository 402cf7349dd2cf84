"""The backend of the probe's practice: it does for the probe what a clinician does for a client.

It is a function of its own, because it needs keys and tables, and the probe has neither. It serves one fixed practice,
and its event names no address and no client. So the probe can open nothing else.
"""

from collections.abc import Callable, Mapping
from typing import Any

from latchkey import aws, settings, tokens, web
from latchkey.rules.members import Clinician, Role
from latchkey.rules.practices import PROBE_SLUG, Practice
from latchkey.rules.times import Millis
from latchkey.store import accounts, client_index, practices
from latchkey.usecases import access, client_access, clients
from latchkey.usecases import practices as practice_settings
from latchkey.usecases.clients import AddressEntry, ClientDetails
from latchkey.usecases.context import RequestContext
from latchkey.usecases.outbox import InvitationRequest

CLIENT_COUNT = 36
"""Clients of the practice. Runs are of one after the other, because an address gets 10 a day."""
MAILBOX = "success+{label}@simulator.amazonses.com"
"""An address of SES's mailbox simulator: SES accepts the mail and reports it as delivered (SES developer guide,
"mailbox simulator"). A random label makes each address unique, so that nobody else can use up its links."""


@aws.within_deadline
def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
    """Return the result of an action that the probe asks for.

    `status` returns the address of a client, the state of the newest mail to it, and the time. `pin` returns a Pin Code
    for that client. `number` is that of the run, so that each run and each second try is of the next client.

    :raises ValueError: the probe asks for something else.
    """
    action = _ACTIONS.get(str(event.get("action")))
    if action is None:
        raise ValueError("the probe may ask for a status and for a Pin Code")
    request = _context(web.now_ms_of(context), str(event.get("origin", "")))
    return action(request, _client(request, int(event.get("number", 0))))


def _context(now_ms: Millis, origin: str) -> RequestContext:
    # Only this module writes the practice, so what was read may be stale by nothing but its cache.
    found = practices.get(PROBE_SLUG)
    request = RequestContext(
        Clinician("probe", Role.OPERATOR),
        PROBE_SLUG,
        now_ms,
        tokens.new_ulid(now_ms),
        settings.load().portal_origin or origin,
        found,
    )
    return request if found else _with_practice(request)


def _with_practice(request: RequestContext) -> RequestContext:
    made: Practice
    made, _ = practice_settings.save_practice(request, {"name": "Probe of this portal"})
    return RequestContext(
        request.clinician, PROBE_SLUG, request.now_ms, request.support_code, request.origin, known_practice=made
    )


def _client(request: RequestContext, number: int) -> str:
    """Return the id of a client of the practice. Put the client on file and invite them if they are new."""
    name = f"probe-{number % CLIENT_COUNT}"
    known = client_index.find_external(PROBE_SLUG, name)
    if known is not None:
        return known
    address = MAILBOX.format(label=tokens.random_id().hex())
    details = ClientDetails(name, emails=(AddressEntry(address, email_ok=True),), external_id=name)
    return clients.add_client(request, details, InvitationRequest()).client.id


def _status(request: RequestContext, client: str) -> dict[str, Any]:
    # The probe waits for reports, which are stored. Its role cannot read the audit, where "sent" may be.
    account_key = client_access.find(request, client).access_key
    account = accounts.find(account_key) if account_key else None
    return {
        "now": request.now,
        "address": account.address if account else "",
        "email_status": client_access.email_status(account),
        "email_status_at": (account and account.email_status_at) or 0,
    }


def _pin(request: RequestContext, client: str) -> dict[str, Any]:
    return {"pin": access.generate_pin(request, client).pin}


_ACTIONS: dict[str, Callable[[RequestContext, str], dict[str, Any]]] = {"status": _status, "pin": _pin}
