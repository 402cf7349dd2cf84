"""Guards of sign-in with a provider, and of the cookies that tie a browser to it."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    replace_call,
    skip_call,
    skip_raise,
)

PROVIDERS = [
    *guards_in(
        "identity/oidc.py",
        "tests/identity/test_oidc.py",
        ("the issuer of an ID token", "_verified_claims", drop_condition("'iss'")),
        ("the audience of an ID token", "_verified_claims", drop_condition("'aud'")),
        ("the authorized party of an ID token", "_verified_claims", skip_raise("ProviderFailed", near="'azp'")),
        ("the nonce of an ID token", "fetch_claims", drop_condition("constant_time_equal")),
        ("times that are no times", "_verified_claims", drop_condition("_has_valid_times")),
    ),
    *guards_in(
        "rules/identities.py",
        "tests/rules/test_identities.py tests/identity/test_sign_in.py",
        ("an address that the provider has not verified", "verified_address", drop_condition("'email_verified'")),
        ("an address that an organisation gives out", "verified_address", drop_condition("of_organisation")),
        ("an address outside the provider's own domain", "verified_address", drop_condition("policy.domain")),
        ("a modifier in a provider's address", "verified_address", drop_condition("'+'")),
    ),
    *guards_in(
        "rules/identities.py",
        "tests/rules/test_identities.py tests/identity/test_accounts.py",
        (
            "access that ended after the sign-in with a provider started",
            "check_identity",
            skip_raise("IdentityUnmatched", near="ended_at"),
        ),
        ("an identity without access", "check_identity", skip_raise("IdentityUnmatched", near="may_sign_in")),
        ("another identity than the linked one", "check_identity", skip_raise("IdentityUnmatched", near="identities")),
    ),
    *guards_in(
        "store/oauth_states.py",
        "tests/store/test_oauth_states.py tests/identity/test_rejected_callbacks.py",
        ("a state that was returned with", "mark_returned", drop_condition("step")),
        ("the browser that a state belongs to", "mark_returned", drop_condition("browser")),
        ("a state's ten minutes", "mark_returned", drop_condition("expires_at")),
        (
            "an identity that was linked meanwhile",
            "ProviderProof.consuming_write",
            drop_argument("ConsumingWrite", "account_condition"),
        ),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/test_cookies.py",
        ("a planted cookie", "_browser_value", always("constant_time_equal")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/request_link",
        ("the age of a browser's cookie", "browser", never("BROWSER_SECONDS")),
    ),
    *guards_in(
        "http/requests.py",
        "tests/functions/test_cookies.py",
        ("blanks before a cookie's name", "_cookies", drop_argument("strip", 0)),
    ),
    *guards_in(
        "web/typed_address.py",
        "tests/functions/test_shared_computers.py",
        ("a typed address whose link was used", "typed_address", replace_call("_signed_in_since", "False")),
        ("a typed address where all get one answer", "typed_address", never("unknown_address")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/test_shared_computers.py",
        ("the age of a typed address", "typed", never("TYPED_SECONDS")),
    ),
    *guards_in(
        "functions/google_callback/handler.py",
        "tests/identity/test_rejected_callbacks.py",
        ("consent to switch accounts by a provider", "_returned", skip_call("require_switch_consent")),
        ("the account whose session a reloaded callback leads to", "callback", drop_condition("account_signed_in")),
    ),
    *guards_in(
        "functions/google_callback/handler.py",
        "tests/identity/test_sign_in.py",
        ("a source's limit on starting with a provider", "start_sign_in", skip_call("add_source")),
    ),
]
