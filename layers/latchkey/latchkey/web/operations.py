"""The clients' operations: every route and method of their functions.

`web.openapi` writes them down as OpenAPI. `tests/functions/test_openapi_client.py` compares them with the template and
the code.
"""

from latchkey.identity.providers import PROVIDERS
from latchkey.rules import refusals
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import Refusal
from latchkey.web import documents
from latchkey.web.operation import OK, Answer, Cookie, Operation, redirect
from latchkey.web.page_operations import PAGES

SIGN_IN_COOKIES: tuple[Cookie, ...] = ("session", "browser", "req", "typed")
"""Cookies that a sign-in sets or deletes."""
LINK_REFUSALS: tuple[type[Refusal], ...] = (
    refusals.LinkUnknown,
    refusals.LinkExpired,
    refusals.LinkUsed,
    refusals.LinkReplaced,
    refusals.AccountSwitchRefused,
)
EMAIL_REFUSALS: tuple[type[Refusal], ...] = (refusals.EmailMissing, refusals.EmailMalformed)


def _provider_operations(provider: Provider) -> tuple[Operation, ...]:
    name, label = provider.name, provider.label
    return (
        Operation(
            "POST",
            provider.start_route,
            f"start_{name}",
            "sign-in",
            f"Start the sign-in with {label}.",
            (redirect(f"Go to {label} in the same browser.", name, "browser"),),
            (refusals.RateLimited,),
            documents.ProviderStart,
            f"{label} sends the browser back to `{provider.callback}`. It works only in the browser that started it.",
        ),
        Operation(
            "GET",
            provider.callback,
            f"finish_{name}",
            "sign-in",
            f"Finish the sign-in with {label}, in the browser that started it.",
            (Answer(OK, (documents.SessionDocument,), SIGN_IN_COOKIES, text="Signed in."),),
            (
                refusals.ProviderCancelled,
                refusals.IdentityUnmatched,
                refusals.ProviderFailed,
                refusals.AccountSwitchRefused,
            ),
            description=f"{label} redirects the browser to this address. It works once.",
            query=("code", "state", "error"),
            provider=provider,
        ),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "POST",
        "/{practice}/sign-in",
        "request_link",
        "sign-in",
        "Ask for a sign-in link by mail.",
        (Answer(202, (documents.LinkSent,), ("req", "browser", "typed", "again"), text="The request is accepted."),),
        (*EMAIL_REFUSALS, refusals.EmailUnknown, refusals.NoMailPossible, refusals.RateLimited),
        documents.LinkRequest,
        "The link is valid for 24 hours and works once. Only the newest link of an address works. A second request"
        " within a minute is answered in the same way and sends no mail. A practice may choose that every address gets"
        " the same answer. Then nothing tells whether an address is on file.",
    ),
    Operation(
        "GET",
        "/{practice}/link/{token}",
        "open_link",
        "sign-in",
        "Check a link without using it.",
        (
            Answer(
                OK,
                (documents.LinkConfirmation, documents.SessionDocument),
                SIGN_IN_COOKIES,
                text="The link works, or this browser is signed in.",
            ),
        ),
        LINK_REFUSALS,
        description="A browser or app that asked for this link and kept its cookies is signed in at once. For every"
        " other one the answer has the masked address to confirm. HEAD never signs in.",
    ),
    Operation(
        "POST",
        "/{practice}/link/{token}",
        "redeem_link",
        "sign-in",
        "Sign in by a link.",
        (Answer(OK, (documents.SessionDocument,), SIGN_IN_COOKIES, text="Signed in."),),
        (*LINK_REFUSALS, refusals.RateLimited),
        documents.LinkRedemption,
        "The link is used up. Pressed again in the same browser or app, it answers with the session. A practice system"
        " or another program never needs this: a person presses the link.",
    ),
    Operation(
        "POST",
        "/{practice}/pin",
        "sign_in_by_pin",
        "sign-in",
        "Sign in by the PIN that a clinician read out.",
        (Answer(OK, (documents.SessionDocument,), SIGN_IN_COOKIES, text="Signed in."),),
        (
            *EMAIL_REFUSALS,
            refusals.PinMissing,
            refusals.PinMalformed,
            refusals.PinRefused,
            refusals.PinLocked,
            refusals.RateLimited,
            refusals.AccountSwitchRefused,
        ),
        documents.PinSignIn,
        "A PIN works once, within 24 hours. `pin_refused` does not tell what was wrong.",
    ),
    *(operation for provider in PROVIDERS for operation in _provider_operations(provider)),
    Operation(
        "GET",
        "/{practice}/session",
        "get_session",
        "session",
        "Read the session.",
        (Answer(OK, (documents.SessionDocument,), text="The session."),),
        description="It counts as activity. HEAD does not.",
        needs_session=True,
    ),
    Operation(
        "POST",
        "/{practice}/profiles",
        "choose_profile",
        "session",
        "Open one of the session's profiles.",
        (Answer(OK, (documents.SessionDocument,), text="The session with its profile."),),
        (refusals.ProfileUnknown,),
        documents.ChosenProfile,
        needs_session=True,
    ),
    Operation(
        "POST",
        "/{practice}/sign-out",
        "sign_out",
        "session",
        "Sign out.",
        (Answer(OK, (documents.SignOutDocument,), ("session", "to"), ("Clear-Site-Data",), "Signed out."),),
        body=documents.Nothing,
        description="The session ends on the server. Without a session the answer is the same.",
    ),
    Operation(
        "POST",
        "/{practice}/app",
        "agree_to_app",
        "app",
        "Let an app sign in, on the page that asks.",
        (redirect("The address that opens the app, with `code` and `state`. Without a session, the sign-in page."),),
        (refusals.AppCodeRefused,),
        documents.AppConsent,
        "The form of the page `/{practice}/app`. A code works once, within a minute, with its verifier.",
    ),
    Operation(
        "POST",
        "/{practice}/app/session",
        "give_app_session",
        "app",
        "Get a session for a code, or for a refresh token.",
        (Answer(OK, (documents.AppSessionDocument,), text="The session with the app's tokens."),),
        (
            refusals.AppCodeRefused,
            refusals.RefreshTokenRefused,
            refusals.RefreshTokenReused,
            refusals.ValueRefused,
            refusals.RateLimited,
        ),
        documents.AppSessionRequest,
        "A refresh token works once. Sent a second time, it ends the device.",
    ),
    Operation(
        "GET",
        "/{practice}/devices",
        "list_devices",
        "app",
        "Read the phones and tablets on which an app is signed in.",
        (Answer(OK, (documents.AppDeviceList,), text="The devices."),),
        needs_session=True,
    ),
    Operation(
        "POST",
        "/{practice}/devices",
        "end_device",
        "app",
        "Sign an app out on one device.",
        (Answer(OK, (documents.DeviceEnded,), text="The device has ended, or had ended before."),),
        body=documents.DeviceToEnd,
        needs_session=True,
    ),
    *PAGES,
)
