"""Being signed in: profiles, home, sign-out, who am I; and the answer to every path that is none of ours."""

import zoneinfo  # noqa: F401 - pages tell times of day; loaded here, nobody waits for it
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import latchkey
from latchkey import aws, pages, settings, web
from latchkey.rules.refusals import PageUnknown, ProfileUnknown, SignedOut
from latchkey.store import sessions
from latchkey.web import cookies, current_session
from latchkey.web.responses import page_context


def show_profiles(request: web.Request) -> web.Response:
    """Whose profile? Only for accounts that open several (B103)."""
    visit = current_session.require(request)
    if not visit.has_several_profiles:
        return web.see_other(request.portal_path("home"))
    chosen = visit.profile
    return web.html_page(
        pages.profiles(page_context(request), profiles=visit.account.profiles, current=chosen.id if chosen else None)
    )


def choose_profile(request: web.Request) -> web.Response:
    """Turn the session to a profile of the account's own; any other might as well not exist."""
    visit = current_session.require(request)
    profile = visit.account.profile(request.form_value("profile"))
    if profile is None:
        raise ProfileUnknown
    sessions.set_profile(visit, profile.id, request.now)
    if request.wants_json:
        return web.json_response(web.session_document(request, current_session.require(request)))
    return web.see_other(request.portal_path("home"))


def show_home(request: web.Request) -> web.Response:
    """The way into the portal, and out of it."""
    visit = current_session.require(request)
    if visit.profile is None:
        return web.see_other(request.portal_path("profiles"))
    return web.html_page(
        pages.home(
            page_context(request),
            account=visit.account,
            profile=visit.profile,
            first=visit.session.welcome_pending,
            previous=visit.session.previous_sign_in_at,
        )
    )


def dismiss_welcome(request: web.Request) -> web.Response:
    """The welcome of the first visit has been read (B109)."""
    sessions.mark_welcome_read(current_session.require(request), request.now)
    return web.see_other(request.portal_path("home"))


def sign_out(request: web.Request) -> web.Response:
    """End the session where it is kept, not only in the browser; without one there is nothing left to do."""
    with suppress(SignedOut):
        sessions.end(current_session.require(request), request.now_ms)
    answer = (
        web.json_response({"status": "signed_out"})
        if request.wants_json
        else web.see_other(request.portal_path("signed-out"))
    )
    # not "cookies": that would end the sessions of other practices on this host
    answer.headers["clear-site-data"] = '"cache", "storage"'
    return answer.with_cookies(cookies.clear_session(request))


def show_signed_out(request: web.Request) -> web.Response:
    """It is done, and what else to close on a shared device (B77)."""
    return web.html_page(pages.signed_out(page_context(request)))


def show_session(request: web.Request) -> web.Response:
    """What other parts of the portal may know of this session."""
    return web.json_response(web.session_document(request, current_session.require(request)))


def health(_request: web.Request) -> web.Response:
    """Whether this version answers."""
    return web.json_response({"status": "ok", "version": latchkey.__version__})


def apple_app_links(_request: web.Request) -> web.Response:
    """Lets the practice's iOS app open sign-in links (B119).

    :raises PageUnknown: the stack has no such app.
    """
    apps = settings.load().apple_app_ids
    if not apps:
        raise PageUnknown
    return web.json_response({"applinks": {"details": [{"appIDs": list(apps), "components": [{"/": "/*/link/*"}]}]}})


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
    return web.json_response([{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}])


def _practice_of(request: web.Request) -> str | None:
    """The practice of the path, also below it where nothing is: a link cut short by a mail program leads to a page of
    the practice, with its phone and a way on."""
    first = request.path.split("/")[1:2]
    return request.path_parameters.get("practice") or (first[0] if request.route == "$default" and first else None)


_answer = web.handler_for(
    {
        "/{practice}/profiles": {"GET": show_profiles, "POST": choose_profile},
        "/{practice}/home": {"GET": show_home, "POST": dismiss_welcome},
        "/{practice}/sign-out": {"POST": sign_out},
        "/{practice}/signed-out": {"GET": show_signed_out},
        "/{practice}/session": {"GET": show_session},
        "/healthz": {"GET": health},
        "/.well-known/apple-app-site-association": {"GET": apple_app_links},
        "/.well-known/assetlinks.json": {"GET": android_app_links},
    },
    whose=_practice_of,
)


def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
    """Answer a request, or tell API Gateway whether one for another API of this stack is signed in."""
    return web.authorize(event, context) if web.is_authorizer_event(event) else _answer(event, context)
