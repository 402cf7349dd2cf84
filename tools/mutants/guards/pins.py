"""Guards of PINs: their guesses, life and use."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    drop_argument,
    drop_condition,
    replace_argument,
    replace_call,
    skip_call,
)

PINS = [
    *guards_in(
        "store/pins.py",
        "tests/store/test_pins.py tests/functions/test_pin.py",
        ("a PIN's five tries", "take_attempt", drop_condition("attempts")),
        ("a hundred wrong PINs in a row", "take_attempt", drop_condition("failures")),
        ("a try that was sent twice", "take_attempt", drop_condition("PinItem.tries")),
        (
            "giving a try back twice",
            "give_back_attempt",
            replace_argument("write", "condition", "PinItem.account.exists()"),
        ),
        ("a PIN's end, when it is tried", "take_attempt", drop_condition("expires_at")),
        ("a PIN's state, when it is spent", "_spending", drop_condition("state")),
        ("a PIN that was made anew", "_spending", drop_condition("generation")),
        ("a PIN's epoch", "_spending", drop_condition("epoch")),
    ),
    *guards_in(
        "functions/pin/handler.py",
        "tests/functions/test_pin.py",
        ("a right PIN", "_proven", drop_condition("same")),
        ("a PIN of ended access", "_proven", drop_condition("may_sign_in")),
        ("a PIN of before a disable", "_proven", drop_condition("epoch")),
        ("a right PIN is not counted", "sign_in", skip_call("release")),
        ("a PIN that the practice's limit refuses is not counted", "_reserve", skip_call("give_back")),
        ("a try that stays undecided", "_proven", skip_call("if_undecided")),
        ("a switch by PIN that nobody asked for", "sign_in", skip_call("ask_before_switching")),
        ("a known browser's own tries", "_take_own", replace_call("knows", "False")),
        ("as long where there is no PIN", "_proven", skip_call("pin_hash")),
    ),
    *guards_in(
        "functions/pin/handler.py",
        "tests/attacks/test_waits.py",
        ("the limit on typing", "_take_own", drop_argument("take_known_first", "otherwise")),
        (
            "an address's wrong PINs",
            "_take_own",
            replace_argument("bucket_of", 1, "tokens.salt()", near="'pin address'"),
        ),
        (
            "the practice's wrong PINs",
            "_reserve",
            replace_argument("bucket_of", 1, "tokens.salt()", near="'pin practice'"),
        ),
    ),
]
