"""Guards of links: their making, opening and use."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    replace_argument,
    replace_call,
    shift_boundary,
    skip_call,
    skip_raise,
)

LINKS = [
    *guards_in(
        "rules/links.py",
        "tests/rules/test_links.py",
        ("a link's end, when it is looked at", "check", shift_boundary("expires_at")),
        ("a link of before a disable", "check", drop_condition("epoch")),
        ("a link that was replaced", "check", skip_raise("LinkReplaced")),
        ("a link that was used", "check", skip_raise("LinkUsed")),
        ("a link of ended access", "check", drop_condition("may_sign_in")),
    ),
    *guards_in(
        "store/links.py",
        "tests/store/test_links.py",
        ("a link's end, when it is spent", "_spending", drop_condition("expires_at")),
        ("a link's digest", "_spending", drop_condition("digest")),
        ("a link's state", "_spending", drop_condition("state")),
        ("a link's epoch", "_spending", drop_condition("epoch")),
        ("the order of links", "mint", drop_argument("write", "condition")),
        ("a link that was used and is mailed again", "mint", drop_condition("state")),
    ),
    *guards_in(
        "functions/redeem_link/handler.py",
        "tests/functions/test_redeem_link.py tests/functions/test_request_link.py",
        ("a prefetch", "_asked_here", drop_condition("prefetched")),
        ("an invitation is never opened by looking", "_asked_here", drop_condition("kind")),
        ("a HEAD", "_asked_here", drop_condition("method")),
        ("the browser that asked", "_asked_here", drop_condition("same")),
        ("whose session a used link leads to", "_home_again", drop_condition("account.key")),
        ("the limit on opening by a press", "press", skip_call("take_by_source")),
        ("how many rows a dead link leaves", "_write_down", skip_call("take_by_source")),
    ),
    *guards_in(
        "web/arrivals.py",
        "tests/functions/test_redeem_link.py",
        ("a switch that nobody asked for", "ask_before_switching", skip_raise("SwitchUnasked")),
    ),
    *guards_in(
        "tokens.py",
        "tests/test_tokens.py",
        ("one spelling of base64", "decode", always("encode")),
        ("a link's practice", "read_link", replace_argument("links", "practice", "'willow'")),
        ("a link's secret", "read_link", always("compare_digest")),
        ("a seal", "unseal", always("compare_digest")),
        ("the lengths of what is hashed", "_framed", replace_call("to_bytes", "b''")),
        ("a pepper that is gone", "pin_hash", always("pepper")),
        ("a session of another practice", "session_digest", drop_argument("_digest", "practice")),
    ),
]
