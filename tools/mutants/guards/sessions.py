"""Guards of sessions and of the requests that carry them."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    replace_constant,
    replace_name,
    shift_boundary,
    skip_call,
    skip_raise,
)

SESSIONS = [
    *guards_in(
        "store/sessions.py",
        "tests/functions/test_redeem_link.py",
        ("a sign-in that nobody can tell from none", "sign_in", drop_argument("Unavailable", "cookie")),
    ),
    *guards_in(
        "rules/sessions.py",
        "tests/rules/test_sessions.py",
        ("a session's silence", "check", shift_boundary("seen_at")),
        ("a session's longest life", "check", skip_raise("SignedOut", near="started_at")),
        ("a session that was ended from elsewhere", "check", drop_condition("not", "known")),
        ("a session of before a disable", "check", drop_condition("epoch")),
        ("a profile that was taken away", "check", skip_raise("SignedOut", near="profile")),
        ("ten sessions at most", "leaving", replace_constant(1, 0)),
        ("who is over and takes a live one's place", "live", always("_stands")),
    ),
    *guards_in(
        "store/sessions.py",
        "tests/store/test_links.py tests/store/test_sessions.py tests/store/test_outages.py",
        ("access that ended a moment ago", "_begin", drop_condition("epoch")),
        ("an account that has changed since it was read", "_begin", drop_condition("revision")),
        ("our own commit, whose answer was lost", "sign_in", never("current")),
        ("a conflict that passes", "_begin", always("passing")),
        ("the session that the browser brought", "_begin", skip_call("delete")),
        ("a session that ended while it was changed", "_change", drop_condition("seen_at")),
    ),
    *guards_in(
        "web/requests.py",
        "tests/functions/test_session.py tests/functions/test_door.py",
        ("two cookies of one name", "Request.cookie", replace_name("len", "bool")),
        ("the length of a body", "Request.body", skip_raise("BodyTooLarge", near="body")),
        ("getting ahead is no activity", "Request.asked_for", drop_condition("prefetched")),
        ("a HEAD is no activity", "Request.asked_for", drop_condition("method")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/test_session.py tests/functions/test_redeem_link.py",
        ("cookies out of reach of scripts", "_set", replace_constant("HttpOnly; ", "")),
        ("cookies of this host", "_name", replace_constant("__Host-", "")),
    ),
]
