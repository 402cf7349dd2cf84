"""Guards of sessions and of the requests that carry them."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    replace_argument,
    replace_constant,
    shift_boundary,
    skip_call,
    skip_raise,
)

SESSIONS = [
    *guards_in(
        "store/sessions.py",
        "tests/functions/redeem_link",
        ("a sign-in that may have been written", "start", drop_argument("Unavailable", "cookie")),
    ),
    *guards_in(
        "rules/sessions.py",
        "tests/rules/test_sessions.py",
        ("a session's idle timeout", "check", shift_boundary("last_active_at")),
        ("a session's absolute timeout", "check", skip_raise("SignedOut", near="started_at")),
        ("a session that was ended from elsewhere", "check", drop_condition("not", "is_listed")),
        ("a session of an older epoch", "Session.belongs_to", drop_condition("epoch")),
        ("a session that was ended while access stays", "Session.belongs_to", drop_condition("session_epoch")),
        ("a session on a profile that was taken away", "check", skip_raise("SignedOut", near="may_open_profile_of")),
        ("at most ten sessions", "place_among", always("slot")),
        ("an ended session takes no live one's place", "place_among", always("_is_live")),
    ),
    *guards_in(
        "store/sessions.py",
        "tests/store/test_links.py",
        ("an account's epoch, when it becomes active", "_update_account_in", drop_condition("epoch")),
        ("the place of a session that another sign-in took", "_store_in", drop_condition("is_unchanged")),
    ),
    *guards_in(
        "store/sessions.py",
        "tests/store/test_outages.py",
        ("our own commit whose response was lost", "start", never("current")),
    ),
    *guards_in(
        "store/dynamodb.py",
        "tests/store/test_outages.py",
        ("a transient conflict between transactions", "write_atomically", always("is_transient")),
    ),
    *guards_in(
        "store/sessions.py",
        "tests/store/test_sessions.py",
        ("the session that the browser sent of another account", "_end_replaced_in", skip_call("update")),
        ("a session that is updated after it ended", "_update", drop_condition("holds")),
        ("a session that ended while it was updated", "_update", drop_condition("last_active_at")),
    ),
    *guards_in(
        "rules/sessions.py",
        "tests/store/test_sessions.py",
        ("a full list of sessions", "free_place", never("slot")),
        ("a session's place that is taken", "_empty_slot", replace_argument("set", "occupied", "()")),
    ),
    *guards_in(
        "http/requests.py",
        "tests/functions/session tests/functions/test_request_bodies.py tests/functions/test_dispatch.py",
        ("two cookies of one name", "_cookies", never("values")),
        ("the length of a body", "Request.body_bytes", skip_raise("BodyTooLarge", near="body")),
        ("a prefetch is no activity", "Request.counts_as_activity", drop_condition("is_prefetch")),
        ("a HEAD is no activity", "Request.counts_as_activity", drop_condition("method")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/session tests/functions/redeem_link",
        ("cookies out of reach of scripts", "_set", replace_constant("HttpOnly; ", "")),
        ("cookies of this host", "_practice_name", replace_constant("__Host-", "")),
    ),
]
