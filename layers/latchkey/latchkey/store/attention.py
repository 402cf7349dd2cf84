"""The list of accounts whose people may be stuck, from an index of the accounts."""

import re
from dataclasses import dataclass, field

from latchkey import tokens
from latchkey.rules.accounts import AccountKey
from latchkey.store.accounts import AccountItem, AttentionIndex

POSITION = re.compile(r"(\d{1,12})#([A-Za-z0-9_-]{22})")
"""Matches the position of an entry: its time and the account's key. Any other text is the start of the list."""


@dataclass(frozen=True, slots=True)
class AttentionEntry:
    """An account that may need attention."""

    account_key: AccountKey = field(repr=False)
    client: str
    """The id of the client it is about: the account's owner, else the first profile that it opens."""
    position: str
    """The position of the entry in the list."""


def needing_attention(practice: str, now: int, max_count: int, after: str | None = None) -> list[AttentionEntry]:
    """Return up to `max_count` accounts that have needed attention since before `now`, newest first.

    `now` is Unix seconds, `after` the position to go on from. Some of the accounts may no longer need attention.
    """
    start = None
    if after and (found := POSITION.fullmatch(after)):
        start = {"practice": {"S": practice}, "attention_from": {"N": found[1]}, "key": {"S": found[2]}}
    rows = AccountItem.by_attention.query(
        practice,
        AttentionIndex.attention_from < now,
        scan_index_forward=False,
        limit=max_count,
        last_evaluated_key=start,
    )
    return [
        AttentionEntry(AccountKey(tokens.base64url_decode(row.key) or b""), client, f"{row.attention_from}#{row.key}")
        for row in rows
        if (client := row.owner or next((profile.id for profile in row.profiles or ()), None))
    ]
