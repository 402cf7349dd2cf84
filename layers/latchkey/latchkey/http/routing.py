"""The view of a request: by its path, then by its method."""

from collections.abc import Mapping

from latchkey.http.requests import Request
from latchkey.rules.refusals import MethodRefused, PageUnknown

METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def view_of[V](methods: Mapping[str, V] | None, request: Request) -> V:
    """Return the view of a path for the request's method. HEAD has the view of GET.

    :raises PageUnknown: there is no such path.
    :raises MethodRefused: the path has no view for the method.
    """
    if methods is None:
        raise PageUnknown
    allowed = tuple(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
    if request.method not in allowed:
        raise MethodRefused(allowed)
    return methods["GET" if request.method == "HEAD" else request.method]
