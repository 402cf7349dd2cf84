"""Guards of sign-in with Google, and of the cookies that tie a browser to it."""

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
        "google.py",
        "tests/google/test_tokens.py",
        ("the issuer of an ID token", "identify", drop_condition("'iss'")),
        ("an ID token for someone else", "identify", drop_condition("'aud'")),
        ("who had an ID token made", "identify", skip_raise("GoogleFailed", near="'azp'")),
        ("the nonce of an ID token", "identify", drop_condition("same")),
        ("times that are none", "_claims", drop_condition("_timely")),
    ),
    *guards_in(
        "google.py",
        "tests/google/test_road.py",
        ("an address that Google has not verified", "_address", drop_condition("'email_verified'")),
        ("an address that an organisation gives out", "_address", drop_condition("'hd'")),
        ("an address that is not Google's own", "_address", drop_condition("DOMAIN")),
        ("a modifier in Google's address", "_address", drop_condition("'+'")),
    ),
    *guards_in(
        "store/states.py",
        "tests/store/test_states.py tests/google/test_returns.py",
        ("a state that was returned with", "come_back", drop_condition("stage")),
        ("the browser that left", "come_back", drop_condition("browser")),
        ("a state's ten minutes", "come_back", drop_condition("expires_at")),
        ("a Google account that is bound elsewhere", "_spending", drop_argument("Spending", "bound")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/test_cookies.py",
        ("a planted cookie", "_bound", always("same")),
        ("a browser that was here long ago", "browser", never("BROWSER_SECONDS")),
    ),
    *guards_in(
        "web/requests.py",
        "tests/functions/test_cookies.py",
        ("blanks before a cookie's name", "_cookies", drop_argument("strip", 0)),
    ),
    *guards_in(
        "web/typed.py",
        "tests/functions/test_shared_computers.py",
        ("an address whose link was used", "typed_address", replace_call("_signed_in_since", "False")),
        ("an address of a practice with one answer", "typed_address", never("unknown_address")),
    ),
    *guards_in(
        "web/cookies.py",
        "tests/functions/test_shared_computers.py",
        ("an address that was typed long ago", "typed", never("TYPED_SECONDS")),
    ),
    *guards_in(
        "functions/google_callback/handler.py",
        "tests/google/test_returns.py",
        ("a switch by Google that nobody asked for", "_returned", skip_call("ask_before_switching")),
        ("whom a reload leads home", "come_back", drop_condition("signed_in")),
    ),
    *guards_in(
        "functions/google_callback/handler.py",
        "tests/google/test_accounts.py tests/google/test_road.py",
        ("access that ended meanwhile", "_opened", skip_raise("GoogleUnmatched", near="ended_at")),
    ),
    *guards_in(
        "functions/google_callback/handler.py",
        "tests/attacks/test_waits.py",
        ("the limit on leaving for Google", "leave", skip_call("take_by_source")),
    ),
]
