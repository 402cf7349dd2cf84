"""Guards of practice systems and of events for other systems."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_condition,
    never,
    only_exists,
    replace_argument,
    replace_name,
    skip_raise,
)

INTEGRATIONS = [
    *guards_in(
        "store/machines.py",
        "tests/api/test_machines.py",
        ("the secret of a practice system", "use", drop_condition("digest")),
        ("the revocation of credentials, before a token is made", "use", drop_condition("revoked_at")),
        ("the revocation of credentials, at a request", "of_token", never("revoked_at")),
        ("the end of a practice system's access token", "of_token", never("expires_at")),
    ),
    *guards_in(
        "usecases/machine_tokens.py",
        "tests/api/test_machines.py",
        ("the access token of a practice system", "_machine", skip_raise("TokenRefused", near="machine")),
    ),
    *guards_in(
        "store/imports.py",
        "tests/api/test_imports.py",
        ("a row that is put on file once", "decide_in", only_exists("ImportRowItem.status")),
        ("a practice's imports, one after the other", "take_lease", replace_argument("upsert", "condition", "None")),
    ),
    *guards_in(
        "store/imports.py",
        "tests/functions/imports",
        ("what is stored of a file, after a row is decided", "_decided", replace_name("CONTENT", "CONTENT[:0]")),
    ),
    *guards_in(
        "webhooks/connections.py",
        "tests/webhooks/test_connections.py",
        ("the target of a webhook", "send", always("is_allowed_target")),
    ),
    *guards_in(
        "rules/webhooks.py",
        "tests/rules/test_webhooks.py",
        ("the addresses inside an IPv6 address", "is_allowed_target", never("inner")),
    ),
]
