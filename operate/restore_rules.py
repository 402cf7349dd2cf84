"""Rules of `restore`: whether an item may be restored, and in which form. Reads only the audit log.

Items have the JSON form of DynamoDB's own API, so that fields of another version are restored too.
"""

import base64
import time
from collections.abc import Iterator
from enum import StrEnum
from typing import Any

from latchkey.rules.providers import PROVIDER_NAMES
from operate import audit

type Item = dict[str, dict[str, Any]]

REVOKING_EVENTS = {
    "access_disabled",
    "profile_revoked",
    "consent_changed",
    "address_changed",
    "client_erased",
    *(f"{provider}_unbound" for provider in PROVIDER_NAMES),
}
"""Kinds of audit events that a restore must not undo."""


class Verdict(StrEnum):
    """The result for one item, in words for the person who restores."""

    BACK = "restored"
    BACK_ENDED = "restored without access, because a clinician ended access since: invite again if it should return"
    OVERWRITTEN = "overwritten"
    SAME = "left as it is, because it exists already"
    DECIDED = "left as it is, because a clinician changed it since"
    ERASED = "left erased"
    IN_USE = "left as it is, because it was changed at this moment: run the same command again"

    @property
    def describe(self) -> bool:
        """True if each such item is printed, because a person should look at it."""
        return self not in (Verdict.BACK, Verdict.OVERWRITTEN, Verdict.SAME)


def decide(
    noun: str, item: Item, live: Item | None, events: str, as_of_ms: int, *, overwrite: bool
) -> tuple[Verdict, Item | None]:
    """Return the verdict on an item of the table `noun`, and the item to write. None means that nothing is written.

    `live` is the stack's present item with the same key. `events` is the name of the audit log's table. `as_of_ms` is
    the time to restore, in Unix milliseconds.
    """
    if live is not None and (not overwrite or noun == "Events" or live == item):
        return Verdict.SAME, None
    match noun:
        case "Accounts":
            return _account(item, live, events, as_of_ms)
        case "Clients" if "#" in item["practice"]["S"]:
            return _term(item, live, events, as_of_ms)
        case "Clients":
            return _client(item, live, events, as_of_ms)
        case "Practices" | "Members":
            # a logo is an item of its own, with a `#` after the practice's slug
            place = item["slug" if noun == "Practices" else "practice"]["S"].partition("#")[0]
            kind = "practice_changed" if noun == "Practices" else "member_changed"
            changed = any(event_kind == kind for event_kind, _ in audit.since(events, audit.row(place), as_of_ms))
            return (Verdict.DECIDED, None) if changed else _restored(item, live)
        case _:
            return _restored(item, live)


def _restored(item: Item, live: Item | None) -> tuple[Verdict, Item]:
    return (Verdict.BACK if live is None else Verdict.OVERWRITTEN), item


def _account(item: Item, live: Item | None, events: str, as_of_ms: int) -> tuple[Verdict, Item | None]:
    practice = item["practice"]["S"]
    kinds = {kind for kind, _ in audit.since(events, f"{practice}#{item['key']['S']}", as_of_ms)}
    for profile in item["profiles"]["L"]:
        kinds |= _profile_events(item, profile["M"]["id"]["S"], events, as_of_ms)
    if "client_erased" in kinds:
        return Verdict.ERASED, None
    has_ended = bool(kinds & REVOKING_EVENTS)
    if live is not None and has_ended:
        return Verdict.DECIDED, None
    renewed = _with_new_epoch(item, live)
    if not has_ended:
        return _restored(renewed, live)
    no_access: Item = {"status": {"S": "disabled"}, "profiles": {"L": []}, "email_ok": {"BOOL": False}}
    return Verdict.BACK_ENDED, renewed | no_access


def _profile_events(account: Item, client: str, events: str, as_of_ms: int) -> set[str]:
    """Return the kinds of events about a client that may have ended the account's access to the client's profile.

    `profile_revoked` means that a contact was removed. The client's own account is no contact, so it keeps its access.
    For another account the event may be about that account. The event names a contact, and the account names none.
    """
    rows = audit.since(events, audit.row(account["practice"]["S"], client.encode()), as_of_ms)
    is_own = account.get("owner", {}).get("S") == client
    return {kind for kind, _ in rows if not (is_own and kind == "profile_revoked")}


def _with_new_epoch(item: Item, live: Item | None) -> Item:
    """Return the account with a new epoch, so that no earlier link, PIN or session is valid."""
    now = int(time.time())
    renewed = dict(item)
    versions = [version for version in (item, live) if version]
    # Unix seconds exceed every earlier epoch, because epochs rise by one. This holds even if the newest epoch is lost.
    epoch = max(now, *(int(version["epoch"]["N"]) + 1 for version in versions))
    revision = max(int(version.get("revision", {"N": "0"})["N"]) for version in versions) + 1
    renewed |= {"epoch": _number(epoch), "revision": _number(revision), "ended_at": _number(now)}
    if live is not None:
        if live.get("suppressed", {}).get("BOOL"):
            renewed["suppressed"] = {"BOOL": True}
        # an identity that was linked since stays linked
        renewed = {name: live[name] for name in PROVIDER_NAMES if name in live} | renewed
    return renewed


def _term(item: Item, live: Item | None, events: str, as_of_ms: int) -> tuple[Verdict, Item | None]:
    """Return the verdict on a term of the index of clients. It belongs to a client who has not changed since."""
    row = audit.row(item["practice"]["S"].partition("#")[0], item["client"]["S"].encode())
    kinds = {kind for kind, _ in audit.since(events, row, as_of_ms)}
    if "client_erased" in kinds:
        return Verdict.ERASED, None
    return (Verdict.DECIDED, None) if kinds else _restored(item, live)


def _client(item: Item, live: Item | None, events: str, as_of_ms: int) -> tuple[Verdict, Item | None]:
    row = audit.row(item["practice"]["S"], item["id"]["S"].encode())
    about_client = list(audit.since(events, row, as_of_ms))
    if any(kind == "client_erased" for kind, _ in about_client):
        return Verdict.ERASED, None
    account_rows = [f"{item['practice']['S']}#{key}" for key in _account_keys(item)]
    about_accounts = {kind for row in account_rows for kind, _ in audit.since(events, row, as_of_ms)}
    kinds = {kind for kind, _ in about_client} | about_accounts
    if live is not None and kinds & (REVOKING_EVENTS | {"client_changed"}):
        return Verdict.DECIDED, None
    removed = {reason for kind, reason in about_client if kind == "profile_revoked"}
    contacts = [contact for contact in item["contacts"]["L"] if contact["M"]["id"]["S"] not in removed]
    revision = int((live or item)["revision"]["N"]) + 1
    return _restored(item | {"contacts": {"L": contacts}, "revision": _number(revision)}, live)


def _account_keys(item: Item) -> Iterator[str]:
    """Yield the keys of the client's and the contacts' accounts, in base64url as in the audit log."""
    for key in [item.get("access"), *(contact["M"]["account"] for contact in item["contacts"]["L"])]:
        if key and "B" in key:
            yield base64.urlsafe_b64encode(bytes(key["B"])).rstrip(b"=").decode()


def _number(value: int) -> dict[str, str]:
    return {"N": str(value)}
