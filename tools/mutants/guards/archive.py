"""Guards of the audit's archive, and of releases."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import drop_argument, never, skip_call, skip_raise

AUDIT = "tests/operate/audit"

ARCHIVE = [
    *guards_in(
        "archive/verification.py",
        AUDIT,
        ("the content of an archived object", "_read", never("content_digest")),
        ("the history of an archived object", "_read", skip_call("_check_history")),
        ("the place of a digest in the chain", "_check_digest", never("previous")),
        ("rows that were changed in the audit table", "_compare", never("found", "row")),
        ("rows that only the audit table has", "missing", never("known")),
        ("rows with an invented time", "_written_before", never("_is_backdated")),
    ),
    *guards_in(
        "archive/storage.py",
        AUDIT,
        ("an archived object that is written once", "Archive.add", drop_argument("put_object", "IfNoneMatch")),
    ),
    *guards_in(
        "operate/copying.py",
        "tests/operate/test_copying.py",
        ("a copy that goes on with its own options", "Progress.read", skip_raise("CommandError")),
    ),
    *guards_in(
        "operate/change_sets.py",
        "tests/operate/test_deployment.py",
        ("a release that would remove a table", "propose", skip_raise("lost")),
    ),
    *guards_in(
        "operate/packages.py",
        "tests/operate/test_deployment.py",
        ("the digest of a release", "check", skip_raise("digest")),
        ("the digest of each uploaded object", "check", skip_raise("place")),
    ),
    *guards_in(
        "operate/change_sets.py",
        "tests/operate/test_deployment.py",
        ("the template of a change set", "execute", never("template")),
        ("a change set that is named by its ARN", "execute", never("startswith")),
    ),
]
