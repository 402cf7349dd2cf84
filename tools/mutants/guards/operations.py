"""Guards of the commands for a deployed stack, and of the probe."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_condition,
    never,
    replace_call,
    replace_constant,
    skip_call,
    skip_raise,
)

STATE = "tests/operate/test_state.py"
RESTORE = "tests/operate/test_restore.py"
AUDIT = "tests/operate/audit"
COPIES = "tests/operate/test_backup_checks.py"
PROBE = "tests/probe/test_steps.py"

OPERATIONS = [
    *guards_in(
        "operate/state.py",
        STATE,
        ("a stack that exists, when one is adopted", "adopt", skip_raise("CommandError", near="exists")),
        ("a stack that was never deleted", "_deleted_stack", skip_raise("CommandError")),
        ("an option that names no state", "_left_behind", skip_raise("CommandError")),
        ("a dry run of the protection", "protect", never("dry_run")),
        ("a stack that cannot be deleted by mistake", "set_protection", skip_call("update_termination_protection")),
        ("a stack policy", "set_protection", skip_call("set_stack_policy")),
        ("what a stack policy denies", "policy", replace_constant("Deny", "Allow")),
        ("a release that would replace state", "endangered", drop_condition("'Replacement'")),
        ("a release that would remove state", "endangered", drop_condition("'Remove'")),
    ),
    *guards_in(
        "operate/restore_rules.py",
        RESTORE,
        ("access that ended after the time of a restore", "_account", always("not", "has_ended")),
        ("a decision about an account after the time of a restore", "_account", drop_condition("has_ended")),
        ("an erased client's account, in a restore", "_account", never("'client_erased'")),
        ("an erased client, in a restore", "_client", never("'client_erased'")),
        ("a contact who was removed after the time of a restore", "_client", always("removed")),
        ("what a clinician changed after the time of a restore", "decide", never("changed")),
        (
            "a new epoch of each restored account",
            "_with_new_epoch",
            replace_call("max", "int(item['epoch']['N'])", near="now"),
        ),
        ("a suppressed address, in a restore", "_with_new_epoch", never("'suppressed'")),
    ),
    *guards_in(
        "operate/restore.py",
        RESTORE,
        (
            "an item that somebody writes while it is restored",
            "_copy_item",
            replace_constant("attribute_not_exists(#key)", "attribute_not_exists(no) OR attribute_exists(#key)"),
        ),
        ("an item that somebody changes while it is restored", "_copy_item", replace_constant(" = :seen", " <> :seen")),
        ("a dry run of a restore", "_copy_item", drop_condition("dry_run")),
    ),
    *guards_in(
        "operate/copying.py",
        "tests/operate/test_copying.py",
        ("the place where a copy was stopped", "walk", replace_call("places.get", "{}")),
        ("the segments of other machines", "Part.segments", replace_constant(1, 0)),
    ),
    *guards_in(
        "operate/audit_archive.py",
        AUDIT,
        ("a day that is over and has no digest", "verify", drop_condition("is_closed", near="last_closed")),
        ("rows of a restore that nobody names", "verify", always("restored_on")),
        ("refilled rows that nobody names", "verify", always("refilled_on")),
        ("rows that only the table has, in the command", "verify", never("skip_table_scan")),
        ("rows without a time, in a refill", "refill", always("_has_time")),
        ("a dry run of a refill", "refill", never("dry_run", near="rows")),
    ),
    *guards_in(
        "operate/backup_checks.py",
        COPIES,
        ("a copy that is too old", "copies", never("age", "limit")),
        ("a table without a copy", "copies", never("ages", "name")),
        ("a copy that is not complete", "_in_vault", always("'COMPLETED'")),
        ("a backup that failed", "_failures", never("ENDED_BADLY")),
    ),
    *guards_in(
        "probe/app.py",
        PROBE,
        ("a deployment after a run that failed", "handle", replace_constant("Failed", "Succeeded")),
    ),
    *guards_in(
        "probe/sign_in_run.py",
        PROBE,
        ("the letter of an earlier run", "_wait_for_delivery", drop_condition("is_new", near="'delivered'")),
        ("a session that outlives the sign-out of the probe", "run", skip_call("_expect", near="'signed_out'")),
        ("a session of another sign-in than the probe's", "run", skip_raise("RunFailed")),
    ),
]
