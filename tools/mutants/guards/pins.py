"""Guards of PINs: guesses, expiry and use."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    replace_argument,
    replace_call,
    skip_call,
)

PINS = [
    *guards_in(
        "tokens.py",
        "tests/test_tokens.py",
        ("a pepper that is gone", "hash_pin", always("pepper")),
        ("a PIN's digits", "verify_pin", drop_condition("compare_digest")),
    ),
    *guards_in(
        "store/pins.py",
        "tests/store/test_pins.py tests/functions/pin",
        ("five guesses at a PIN", "count_guess", drop_condition("guesses")),
        ("a hundred consecutive wrong PINs", "count_guess", drop_condition("failures")),
        ("a guess that botocore sent twice", "count_guess", drop_condition("PinItem.guess_ids")),
        (
            "a guess is released once",
            "release_guess",
            replace_argument("upsert", "condition", "PinItem.account_key.exists()"),
        ),
        ("a PIN's expiry, when it is guessed", "count_guess", drop_condition("expires_at")),
        ("a PIN's state, when it is consumed", "PinProof.consuming_write", drop_condition("state")),
        ("a PIN that was replaced", "PinProof.consuming_write", drop_condition("generation")),
        ("a PIN's epoch, when it is consumed", "PinProof.consuming_write", drop_condition("epoch")),
    ),
    *guards_in(
        "store/pins.py",
        "tests/functions/pin",
        ("a PIN without access", "verify", drop_condition("may_sign_in")),
        ("a PIN of an older epoch", "verify", drop_condition("epoch")),
        ("the same time if there is no PIN", "verify", skip_call("verify_pin", near="PinRefused")),
    ),
    *guards_in(
        "functions/pin/handler.py",
        "tests/functions/pin",
        ("a right PIN is not counted", "sign_in", skip_call("release_all")),
        ("a guess that an outage leaves undecided", "sign_in", skip_call("on_undecided")),
        ("consent to switch accounts by PIN", "sign_in", skip_call("require_switch_consent")),
        ("a known browser's own limit on guesses", "sign_in", replace_call("is_known_browser", "False")),
    ),
    *guards_in(
        "functions/pin/handler.py",
        "tests/functions/pin tests/attacks/test_retry_after.py",
        ("a source's limit on guesses", "sign_in", drop_argument("add_for_browser", "before_shared")),
        ("an address's wrong PINs", "sign_in", replace_argument("add_for_browser", "key", "tokens.random_salt()")),
        (
            "a practice's wrong PINs",
            "sign_in",
            replace_argument("reservations.add", "slug", "tokens.random_salt()"),
        ),
    ),
]
