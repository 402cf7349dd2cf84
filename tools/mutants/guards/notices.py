"""Guards of other services' notices, and of the role that they may ask for."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import always, drop_condition, never, replace_call, skip_raise

NOTICES = [
    *guards_in(
        "rules/notices.py",
        "tests/rules/test_notices.py",
        ("a notice that leads elsewhere", "parse", drop_condition("is_return_path")),
        ("HTML in a notice", "_line", drop_condition("HTML")),
        ("line breaks in a notice", "_line", drop_condition("LINE")),
        ("web addresses in a notice", "_line", drop_condition("WEB_ADDRESS")),
        ("too long a notice", "_line", skip_raise("NoticeRefused", near="max_length")),
        ("too many lines of a notice", "_lines", skip_raise("NoticeRefused", near="MAX_LINES")),
    ),
    *guards_in(
        "rules/mail.py",
        "tests/functions/test_send_notice.py",
        ("a notice to a person without access", "skip_reason_of_notice", never("may_sign_in")),
        ("a notice without consent", "skip_reason_of_notice", never("email_ok")),
        ("a notice to a suppressed address", "skip_reason_of_notice", never("suppressed")),
    ),
    *guards_in(
        "store/accounts.py",
        "tests/functions/test_send_notice.py",
        ("an account of another practice", "find_by_id", drop_condition("practice")),
        ("an account that was erased", "find_by_id", drop_condition("address")),
    ),
    *guards_in(
        "store/notices.py",
        "tests/functions/test_send_notice.py",
        ("an id that was sent", "claim", replace_call("save_in_progress", "None")),
    ),
    *guards_in(
        "web/member_check.py",
        "tests/functions/test_member_check.py",
        ("an operator at a practice that does not exist", "_role", always("practices")),
    ),
]
