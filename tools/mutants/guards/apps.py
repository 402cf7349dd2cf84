"""Guards of the sign-in of apps: codes, refresh tokens and devices."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import drop_condition, replace_argument, skip_call, skip_raise

TESTS = "tests/functions/test_app.py"
STORE = "tests/store/test_devices.py"

APPS = [
    *guards_in(
        "rules/app_codes.py",
        TESTS,
        ("an app code of another device", "check", skip_raise("AppCodeRefused", near="sent")),
    ),
    *guards_in(
        "rules/app_codes.py",
        "tests/api/test_devices.py",
        ("an app code after access has ended", "check", skip_raise("AppCodeRefused", near="may_sign_in")),
    ),
    *guards_in(
        "store/app_codes.py",
        TESTS,
        ("five tries of an app code", "count_try", skip_call("upsert")),
        ("a challenge that was used makes no second code", "save", replace_argument("upsert", "condition", "None")),
    ),
    *guards_in(
        "store/app_codes.py",
        STORE,
        ("an app code is used once", "use_in", drop_condition("is_used")),
    ),
    *guards_in(
        "rules/devices.py",
        TESTS,
        ("an old refresh token", "check_refresh", skip_raise("RefreshTokenReused")),
        ("a device ends after ninety days", "AppDevice.is_live", drop_condition("ends_at")),
    ),
    *guards_in(
        "rules/devices.py",
        "tests/api/test_devices.py",
        ("a device of an older epoch", "AppDevice.is_live", drop_condition("belongs_to")),
        ("a device on a profile that was taken away", "AppDevice.is_live", drop_condition("may_open_profile_of")),
    ),
    *guards_in(
        "store/devices.py",
        TESTS,
        ("the end of a device whose token was reused", "refresh", skip_call("end")),
    ),
    *guards_in(
        "store/devices.py",
        STORE,
        (
            "a refresh token that another request has replaced",
            "_renew",
            replace_argument("update", "condition", "None"),
        ),
    ),
    *guards_in(
        "store/sessions.py",
        STORE,
        (
            "the end of an app's session ends its device",
            "end",
            replace_argument("upsert", "condition", "holds(live.session)"),
        ),
    ),
    *guards_in(
        "web/current_session.py",
        TESTS,
        ("an app's token is no cookie", "require", replace_argument("find", 3, "tokens.session_digest")),
    ),
    *guards_in(
        "functions/app/handler.py",
        TESTS,
        ("a form gets no session of an app", "give_session", skip_raise("BodyInvalid")),
        ("refused app codes are counted", "give_session", skip_call("count_source")),
    ),
]
