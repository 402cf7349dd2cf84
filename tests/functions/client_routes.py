"""Routes of the clients' functions, and headers of their forms."""

from tests.kit import sam_template
from tests.kit.gateway_events import ORIGIN

ROUTES = sorted({key.partition(" ")[2] for key in sam_template.routes() if key != "$default" and " /admin" not in key})
"""Routes for clients. Those of the clinicians' API are described in docs/openapi.json."""
BEHIND = [route for route in ROUTES if route.startswith("/{practice}")]
POSTS = ["sign-in", "link/AAAA", "profiles", "home", "sign-out"]
FORM = {"content-type": "application/x-www-form-urlencoded"}
HERE = {"origin": ORIGIN, "sec-fetch-site": "same-origin"}


def at(route: str, practice: str = "willow") -> str:
    """Return a path of a route."""
    return route.replace("{practice}", practice).replace("{token}", "AAAA")
