"""Sessions: profiles, the home page, sign-out, the session document. Also serves every path without a route."""

import zoneinfo  # noqa: F401 - loaded during initialization, because pages show times
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import latchkey
from latchkey import aws, pages, settings, web
from latchkey.http.responses import CACHED_FOR_EVER, rfc3339
from latchkey.pages import layout
from latchkey.rules.branding import BRAND_FILES
from latchkey.rules.devices import AppDevice
from latchkey.rules.items import item_url, waiting
from latchkey.rules.practices import Practice
from latchkey.rules.refusals import PageUnknown, ProfileUnknown, SignedOut
from latchkey.rules.sessions import LiveSession
from latchkey.rules.web_addresses import is_path_below
from latchkey.store import accounts, clients, devices, logos, sessions
from latchkey.web import cookies, current_session, return_paths
from latchkey.web.documents import AppDeviceDocument, AppDeviceList, DeviceEnded, HealthDocument, SignOutDocument
from latchkey.web.responses import next_page, page_context


def show_profiles(request: web.Request) -> web.Response:
    """Return the choice of profile. An account with one profile is redirected home, or to the path in `to` (B103)."""
    live_session, to = current_session.require(request), return_paths.in_query(request)
    if not live_session.has_several_profiles:
        return next_page(request, live_session, to)
    profile = live_session.profile
    page = web.html_page(
        pages.profiles(
            page_context(request),
            profiles=live_session.account.profiles,
            current=profile.id if profile else None,
            account=live_session.account,
        )
    )
    return return_paths.keep(request, page)


def choose_profile(request: web.Request) -> web.Response:
    """Change the session's profile.

    :raises ProfileUnknown: the account has no such profile.
    """
    live_session = current_session.require(request)
    profile = live_session.account.profile(request.form_value("profile"))
    if profile is None:
        raise ProfileUnknown
    sessions.set_profile(live_session, profile.id, request.now)
    if request.wants_json:
        return web.json_response(web.session_document(request, current_session.require(request)))
    path = return_paths.in_cookie(request) or request.portal_path("home")
    return web.see_other(path).with_cookies(*cookies.clear_return_path(request))


def show_home(request: web.Request) -> web.Response:
    """Return the home page. Without a profile, redirect to the choice of one."""
    live_session = current_session.require(request)
    if live_session.profile is None:
        return web.see_other(request.portal_path("profiles"))
    account = live_session.account
    # The language in which a person uses the portal is their own choice (B135).
    language_changed = request.counts_as_activity and account.letter_language != request.language
    if language_changed:
        accounts.set_chosen_language(account.key, request.language)
    return web.html_page(
        pages.home(
            page_context(request),
            account=account,
            profile=live_session.profile,
            items=clients.shared_items(request.practice_or_404.slug, live_session.profile.id),
            first=live_session.session.welcome_pending,
            previous=live_session.session.previous_sign_in_at,
            language_changed=language_changed,
        )
    )


def dismiss_welcome(request: web.Request) -> web.Response:
    """Mark the welcome as read, so that the home page no longer shows it (B109), and go to the newest item.

    `form-action` lets a form lead only to this host. For an item elsewhere the response is the list of items. An app
    gets the session.
    """
    live_session, practice = current_session.require(request), request.practice_or_404
    sessions.mark_welcome_read(live_session, request.now)
    if request.wants_json:
        return web.json_response(web.session_document(request, live_session))
    profile = live_session.profile
    items = waiting(clients.shared_items(practice.slug, profile.id)) if profile else ()
    url = item_url(practice, profile, items[0]) if profile and items else None
    if url and is_path_below(url, practice.slug):
        return web.see_other(url)
    return web.see_other(request.portal_path("home#waiting" if items else "home"))


def show_brand_file(request: web.Request) -> web.Response:
    """Return a file of the practice's identity: icons, logo, manifest (B148). Its address names its content.

    :raises PageUnknown: the practice has no such file.
    """
    practice, file = request.practice_or_404, request.path_parameters["file"]
    icons = layout.icons(practice)
    if request.path == icons.manifest:
        return _brand_file("application/manifest+json", layout.manifest_json(practice).encode())
    if request.path == layout.svg_path(practice):
        return _brand_file("image/svg+xml", layout.icon_svg(practice).encode())
    name, _, digest = file.removesuffix(".png").partition("-")
    files = logos.find(practice.slug) if name in BRAND_FILES and file.endswith(".png") else None
    if files is None:
        raise PageUnknown
    # Settings are cached for a while, so pages may still name the logo before. They get the new one, uncached.
    return _brand_file("image/png", getattr(files, name), is_exact=digest == files.digest)


def _brand_file(media_type: str, content: bytes, *, is_exact: bool = True) -> web.Response:
    headers = {"cache-control": CACHED_FOR_EVER if is_exact else "no-store", "vary": "Accept-Encoding"}
    return web.Response(200, media_type=media_type, content=content, headers=headers)


def show_guide(request: web.Request) -> web.Response:
    """Return the guide for the practice's clients (B124)."""
    from latchkey.web import guides  # renders letters too, which no other page of this function does

    return guides.show_guide(request)


def show_guide_pdf(request: web.Request) -> web.Response:
    """Return the printed guide, or redirect to the page."""
    from latchkey.web import guides

    return guides.show_pdf(request)


def show_handout(request: web.Request) -> web.Response:
    """Return the front desk's sheet."""
    from latchkey.web import guides

    return guides.show_handout(request)


