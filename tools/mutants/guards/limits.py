"""Guards of rate limits."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import (
    always,
    drop_argument,
    drop_condition,
    never,
    only_exists,
    replace_argument,
    replace_constant,
    replace_name,
    skip_call,
)

LIMITS = [
    *guards_in(
        "store/budgets.py",
        "tests/store/test_budgets.py",
        ("a full window", "_add", drop_condition("most", near="'ends'")),
        ("what came in between", "_open", only_exists("BudgetItem.revision")),
        ("windows that are open", "_begin", only_exists("BudgetItem.sweep_at")),
        ("what must not be full", "take", skip_call("check")),
        ("giving back to a later window", "_write", replace_name("attempts.set", "add")),
        ("giving back twice", "give_back", replace_argument("write", "condition", "BudgetItem.bucket.exists()")),
        (
            "a source's own buckets",
            "_by_source",
            replace_argument("bucket_of", 2, "tokens.salt()", near="'source'"),
        ),
        ("what must not be full around", "_by_source", replace_constant(1, 2, near="'network'")),
        ("the wider network", "_by_source", skip_call("bucket_of", near="'network'")),
    ),
    *guards_in(
        "store/budgets.py",
        "tests/functions/test_pin.py tests/functions/test_request_link.py",
        ("an act that stays undecided", "reservation", skip_call("undo")),
    ),
    *guards_in(
        "store/budgets.py",
        "tests/store/test_outages.py",
        ("a count that was sent twice", "_add", replace_argument("contains", 0, "'-'")),
    ),
    *guards_in(
        "rules/sources.py",
        "tests/rules/test_sources.py",
        ("IPv4 written as IPv6", "networks", never("ipv4_mapped")),
        ("neighbours in a /64", "networks", replace_constant(64, 128)),
    ),
    *guards_in(
        "functions/request_link/handler.py",
        "tests/functions/test_request_link.py",
        ("a mail that the practice's limit refuses is not counted", "_promise", skip_call("give_back")),
        ("a known browser's own lane", "_promise", never("known", near="'browser'")),
        ("a known browser's share of a practice's mail", "_promise", never("known", near="'practice browser'")),
        (
            "an account's known browsers together",
            "_promise",
            replace_argument("bucket_of", 1, "tokens.request_id()", near="'browser'"),
        ),
        ("a source that known browsers do not pay for", "ask", always("not", "known")),
        ("who has tried wrong addresses", "_take_by_source", drop_argument("take_by_source", "unless")),
        ("an address that gets no mail", "_refusal", never("can_receive_mail")),
        ("what it costs to find addresses", "ask", skip_call("take_by_source")),
        (
            "the practice's limit",
            "_promise",
            replace_argument("bucket_of", 1, "tokens.request_id()", near="'practice'"),
        ),
        ("the limit on asking", "_take_by_source", skip_call("take_by_source")),
    ),
]
