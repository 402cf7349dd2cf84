"""Guards of requests and responses: origins, hosts, logs, time limits and caches."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
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
        "http/origins.py",
        "tests/functions/test_dispatch.py",
        ("a form of another origin", "check_same_origin", skip_raise("OriginRefused", near="request.origin")),
        ("a form of another site", "check_same_origin", skip_raise("OriginRefused", near="'same-origin'")),
        ("a form without an origin", "check_same_origin", skip_raise("OriginRefused", near="sends_json")),
        ("another host", "portal_origin", skip_raise("PageUnknown")),
    ),
    *guards_in(
        "http/origins.py",
        "tests/attacks/test_sources.py",
        ("a request that bypasses CloudFront", "with_viewer_source", skip_raise("OriginBypassed")),
        ("the source that CloudFront saw", "with_viewer_source", drop_argument("replace", "source_ip")),
    ),
    *guards_in(
        "web/authorizer.py",
        "tests/functions/session",
        ("a page of another site at a service", "_checked", skip_call("check_same_origin")),
        ("two practices in path and header", "_practice_of", skip_raise("'practice_ambiguous'")),
    ),
    *guards_in(
        "rules/sessions.py",
        "tests/functions/session",
        ("features that a practice has switched off", "LiveSession.features_at", drop_condition("practice")),
    ),
    *guards_in(
        "web/return_paths.py",
        "tests/functions/test_return_paths.py",
        ("a page elsewhere to come back to", "in_query", drop_condition("is_return_path")),
        ("the length of a path to come back to", "_query_value", drop_condition("MAX_LENGTH")),
        ("a planted path to come back to", "find", drop_condition("is_return_path")),
        ("a planted path to come back to after the choice of a profile", "in_cookie", drop_condition("is_return_path")),
    ),
    *guards_in(
        "rules/web_addresses.py",
        "tests/functions/test_return_paths.py",
        ("the console as a service to come back to", "is_return_path", drop_condition("RESERVED_SLUGS")),
    ),
    *guards_in(
        "web/link_pages.py",
        "tests/functions/test_expected_letters.py",
        ("links of another address on the page of a wait", "wait", drop_condition("is_of")),
    ),
    *guards_in(
        "web/canonical_paths.py",
        "tests/functions/test_typed_paths.py",
        ("a redirect to a practice that does not exist", "redirect", skip_call("get_cached")),
    ),
    *guards_in(
        "functions/session/handler.py",
        "tests/functions/test_visit_language.py",
        ("a language that only a prefetch has", "show_home", drop_condition("counts_as_activity")),
    ),
    *guards_in(
        "log.py",
        "tests/functions/test_dispatch.py",
        (
            "the words of a fault",
            "log_fault",
            replace_argument(
                "_write", "'where'", '{"fault": str(error), "where": where, "support_code": support_code}'
            ),
        ),
    ),
    *guards_in(
        "http/responses.py",
        "tests/functions/test_dispatch.py",
        ("browsers store no response", "SECURITY_HEADERS", replace_constant("no-store", "private")),
    ),
    *guards_in(
        "aws.py",
        "tests/functions/redeem_link",
        ("a call that could outlast the function", "_refuse_late_try", skip_raise("DeadlineTooClose")),
    ),
    *guards_in(
        "transport/botocore_client.py",
        "tests/test_aws.py",
        ("a response that is cut off", "BotocoreClient._retry_decision", skip_raise("ConnectionClosedError")),
    ),
    *guards_in(
        "transport/client.py",
        "tests/transport/test_connections.py",
        ("a response with a wrong checksum", "JsonClient._result", skip_raise("_distrusted", near="checksum")),
        ("a response that is no JSON object", "JsonClient._result", skip_raise("_distrusted", near="document")),
        ("a mail that is sent twice", "JsonClient.send", skip_raise("ConnectionClosedError")),
    ),
    *guards_in(
        "transport/connections.py",
        "tests/transport/test_connections.py",
        ("a header with a line break", "_Connection.send_request", skip_raise("ValueError")),
        ("a connection that holds another response", "Endpoint._take", always("is_usable")),
        ("bytes after a response", "Endpoint._exchange", drop_condition("has_more")),
    ),
    *guards_in(
        "transport/responses.py",
        "tests/transport/test_connections.py",
        ("a response without a length", "_body", drop_condition("None")),
        ("a response that is too long", "_body", drop_condition("MAX_BODY_BYTES")),
        ("a response with two lengths", "ResponseReader._read_usual", drop_condition("lines")),
        ("a response with a length and chunks", "ResponseReader._read_usual", drop_condition("'transfer-encoding'")),
        ("a usual response that ends early", "ResponseReader._read_usual", skip_raise("IncompleteRead")),
        ("a response that drips", "_TimedSocket.readinto", skip_call("settimeout")),
    ),
    *guards_in(
        "transport/signature.py",
        "tests/transport/test_signature.py",
        ("the signature of the body", "sign", replace_argument("sha256", 0, "b''", near="body")),
    ),
    *guards_in(
        "rules/addresses.py",
        "tests/rules/test_addresses.py",
        ("a domain that becomes another", "_validate_uncommon", drop_condition("_becomes_another")),
        ("an address that goes on after a plain one", "canonical", replace_name("fullmatch", "match")),
    ),
    *guards_in(
        "caches.py",
        "tests/test_caches.py tests/test_keys.py",
        ("a stale key while no newer one can be read", "Cache.get", drop_condition("STALE_SECONDS")),
        ("a refresh that takes too long", "Cache.get", replace_argument("within", "REFRESH_SECONDS", "60")),
        ("a refresh that has just failed", "Cache.get", drop_condition("_is_due")),
    ),
    *guards_in(
        "store/practices.py",
        "tests/store/test_practices.py",
        ("a practice that was deleted, in an outage", "get_cached", skip_call("forget")),
    ),
    *guards_in(
        "identity/jwks.py",
        "tests/identity/test_jwks.py",
        ("a provider's keys that must not be cached", "signing_keys", skip_call("forget")),
    ),
]
