"""Guards of mail: jobs, letters and reports."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import drop_condition, never, only_exists, replace_argument, replace_constant, skip_raise

MAIL = [
    *guards_in(
        "rules/mail.py",
        "tests/rules/test_mail.py",
        ("a mail job of an older epoch", "skip_reason", drop_condition("epoch")),
        ("a mail job without consent", "skip_reason", never("email_ok")),
        ("a mail job for a suppressed address", "skip_reason", never("suppressed")),
        ("a mail job that is too old", "skip_reason", never("is_late")),
    ),
    *guards_in(
        "mail/link_letters.py",
        "tests/functions/send_mail",
        (
            "letters go to the address on file",
            "render",
            replace_argument("LinkMail", "address", "'typed@example.com'"),
        ),
    ),
    *guards_in(
        "mail/ses.py",
        "tests/functions/send_mail",
        # the other setting is then given twice, and this one not at all
        ("links that SES does not rewrite", "send", replace_constant("ClickTrackingEnabled", "OpenTrackingEnabled")),
        ("a letter that SES will never accept", "send", skip_raise("Rejected")),
    ),
    *guards_in(
        "store/mail_status.py",
        "tests/functions/mail_events",
        ("a report about another mail of the version before", "_is_by_last_message", drop_condition("message_id")),
        ("a late report of the version before", "_is_by_last_message", drop_condition("before")),
        ("a report about another practice", "apply_report", only_exists("AccountItem.practice")),
        (
            "a report of mail from before a confirmation",
            "apply_report",
            drop_condition("confirmed_at", "does_not_exist", "sent_at"),
        ),
    ),
    *guards_in(
        "store/mail_status.py",
        "tests/functions/test_newest_mail.py",
        ("a report about an older mail", "_is_by_newest_job", drop_condition("is_newer")),
        ("a report that comes late", "_is_by_newest_job", drop_condition("before")),
        ("a job that comes again after a report", "write", drop_condition("is_reported")),
    ),
]
