"""Guards of rate limits and reservations."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    only_exists,
    replace_argument,
    replace_call,
    replace_constant,
    replace_name,
    skip_call,
)

LIMITS = [
    *guards_in(
        "rules/limits.py",
        "tests/rules/test_limits.py",
        ("a limit that is reached", "after_one_more", skip_call("check")),
    ),
    *guards_in(
        "rules/limits.py",
        "tests/store/test_limits.py",
        (
            "a limit that must have room and is not counted",
            "after_one_more",
            replace_argument("check", "blocked_by", "limits"),
        ),
    ),
    *guards_in(
        "store/limits.py",
        "tests/store/test_limits.py",
        ("a window that is full", "_increment", drop_condition("max_count", near="'ends'")),
        ("another request between read and write", "_replace_windows", only_exists("LimitItem.revision")),
        ("windows that are open", "_open_first", only_exists("LimitItem.sweep_at")),
        (
            "a reservation is not released from a later window",
            "_put_windows",
            replace_name("reservation_ids.set", "add"),
        ),
        (
            "a reservation is released once",
            "release",
            replace_argument("upsert", "condition", "LimitItem.scope_key.exists()"),
        ),
        ("the scope of a source", "_scopes_of", replace_argument("scope_key", "subscriber", "tokens.random_salt()")),
        ("the blocking limit of a network", "_scopes_of", never("blocked_by.network")),
        ("the scope of a network", "_scopes_of", skip_call("scope_key", near="source.network")),
    ),
    *guards_in(
        "store/limits.py",
        "tests/store/test_limits.py tests/functions/pin tests/functions/request_link",
        ("an operation that an outage leaves undecided", "reserve", skip_call("release_undecided")),
        ("reservations of an undecided operation", "Reservations.release_undecided", skip_call("release_all")),
    ),
    *guards_in(
        "store/limits.py",
        "tests/functions/pin",
        ("what is undone after an outage", "Reservations.release_undecided", skip_call("undo")),
        ("a PIN that the practice's limit refuses is not counted", "Reservations._cancel", skip_call("release_all")),
    ),
    *guards_in(
        "store/limits.py",
        "tests/functions/request_link",
        ("a mail that the practice's limit refuses is not counted", "Reservations._add", skip_call("_cancel")),
        (
            "an account's known browsers count together",
            "Reservations.add_for_browser",
            replace_argument("scope_key", "subject", "tokens.random_id()"),
        ),
    ),
    *guards_in(
        "store/limits.py",
        "tests/store/test_outages.py",
        ("a count that botocore sent twice", "_increment", replace_argument("contains", 0, "'-'")),
    ),
    *guards_in(
        "rules/sources.py",
        "tests/rules/test_sources.py",
        ("IPv4 written as IPv6", "parse", never("ipv4_mapped")),
        ("addresses of one /64", "parse", replace_constant(64, 128)),
    ),
    *guards_in(
        "functions/request_link/handler.py",
        "tests/functions/request_link",
        (
            "a known browser's own limit on links",
            "request_link",
            replace_argument("add_for_browser", "known", "False", near="REQUEST_LINK_PER_ADDRESS"),
        ),
        (
            "known browsers' own limit on a practice's mail",
            "request_link",
            replace_argument("add_for_browser", "known", "False", near="mail_per_practice"),
        ),
        ("a known browser does not count for its source", "request_link", always("not", "known_browser")),
        ("a source that has guessed addresses", "request_link", drop_argument("partial", "blocked_by")),
        ("the limit on guessing addresses", "request_link", skip_call("add_source")),
        (
            "a practice's limit on mail",
            "request_link",
            replace_argument("add_for_browser", "slug", "tokens.random_id()", near="mail_per_practice"),
        ),
        ("a source's limit on requesting links", "request_link", replace_call("partial", "(lambda: None)")),
    ),
    *guards_in(
        "rules/mail.py",
        "tests/functions/request_link",
        ("a link for an address that receives no mail", "refusal_of_link", never("can_receive_mail")),
    ),
]
