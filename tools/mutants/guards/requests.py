"""Guards of requests and responses: origins, hosts, logs, time limits and caches."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    drop_argument,
    drop_condition,
    replace_argument,
    replace_constant,
    replace_name,
    skip_call,
    skip_raise,
)

REQUESTS = [
    *guards_in(
        "web/origins.py",
        "tests/functions/test_door.py",
        ("another origin", "check", skip_raise("OriginRefused", near="request.origin")),
        ("another site", "check", skip_raise("OriginRefused", near="'same-origin'")),
        ("a form of no origin", "check", skip_raise("OriginRefused", near="sends_json")),
        ("another host", "portal", skip_raise("PageUnknown")),
    ),
    *guards_in(
        "web/origins.py",
        "tests/attacks/test_sources.py",
        ("a request that goes around CloudFront", "seen", skip_raise("Detoured")),
        ("whom CloudFront saw", "seen", drop_argument("replace", "source")),
    ),
    *guards_in(
        "web/log.py",
        "tests/functions/test_door.py",
        (
            "the words of a fault",
            "failed",
            replace_argument("_write", "'where'", '{"fault": str(error), "where": where, "request_id": reference}'),
        ),
    ),
    *guards_in(
        "web/answers.py",
        "tests/functions/test_door.py",
        ("nothing is kept by browsers", "SECURITY", replace_constant("no-store", "private")),
    ),
    *guards_in(
        "aws.py",
        "tests/functions/test_redeem_link.py",
        ("the time that is left", "_begin", skip_raise("NoTimeLeft")),
    ),
    *guards_in(
        "aws.py",
        "tests/test_aws.py",
        ("an answer that breaks off", "_end", skip_raise("ConnectionClosedError")),
    ),
    *guards_in(
        "rules/addresses.py",
        "tests/rules/test_addresses.py",
        ("a domain that becomes another", "_examined", drop_condition("_becomes_another")),
        ("an address that goes on after a plain one", "canonical", replace_name("fullmatch", "match")),
    ),
    *guards_in(
        "caches.py",
        "tests/test_caches.py tests/test_keys.py",
        ("an old key, when no newer can be read", "Cache.get", drop_condition("STALE_SECONDS")),
        ("a refresh that takes too long", "Cache.get", replace_argument("within", "REFRESH_SECONDS", "60")),
        ("a refresh that has just failed", "Cache.get", drop_condition("_is_due")),
    ),
    *guards_in(
        "store/practices.py",
        "tests/store/test_practices.py",
        ("a practice that is gone, in an outage", "load", skip_call("forget")),
    ),
    *guards_in(
        "google.py",
        "tests/google/test_conversation.py",
        ("keys of Google's that may not be kept", "_certificates", skip_call("forget")),
    ),
]
