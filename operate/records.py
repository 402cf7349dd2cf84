"""The `export` and `erase` commands: one client's data, over the clinicians' API, as the clinician of the token."""

import argparse
import json
from datetime import UTC, datetime
from urllib.parse import quote

from operate import api
from operate.api import Api

PAGE = 100
"""Events in one page, the API's maximum."""

RETAINED = """\
What is retained, and why:
- The audit log, and its locked archive. They have keyed digests and ids, no name and no address. The practice needs
  them to show who had access (45 CFR 164.312(b); HIPAA documents are kept for 6 years, 164.316(b)(2)).
- The accounts' keys and epochs, without name or address. They ensure that no old link or PIN is valid again.
- Backups for point-in-time recovery, for 35 days. A restore leaves out clients that were erased later.
- Stored responses to requests with an Idempotency-Key, for up to two days. Mail jobs already queued, for a day.
- In SES, its own list of addresses that bounced or complained. To remove an address:
  aws sesv2 delete-suppressed-destination"""


def export(args: argparse.Namespace) -> None:
    """Print the client, the contacts, the portal access, the devices and every audit event, as one JSON document."""
    portal, path = _client_path(args)
    client = portal.ask("GET", path)
    print(
        json.dumps(
            {
                "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "practice": args.practice,
                "client": client,
                "contacts": portal.ask("GET", f"{path}/contacts")["contacts"],
                "devices": portal.ask("GET", f"{path}/devices")["devices"],
                "portal_access": portal.ask("GET", f"{path}/portal-access"),
                "events": _events(portal, path),
            },
            indent=2,
            ensure_ascii=False,
        )
    )


def erase(args: argparse.Namespace) -> None:
    """Erase the client. This ends the client's access and everyone's access to the profile."""
    portal, path = _client_path(args)
    portal.ask("GET", path)
    if args.dry_run:
        print(f"Would erase client {args.client} of {args.practice}.")
    else:
        portal.ask("DELETE", path, expect=(204,))
        print(f"Client {args.client} of {args.practice} was erased.")
    print(RETAINED)


def _events(portal: Api, path: str) -> list[object]:
    events: list[object] = []
    query = f"?limit={PAGE}"
    while query:
        page = portal.ask("GET", f"{path}/events{query}")
        events += page["events"]
        query = f"?limit={PAGE}&cursor={quote(page['next'])}" if page["next"] else ""
    return events


def _client_path(args: argparse.Namespace) -> tuple[Api, str]:
    portal = api.at(args.api, args.token)
    return portal, f"/{quote(args.practice, safe='')}/clients/{quote(args.client, safe='')}"
