"""What of a restored item may come back. Values in, a verdict and an item out; only the audit is read.

Items are as DynamoDB's own API writes them, so that fields which this version does not know come back too.
"""

import base64
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from operate import audit

type Item = dict[str, dict[str, Any]]

REVOKING_EVENTS = {
    "access_disabled",
    "profile_revoked",
    "consent_changed",
    "address_changed",
    "client_erased",
    "google_unbound",
}
"""What clinicians decide about a sign-in that no restore may undo."""


class Verdict(StrEnum):
    """What becomes of an item, in words for the person who restores."""

    BACK = "brought back"
    BACK_ENDED = "brought back with access ended, as something was ended since: invite again"
    OVERWRITTEN = "overwritten"
    SAME = "there already, left alone"
    DECIDED = "left as it is, as something was decided about it since"
    ERASED = "left erased"
    IN_USE = "left as it is, as it was changed at this moment: run the same command again"

    @property
    def describe(self) -> bool:
        """Whether someone should look at each such item."""
        return self not in (Verdict.BACK, Verdict.OVERWRITTEN, Verdict.SAME)


def decide(
    noun: str, item: Item, live: Item | None, events: str, instant: int, *, overwrite: bool
) -> tuple[Verdict, Item | None]:
    """The verdict on an item of the table `noun`, and the item to write, None for nothing.

    `live` is what the stack has in its place, `events` the audit's table, `instant` (Unix milliseconds) the time that
    is gone back to.
    """
    if live is not None and (not overwrite or noun == "Events" or live == item):
        return Verdict.SAME, None
    match noun:
        case "Accounts":
            return _account(item, live, events, instant)
        case "Clients":
            return _client(item, live, events, instant)
        case "Practices" | "Members":
            place = item["slug" if noun == "Practices" else "practice"]["S"]
            kind = "practice_changed" if noun == "Practices" else "member_changed"
            decided = any(happened == kind for happened, _ in audit.since(events, audit.row(place), instant))
            return (Verdict.DECIDED, None) if decided else _plain(item, live)
        case _:
            return _plain(item, live)


def _plain(item: Item, live: Item | None) -> tuple[Verdict, Item]:
    return (Verdict.BACK if live is None else Verdict.OVERWRITTEN), item


def _account(item: Item, live: Item | None, events: str, instant: int) -> tuple[Verdict, Item | None]:
    practice = item["practice"]["S"]
    profiles = [profile["M"]["id"]["S"] for profile in item["profiles"]["L"]]
    rows = [f"{practice}#{item['key']['S']}", *(audit.row(practice, one.encode()) for one in profiles)]
    since = {kind for row in rows for kind, _ in audit.since(events, row, instant)}
    if "client_erased" in since:
        return Verdict.ERASED, None
    ended = bool(since & REVOKING_EVENTS)
    if live is not None and ended:
        return Verdict.DECIDED, None
    back = _renewed(item, live)
    if not ended:
        return (Verdict.BACK if live is None else Verdict.OVERWRITTEN), back
    return Verdict.BACK_ENDED, back | {"status": {"S": "disabled"}, "profiles": {"L": []}, "email_ok": {"BOOL": False}}


def _renewed(item: Item, live: Item | None) -> Item:
    """An account in which nothing that was ever made for it is still good."""
    now = int(time.time())
    back = dict(item)
    seen = [one for one in (item, live) if one]
    # later than every epoch there has been, also where the newest one is lost: epochs rise by one at a time
    epoch = max(now, *(int(one["epoch"]["N"]) + 1 for one in seen))
    revision = max(int(one.get("revision", {"N": "0"})["N"]) for one in seen) + 1
    back |= {"epoch": _number(epoch), "revision": _number(revision), "ended_at": _number(now), "sessions": {"L": []}}
    if live is not None:
        if live.get("suppressed", {}).get("BOOL"):
            back["suppressed"] = {"BOOL": True}
        if "google" in live and "google" not in back:
            back["google"] = live["google"]
    return back


def _client(item: Item, live: Item | None, events: str, instant: int) -> tuple[Verdict, Item | None]:
    row = audit.row(item["practice"]["S"], item["id"]["S"].encode())
    since = list(audit.since(events, row, instant))
    if any(kind == "client_erased" for kind, _ in since):
        return Verdict.ERASED, None
    own = [f"{item['practice']['S']}#{key}" for key in _account_keys(item)]
    elsewhere = {kind for place in own for kind, _ in audit.since(events, place, instant)}
    if live is not None and ({kind for kind, _ in since} | elsewhere) & (REVOKING_EVENTS | {"client_changed"}):
        return Verdict.DECIDED, None
    closed = {reason for kind, reason in since if kind == "profile_revoked"}
    contacts = [one for one in item["contacts"]["L"] if one["M"]["id"]["S"] not in closed]
    revision = int((live or item)["revision"]["N"]) + 1
    back = item | {"contacts": {"L": contacts}, "revision": _number(revision)}
    return (Verdict.BACK if live is None else Verdict.OVERWRITTEN), back


def _account_keys(item: Item) -> Iterator[str]:
    """Keys of accounts, as the audit writes them."""
    for key in [item.get("access"), *(one["M"]["account"] for one in item["contacts"]["L"])]:
        if key and "B" in key:
            yield base64.urlsafe_b64encode(bytes(key["B"])).rstrip(b"=").decode()


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
