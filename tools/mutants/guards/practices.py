"""Guards of what a practice gives and pages show: logos, and the addresses that pages link to."""

from tools.mutants.guard import guards_in
from tools.mutants.operators import drop_condition, never, skip_raise

PRACTICES = [
    *guards_in(
        "rules/web_addresses.py",
        "tests/rules/test_items.py",
        ("an item's path of usual characters", "is_path_below", drop_condition("PATH")),
        ("an item's path without an empty segment", "is_path_below", drop_condition("''")),
        ("an item's path without dots that resolve", "is_path_below", drop_condition("_resolves_elsewhere")),
        ("an address without a user", "is_web_address", drop_condition("username")),
        ("an address of usual characters", "is_web_address", never("WEB_ADDRESS")),
    ),
    *guards_in(
        "rules/items.py",
        "tests/rules/test_items.py",
        ("a stored item's path below the portal", "item_url", drop_condition("is_path_below")),
    ),
    *guards_in(
        "usecases/logo_images.py",
        "tests/api/test_branding.py",
        ("a logo of more than 64 KB", "encode", skip_raise("_refused", near="MAX_BYTES")),
        ("a logo with too many pixels", "encode", skip_raise("_too_many_pixels", near="MAX_PIXELS")),
        ("a logo that is no PNG or JPEG", "encode", skip_raise("_refused", near="image_format")),
    ),
]