def show_icon(_request: web.Request) -> web.Response:
    """Return the icon that browsers ask for on pages without a practice."""
    return _brand_file("image/svg+xml", layout.icon_svg(Practice("", "Client Portal")).encode(), is_exact=False)


def sign_out(request: web.Request) -> web.Response:
    """End the session in the store and in the browser. Without a session, only delete the cookie."""
    with suppress(SignedOut):
        sessions.end(current_session.require(request), request.now_ms)
    response = (
        web.json_response(SignOutDocument(status="signed_out"))
        if request.wants_json
        else web.see_other(request.portal_path("signed-out"))
    )
    # Not "cookies", because that would end the sessions of other practices on this host.
    response.headers["clear-site-data"] = '"cache", "storage"'
    return response.with_cookies(cookies.clear_session(request), *cookies.clear_return_path(request))


def show_signed_out(request: web.Request) -> web.Response:
    """Return the page after a sign-out (B77)."""
    return web.html_page(pages.signed_out(page_context(request)))


def show_session(request: web.Request) -> web.Response:
    """Return the session for other parts of the portal."""
    return web.json_response(web.session_document(request, current_session.require(request)))


def show_devices(request: web.Request) -> web.Response:
    """Return the phones and tablets whose app is signed in to the account (B226)."""
    live_session = current_session.require(request)
    live = devices.live(live_session.account.key, request.now)
    if request.wants_json:
        listed = [_device_document(device, live_session) for device in live]
        return web.json_response(AppDeviceList(devices=listed))
    return web.html_page(pages.devices(page_context(request), devices=live))


def _device_document(device: AppDevice, live_session: LiveSession) -> AppDeviceDocument:
    return {
        "id": device.id,
        "name": device.name,
        "signed_in_at": rfc3339(device.signed_in_at),
        "expires_at": rfc3339(device.ends_at),
        "current": device.id == live_session.session.device,
    }


def end_device(request: web.Request) -> web.Response:
    """End one of the account's devices, with the session of its app. One that has ended already stays so."""
    live_session = current_session.require(request)
    for device in devices.live(live_session.account.key, request.now):
        if device.id == request.form_value("device"):
            devices.end(device, "signed_out", request.now_ms, request.support_code)
    if request.wants_json:
        return web.json_response(DeviceEnded(status="ended"))
    return web.see_other(request.portal_path("devices"))


def show_start(request: web.Request) -> web.Response:
    """Return the page without a practice. It explains how to find one's own, and lists none (B139)."""
    return web.html_page(pages.find_practice(page_context(request)))


def refuse_path(_request: web.Request) -> web.Response:
    """Refuse a path with nothing at it, in JSON below `/admin/v1`.

    :raises PageUnknown: always.
    """
    raise PageUnknown


def health(_request: web.Request) -> web.Response:
    """Return the version that is running."""
    return web.json_response(HealthDocument(status="ok", version=latchkey.__version__))


def apple_app_links(_request: web.Request) -> web.Response:
    """Return the file that lets the practice's iOS app open sign-in links (B119).

    :raises PageUnknown: the stack has no such app.
    """
    apps = settings.load().apple_app_ids
    if not apps:
        raise PageUnknown
    paths = [{"/": "/*/link/*"}, {"/": "/*/app/return"}]
    return web.json_response({"applinks": {"details": [{"appIDs": list(apps), "components": paths}]}})


def android_app_links(_request: web.Request) -> web.Response:
    """Return the file that lets the practice's Android app open sign-in links (B119).

    :raises PageUnknown: the stack has no such app.
    """
    config = settings.load()
    if not config.android_package:
        raise PageUnknown
    target = {
        "namespace": "android_app",
        "package_name": config.android_package,
        "sha256_cert_fingerprints": list(config.android_fingerprints),
    }
    return web.json_response([{"relation": ["delegate_permission/common.handle_all_urls"], "target": target}])


def _practice_of(request: web.Request) -> str | None:
    """Return the practice in the path, also for paths without a route.

    A link that a mail program has cut short then leads to a page of the practice, with its phone number.
    """
    first = request.path.split("/")[1:2]
    if first == ["admin"]:
        return None
    return request.path_parameters.get("practice") or (
        first[0].lower() if request.route == "$default" and first else None
    )


_respond = web.handler_for(
    {
        "/{practice}/profiles": {"GET": show_profiles, "POST": choose_profile},
        "/{practice}/home": {"GET": show_home, "POST": dismiss_welcome},
        "/{practice}/sign-out": {"POST": sign_out},
        "/{practice}/signed-out": {"GET": show_signed_out},
        "/{practice}/session": {"GET": show_session},
        "/{practice}/devices": {"GET": show_devices, "POST": end_device},
        "/": {"GET": show_start},
        "/favicon.ico": {"GET": show_icon},
        "/admin/v1": {"GET": refuse_path, "POST": refuse_path},
        "/{practice}/brand/{file}": {"GET": show_brand_file},
        "/{practice}/guide": {"GET": show_guide},
        "/{practice}/guide.pdf": {"GET": show_guide_pdf},
        "/{practice}/handout": {"GET": show_handout},
        "/healthz": {"GET": health},
        "/.well-known/apple-app-site-association": {"GET": apple_app_links},
        "/.well-known/assetlinks.json": {"GET": android_app_links},
    },
    practice_of=_practice_of,
)


def handle(event: Mapping[str, Any], context: aws.InvocationContext) -> dict[str, Any]:
    """Respond to a request, or tell another service who is signed in."""
    return (web.answer_for(event) or _respond)(event, context)
