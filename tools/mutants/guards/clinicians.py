"""Guards of clinicians' requests: their tokens, roles and paths, and decisions about access."""

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

IMPORTS = "tests/functions/test_console_imports.py"

CLINICIANS = [
    *guards_in(
        "console/dispatch.py",
        "tests/console/test_forms.py",
        ("the origin of a form of the console", "_respond", skip_call("check_same_origin")),
        ("the token of a form of the console", "_respond_to_form", never("form_id")),
    ),
    *guards_in(
        "tokens.py",
        "tests/console/test_forms.py",
        ("the session that a form of the console belongs to", "form_id_of", always("constant_time_equal")),
    ),
    *guards_in(
        "console/dispatch.py",
        "tests/functions/test_console_systems.py",
        ("a secret that a repeated form must not show again", "_respond_to_form", drop_condition("SHOWN_ONCE")),
    ),
    *guards_in(
        "console/dispatch.py",
        IMPORTS,
        ("the rows of a file in a stored answer", "_respond_to_form", never("is_dry_run")),
    ),
    *guards_in(
        "console/imports.py",
        IMPORTS,
        ("a second press that starts a second import", "check_file", never("problem")),
        ("counts that keep a session alive", "progress_page", drop_condition("FRAME_UPDATES", near="is_done")),
    ),
    *guards_in(
        "rules/import_files.py",
        IMPORTS,
        ("the bytes of a file to import", "read", skip_raise("_invalid", near="MAX_BYTES")),
    ),
    *guards_in(
        "usecases/devices.py",
        "tests/functions/test_console_devices.py",
        ("a device that has ended is not shown", "_live", always("is_live")),
    ),
    *guards_in(
        "console/sign_in.py",
        "tests/console/test_sign_in.py",
        (
            "the browser that started a sign-in to the console",
            "callback",
            skip_raise("ProviderFailed", near="constant_time_equal"),
        ),
        ("the page that a sign-in to the console goes on to", "start", always("fullmatch")),
    ),
    *guards_in(
        "identity/staff.py",
        "tests/functions/test_console_provider.py",
        (
            "the authentication after the idle end of a session in the console",
            "fetch_person",
            skip_raise("ProviderFailed", near="authenticated_at"),
        ),
        (
            "an ID token with another actor's name",
            "fetch_person",
            skip_raise("ProviderFailed", near="may_be_clinician"),
        ),
        (
            "the issuer of the configuration of the clinicians' provider",
            "_discover",
            skip_raise("ProviderFailed", near="token_issuer"),
        ),
    ),
    *guards_in(
        "usecases/letters.py",
        "tests/functions/test_console_practice.py",
        ("a sample to an address that no provider has verified", "send_sample", skip_raise("OwnAddressUnknown")),
    ),
    *guards_in(
        "usecases/members.py",
        "tests/api/test_practice_system.py",
        ("a sign-in that opens another practice too", "start_over", skip_raise("MemberElsewhere")),
        ("a member of another practice who starts over", "start_over", skip_raise("RecordNotFound", near="own")),
    ),
    *guards_in(
        "store/staff_sessions.py",
        "tests/functions/test_console_sessions.py",
        ("the practice of a client that is read with the session", "read", never("role")),
    ),
    *guards_in(
        "console/staff_cookies.py",
        "tests/functions/test_console_attention.py",
        ("the person whose clients were opened last", "_reader", replace_call("subject_in_cookie", '""')),
    ),
    *guards_in(
        "rules/staff.py",
        "tests/rules/test_staff.py",
        (
            "the idle end of a session in the console",
            "check_staff_session",
            skip_raise("SignedOut", near="IDLE_TIMEOUT_SECONDS"),
        ),
        (
            "the absolute end of a session in the console",
            "check_staff_session",
            skip_raise("SignedOut", near="ABSOLUTE_TIMEOUT_SECONDS"),
        ),
    ),
    *guards_in(
        "api/claims.py",
        "tests/api/test_authorisation.py",
        ("the issuer of an access token", "subject", skip_raise("TokenRefused", near="token_issuer")),
        ("the use of an access token", "subject", skip_raise("TokenRefused", near="'token_use'")),
        ("the OAuth client of an access token", "subject", skip_raise("TokenRefused", near="token_client_ids")),
        ("the OAuth scope of an access token", "subject", skip_raise("TokenRefused", near="token_scope")),
        ("an access token with another actor's name", "subject", drop_condition("may_be_clinician")),
    ),
    *guards_in(
        "api/dispatch.py",
        "tests/api/test_dispatch.py",
        (
            "the route that was authorized",
            "_require_authorized_path",
            skip_raise("RecordNotFound", near="openapi_path"),
        ),
        (
            "the parts of the path that were authorized",
            "_require_authorized_path",
            skip_raise("RecordNotFound", near="path_parameters"),
        ),
    ),
    *guards_in(
        "usecases/membership.py",
        "tests/api/test_authorisation.py",
        ("membership of a practice", "authorize", replace_call("role_of", "use_case.role")),
        ("the audit event of a non-member", "authorize_member", skip_call("_audit_non_member")),
    ),
    *guards_in(
        "usecases/membership.py",
        "tests/api/test_dispatch.py",
        (
            "a role is checked before the body is read",
            "authorize_member",
            skip_call("require_role"),
        ),
    ),
    *guards_in(
        "usecases/declaration.py",
        "tests/api/test_authorisation.py",
        ("the role of a use case", "UseCase.require_role", skip_raise("RoleMissing")),
    ),
    *guards_in(
        "usecases/declaration.py",
        "tests/usecases/test_catalog.py",
        ("every call of a use case checks the role", "UseCase.__call__", skip_call("require_role")),
        ("a clinician's limit on PINs", "UseCase.__call__", always("policy")),
    ),
    *guards_in(
        "usecases/rate_limits.py",
        "tests/usecases/test_catalog.py",
        ("a use case that is refused is not counted", "reserve", drop_argument("reserve", "also_on")),
    ),
    *guards_in(
        "rules/contacts.py",
        "tests/api/test_contacts.py",
        (
            "a contact's consent that is withdrawn",
            "add_contact",
            replace_argument("replace", "email_ok", "contact.email.email_ok or granted.email_ok"),
        ),
        (
            "a client's own consent",
            "add_contact",
            replace_argument("replace", "email_ok", "contact.email.email_ok"),
        ),
        ("a contact's address is confirmed by a repeat alone", "add_contact", drop_condition("already_contact")),
        (
            "a client's own address is not confirmed for a contact",
            "add_contact",
            drop_condition("owner", near="confirmed"),
        ),
    ),
    *guards_in(
        "rules/accounts.py",
        "tests/api/test_contacts.py",
        (
            "an identity of a contact who opens nothing",
            "Account.without_profile",
            drop_argument("replace", "identities"),
        ),
    ),
    *guards_in(
        "rules/revocations.py",
        "tests/api/test_opened_by_others.py",
        ("access that ends while others open the profile", "disable", replace_call("_included", "[]")),
        ("sessions that end while others open the profile", "end_sessions", replace_call("_included", "[]")),
        ("an identity of others who open the profile", "unlink_identity", skip_call("_included")),
        ("a contact whom the request does not name", "_included", skip_raise("OpenedByOthers")),
        ("a client who is a contact of theirs too", "openers", replace_call("own_account", "None")),
        ("a contact whose access has ended", "openers", drop_condition("may_sign_in")),
    ),
    *guards_in(
        "store/client_index.py",
        "tests/api/test_client_search.py",
        ("an external id of another client", "require_free_external_id", skip_raise("ExternalIdInUse")),
    ),
    *guards_in(
        "rules/address_changes.py",
        "tests/api/test_client_search.py",
        ("the address of the sign-in stays on file", "remove_address", skip_raise("AccessAddress")),
        ("an address that another client signs in with", "add_address", skip_raise("EmailInUse")),
    ),
    *guards_in(
        "api/dispatch.py",
        "tests/api/test_client_search.py",
        ("a query parameter that nobody knows", "_require_known_query", skip_raise("BodyInvalid")),
    ),
    *guards_in(
        "usecases/practices.py",
        "tests/api/test_practice_system.py",
        ("the mails of an hour are an operator's", "update_practice", skip_raise("RoleMissing")),
    ),
    *guards_in(
        "api/idempotency.py",
        "tests/api/test_practice_system.py",
        ("the digits of a PIN in a stored response", "run_once", always("not", "not_stored")),
    ),
    *guards_in(
        "rules/sessions.py",
        "tests/api/test_opened_by_others.py",
        (
            "a session from before the profile was opened anew",
            "Session.may_open_profile_of",
            drop_condition("profile_grant"),
        ),
    ),
    *guards_in(
        "rules/access.py",
        "tests/api/test_events.py",
        ("audit events of another client", "audit_subjects", never("owner")),
    ),
    *guards_in(
        "usecases/diagnosis.py",
        "tests/api/test_diagnosis.py",
        (
            "a lock that stops known browsers too",
            "_Reader._lock",
            replace_argument("RateLimitState", "known_browsers_until", "None"),
        ),
        ("advice where no mail would come", "PersonFacts.can_use", always("can_receive_mail")),
    ),
    *guards_in(
        "usecases/events.py",
        "tests/api/test_events.py",
        ("audit events from before the client was on file", "_since_on_file", always("created_at")),
        ("a part of the history that is now another client's", "_one_part", never("audit_subjects")),
    ),
    *guards_in(
        "store/idempotency.py",
        "tests/api/test_idempotency.py",
        ("a repeated request while the first is in progress", "save_in_progress", drop_argument("save", "condition")),
        ("an idempotency key of another request", "save_in_progress", skip_raise("IdempotencyKeyReused")),
        ("our own record whose response was lost", "save_in_progress", never("record_owner")),
    ),
    *guards_in(
        "usecases/idempotency.py",
        "tests/api/test_idempotency.py",
        ("a refusal frees its idempotency key", "run_once", skip_call("delete_record")),
    ),
]
