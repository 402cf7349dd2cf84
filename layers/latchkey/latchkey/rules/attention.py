"""Accounts whose people may be stuck, so that a clinician should look. Decisions without I/O."""

from typing import Literal, get_args

from latchkey.rules.accounts import Account, AccountStatus

type AttentionReason = Literal["bounced", "not_signed_in", "pin_refused", "no_consent"]
"""The reason to look: a bounce or complaint, an unused invitation, refused PINs, or a link requested without consent
to mail."""

ATTENTION_REASONS: tuple[AttentionReason, ...] = get_args(AttentionReason.__value__)

INVITED_SECONDS = 3 * 24 * 3600
"""An invitation needs attention after this time."""
REFUSED_PINS = 2
"""Refusals on one day that need no attention yet."""


def reason(
    account: Account, invited_at: int | None, refused_pins: int, now: int, day_started_at: int
) -> AttentionReason | None:
    """Return the reason to look at an account now, or None. All times are Unix seconds.

    `invited_at` is the time of the client's invitation, None for a contact. `refused_pins` is the number of refusals in
    a row. `day_started_at` is the start of the practice's day: refused PINs and missing consent count only on that day.
    """
    if not account.may_sign_in:
        return None
    if account.suppressed or account.email_status in ("bounced", "complained"):
        return "bounced"
    due_at = account.attention_from if account.attention == "not_signed_in" else None
    if invited_at is not None:
        due_at = invited_at + INVITED_SECONDS
    if account.status is AccountStatus.INVITED and due_at is not None and due_at < now:
        return "not_signed_in"
    is_of_today = day_started_at <= (account.attention_from or 0) <= now
    if is_of_today and account.attention == "pin_refused" and refused_pins > REFUSED_PINS:
        return "pin_refused"
    if is_of_today and account.attention == "no_consent" and not account.email_ok:
        return "no_consent"
    return None
