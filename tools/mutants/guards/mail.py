"""Guards of mail: jobs, letters and reports."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import drop_condition, never, only_exists, replace_argument, replace_constant, skip_raise

MAIL = [
    *guards_in(
        "rules/jobs.py",
        "tests/rules/test_jobs.py",
        ("a promise of before a disable", "void", drop_condition("epoch")),
        ("consent", "void", never("email_ok")),
        ("an address that bounced", "void", never("suppressed")),
        ("a promise that is too old", "void", never("KEEP_SECONDS")),
    ),
    *guards_in(
        "functions/send_mail/handler.py",
        "tests/functions/test_send_mail.py",
        ("the stored address", "_letter_with", replace_argument("Errand", "address", "'typed@example.com'")),
    ),
    *guards_in(
        "mail/ses.py",
        "tests/functions/test_send_mail.py",
        # the other setting is then given twice, and this one not at all
        ("links that nobody rewrites", "send", replace_constant("ClickTrackingEnabled", "OpenTrackingEnabled")),
        ("mail that SES will never take", "send", skip_raise("Rejected")),
    ),
    *guards_in(
        "store/accounts.py",
        "tests/functions/test_mail_events.py",
        ("reports that a later mail has overtaken", "note_report", drop_condition("message_id")),
        ("reports that come late", "note_report", drop_condition("email_status")),
        ("reports about another practice", "note_report", only_exists("AccountItem.practice")),
        (
            "reports of mail from before a confirmation",
            "note_report",
            drop_condition("confirmed_at", "does_not_exist", "sent_at"),
        ),
    ),
]
