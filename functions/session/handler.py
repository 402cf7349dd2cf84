"""Being signed in: profiles, home, sign-out, who am I; and the answer to every path that is none of ours."""

import zoneinfo  # noqa: F401 - pages tell times of day; loaded here, nobody waits for it
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import latchkey
from latchkey import aws, pages, settings, web
from latchkey.rules.refusals import PageUnknown, ProfileUnknown, SignedOut
from latchkey.store import sessions
from latchkey.web import arrivals, cookies
from latchkey.web.answers import frame


def choice(request: web.Request) -> web.Response:
    """Whose profile? Only for accounts that open several (B103)."""
    visit = arrivals.visit(request)
    if not visit.several:
        return web.see_other(request.below("home"))
    chosen = visit.profile
    return web.page(
        pages.profiles(frame(request), profiles=visit.account.profiles, current=chosen.id if chosen else None)
    )


def choose(request: web.Request) -> web.Response:
    """Turn the session to a profile of the account's own; any other might as well not exist."""
    visit = arrivals.visit(request)
    profile = visit.account.profile(request.field("profile"))
    if profile is None:
        raise ProfileUnknown
    sessions.choose(visit, profile.id, request.now)
    if request.wants_json:
        return web.json_document(web.session_document(request, arrivals.visit(request)))
    return web.see_other(request.below("home"))


def home(request: web.Request) -> web.Response:
    """The way into the portal, and out of it."""
    visit = arrivals.visit(request)
    if visit.profile is None:
        return web.see_other(request.below("profiles"))
    return web.page(
        pages.home(
            frame(request),
            account=visit.account,
            profile=visit.profile,
            first=visit.session.first,
            previous=visit.session.previous,
        )
    )


def get_started(request: web.Request) -> web.Response:
    """The welcome of the first visit has been read (B109)."""
    sessions.get_started(arrivals.visit(request), request.now)
    return web.see_other(request.below("home"))


def sign_out(request: web.Request) -> web.Response:
    """End the session where it is kept, not only in the browser; without one there is nothing left to do."""
    with suppress(SignedOut):
        sessions.end(arrivals.visit(request), request.instant)
    answer = (
        web.json_document({"status": "signed_out"})
        if request.wants_json
        else web.see_other(request.below("signed-out"))
    )
    # not "cookies": that would end the sessions of other practices on this host
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer.keeping(cookies.drop_session(request))


def signed_out(request: web.Request) -> web.Response:
    """It is done, and what else to close on a shared device (B77)."""
    return web.page(pages.signed_out(frame(request)))


def document(request: web.Request) -> web.Response:
    """What other parts of the portal may know of this session."""
    return web.json_document(web.session_document(request, arrivals.visit(request)))


def health(_request: web.Request) -> web.Response:
    """Whether this version answers."""
    return web.json_document({"status": "ok", "version": latchkey.__version__})


def apple_app_links(_request: web.Request) -> web.Response:
    """Lets the practice's iOS app open sign-in links (B119).

    :raises PageUnknown: the stack has no such app.
    """
    apps = settings.load().apple_app_ids
    if not apps:
        raise PageUnknown
    return web.json_document({"applinks": {"details": [{"appIDs": list(apps), "components": [{"/": "/*/link/*"}]}]}})


def android_app_links(_request: web.Request) -> web.Response:
    """Lets the practice's Android app open sign-in links (B119).

    :raises PageUnknown: the stack has no such app.
    """
    told = settings.load()
    if not told.android_package:
        raise PageUnknown
    target = {
        "namespace": "android_app",
        "package_name": told.android_package,
        "sha256_cert_fingerprints": list(told.android_fingerprints),
    }
    return web.json_document([{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}])


def _whose(request: web.Request) -> str | None:
    """The practice of the path, also below it where nothing is: a link cut short by a mail program leads to a page of
    the practice, with its phone and a way on."""
    first = request.path.split("/")[1:2]
    return request.parameters.get("practice") or (first[0] if request.route == "$default" and first else None)


_answer = web.entry(
    {
        "/{practice}/profiles": {"GET": choice, "POST": choose},
        "/{practice}/home": {"GET": home, "POST": get_started},
        "/{practice}/sign-out": {"POST": sign_out},
        "/{practice}/signed-out": {"GET": signed_out},
        "/{practice}/session": {"GET": document},
        "/healthz": {"GET": health},
        "/.well-known/apple-app-site-association": {"GET": apple_app_links},
        "/.well-known/assetlinks.json": {"GET": android_app_links},
    },
    whose=_whose,
)


def handle(event: Mapping[str, Any], context: aws.Context) -> dict[str, Any]:
    """Answer a request, or tell API Gateway whether one for another API of this stack is signed in."""
    return web.authorize(event, context) if web.asks_to_authorize(event) else _answer(event, context)
