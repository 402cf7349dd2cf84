"""Guards of clinicians' requests: their tokens and roles, and decisions about access."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    replace_argument,
    replace_call,
    skip_call,
    skip_raise,
)

CLINICIANS = [
    *guards_in(
        "admin/claims.py",
        "tests/admin/test_authorisation.py",
        ("the issuer of a token", "subject", skip_raise("TokenRefused", near="token_issuer")),
        ("a token for something else", "subject", skip_raise("TokenRefused", near="'token_use'")),
        ("the client of a token", "subject", skip_raise("TokenRefused", near="token_client_ids")),
        ("the scope of a token", "subject", skip_raise("TokenRefused", near="token_scope")),
    ),
    *guards_in(
        "admin/door.py",
        "tests/admin/test_authorisation.py",
        ("who is a member", "_allowed", replace_call("role_of", "rule.role")),
        ("what a role may do", "_allowed", skip_raise("RoleMissing")),
        ("who came and is no member", "_allowed", skip_call("_note_stranger")),
    ),
    *guards_in(
        "rules/access.py",
        "tests/admin/test_contacts.py",
        (
            "a contact's consent that is taken back",
            "add_contact",
            replace_argument("replace", "email_ok", "contact.email.email_ok or granted.email_ok"),
        ),
        (
            "a client's own consent",
            "add_contact",
            replace_argument("replace", "email_ok", "contact.email.email_ok"),
        ),
        ("who confirms a contact's address", "add_contact", drop_condition("again")),
        ("who confirms a client's own address", "add_contact", drop_condition("owner", near="_confirmed")),
        ("a contact's next Google account", "_losing", drop_argument("replace", "google")),
    ),
    *guards_in(
        "rules/access.py",
        "tests/admin/test_opened_by_others.py",
        ("access that ends while others open the profile", "disable", skip_call("_check_nobody_else")),
        ("sessions that end while others open the profile", "end_sessions", skip_call("_check_nobody_else")),
        ("a Google Account of others", "unbind_google", skip_call("_check_nobody_else")),
        ("a client who is a contact of theirs too", "opened_by_others", replace_call("own_account", "None")),
        ("a contact whose access has ended", "opened_by_others", drop_condition("may_sign_in")),
    ),
    *guards_in(
        "rules/access.py",
        "tests/admin/test_events.py",
        ("what is told of another client", "told_of", never("owner")),
    ),
    *guards_in(
        "admin/diagnosis.py",
        "tests/admin/test_diagnosis.py",
        (
            "a lock that known browsers wait for",
            "_lock",
            replace_argument("Lock", "known_browsers_until", "None"),
        ),
        ("advice where no mail would come", "_Case.can_use", always("can_receive_mail")),
    ),
    *guards_in(
        "admin/events.py",
        "tests/admin/test_events.py",
        ("what is told from before", "get_events", always("created_at")),
    ),
    *guards_in(
        "store/replays.py",
        "tests/admin/test_repeats.py",
        ("a send that is under way", "begin", drop_argument("save", "condition")),
        ("a key that stands for another request", "begin", skip_raise("KeyReused")),
        ("our own claim, whose answer was lost", "begin", never("attempt")),
    ),
]
