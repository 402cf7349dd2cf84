"""One client's data: all of it to hand out, and the end of it; over the clinicians' API, in a clinician's name."""

import argparse
import json
from datetime import UTC, datetime
from urllib.parse import quote

from operate import api
from operate.api import Api

PAGE = 100
"""The most that the API lists at a time."""

KEPT = """\
What stays, and why:
- The audit of what happened, which names nobody: keyed digests and ids, no name and no address. It is how the practice
  answers for who had access (45 CFR 164.312(b); HIPAA documents are kept 6 years, 164.316(b)(2)).
- The accounts' keys and epochs, without name or address: so that no old link or PIN is ever good again.
- Backups for point-in-time recovery, for 35 days; a restore leaves erased what the audit says was erased.
- For up to two days, answers to repeated sends (Idempotency-Key); for a day, mail that was already promised.
- With SES: its own list of addresses that bounced or complained (aws sesv2 delete-suppressed-destination)."""


def export(asked: argparse.Namespace) -> None:
    """Print the client, their contacts, their portal access, and every event, as one JSON document."""
    portal, path = _place(asked)
    client = portal.ask("GET", path)
    print(
        json.dumps(
            {
                "exported_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
                "practice": asked.practice,
                "client": client,
                "contacts": portal.ask("GET", f"{path}/contacts")["contacts"],
                "portal_access": portal.ask("GET", f"{path}/portal-access"),
                "events": _events(portal, path),
            },
            indent=2,
            ensure_ascii=False,
        )
    )


def erase(asked: argparse.Namespace) -> None:
    """Delete the client, with their sign-in and everyone's access to their profile."""
    portal, path = _place(asked)
    portal.ask("GET", path)
    if asked.dry_run:
        print(f"Would erase client {asked.client} of {asked.practice}.")
    else:
        portal.ask("DELETE", path, expect=(204,))
        print(f"Client {asked.client} of {asked.practice} is erased.")
    print(KEPT)


def _events(portal: Api, path: str) -> list[object]:
    events: list[object] = []
    query = f"?limit={PAGE}"
    while query:
        page = portal.ask("GET", f"{path}/events{query}")
        events += page["events"]
        query = f"?limit={PAGE}&cursor={quote(page['next'])}" if page["next"] else ""
    return events


def _place(asked: argparse.Namespace) -> tuple[Api, str]:
    portal = api.at(asked.api, asked.token)
    return portal, f"/{quote(asked.practice, safe='')}/clients/{quote(asked.client, safe='')}"
