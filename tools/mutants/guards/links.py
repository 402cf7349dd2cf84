"""Guards of links: how they are made, opened and consumed."""

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
        ("a link's expiry, when it is checked", "check", shift_boundary("expires_at")),
        ("a link of an older epoch, when it is checked", "check", drop_condition("epoch")),
        ("a link that was replaced", "check", skip_raise("LinkReplaced")),
        ("a link that was used", "check", skip_raise("LinkUsed")),
        ("a link without access", "check", drop_condition("may_sign_in")),
    ),
    *guards_in(
        "store/links.py",
        "tests/store/test_links.py",
        ("a link's expiry, when it is consumed", "LinkProof.consuming_write", drop_condition("expires_at")),
        ("a link's digest, when it is consumed", "LinkProof.consuming_write", drop_condition("digest")),
        ("a link's state, when it is consumed", "LinkProof.consuming_write", drop_condition("state")),
        ("a link's epoch, when it is consumed", "LinkProof.consuming_write", drop_condition("epoch")),
        ("the order of links", "mint", drop_argument("upsert", "condition")),
        ("a used link whose mail job is delivered again", "mint", drop_condition("state")),
    ),
    *guards_in(
        "functions/redeem_link/handler.py",
        "tests/functions/redeem_link tests/functions/request_link",
        ("a prefetch and a HEAD consume no link", "open_link", drop_condition("counts_as_activity")),
        ("an invitation is not consumed by a GET", "open_link", drop_condition("kind")),
        ("only the browser that requested the link", "open_link", drop_condition("is_requested_link")),
        ("the account whose session a used link leads to", "_is_signed_in", drop_condition("account.key")),
        ("the rate limit on unknown links", "redeem_link", skip_call("count_source")),
        ("the rate limit on audit events of dead links", "_audit", skip_call("count_source")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/redeem_link",
        ("the link that the browser requested", "is_requested_link", drop_condition("constant_time_equal")),
    ),
    *guards_in(
        "web/current_session.py",
        "tests/functions/redeem_link",
        (
            "consent to switch accounts, whatever the sign-in method",
            "require_switch_consent",
            skip_raise("AccountSwitchRefused"),
        ),
    ),
    *guards_in(
        "tokens.py",
        "tests/test_tokens.py",
        ("one spelling of base64url", "base64url_decode", always("base64url_encode")),
        ("a link's practice", "verify_link", replace_argument("link_candidates", "practice", "'willow'")),
        ("a link's secret", "verify_link", always("compare_digest")),
        ("a signed cookie's signature", "unsign", always("compare_digest")),
        ("the lengths of what is hashed", "_length_prefixed", replace_call("to_bytes", "b''")),
        ("a session cookie of another practice", "session_digest", drop_argument("_digest", "practice")),
    ),
]
