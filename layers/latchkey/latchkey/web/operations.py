"""The clients' operations: every route and method of their functions, with what it takes and answers.

`web.openapi` writes them down as OpenAPI. `tests/web/test_openapi.py` compares them with the template and the code.
"""

from dataclasses import dataclass
from typing import Literal

from latchkey.http.requests import JSON
from latchkey.identity.providers import PROVIDERS
from latchkey.rules import refusals
from latchkey.rules.providers import Provider, ProviderName
from latchkey.rules.refusals import Refusal
from latchkey.web import documents

HTML = "text/html"
PDF = "application/pdf"
SVG = "image/svg+xml"
ANY_FILE = "*/*"

type Tag = Literal["sign-in", "session", "pages", "stack"]
type Cookie = Literal["session", "browser", "req", "typed", "again", "to"] | ProviderName
"""The base name of a cookie in `web.cookies`."""
type Header = Literal["Location", "Clear-Site-Data"]

COMMON_REFUSALS: tuple[type[Refusal], ...] = (
    refusals.BodyInvalid,
    refusals.MethodRefused,
    refusals.OriginBypassed,
    refusals.PageUnknown,
    refusals.Unavailable,
)
"""Refusals of every operation."""
FORM_REFUSALS: tuple[type[Refusal], ...] = (refusals.OriginRefused, refusals.BodyTooLarge)
"""Further refusals of every POST."""
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


@dataclass(frozen=True, slots=True)
class Answer:
    """One success of an operation, to a request that accepts JSON."""

    status: int
    content: tuple[type, ...] | str = ()
    """The JSON documents that it can be, or the media type of a page or file. Nothing for an empty body."""
    cookies: tuple[Cookie, ...] = ()
    headers: tuple[Header, ...] = ()
    text: str = "Done."


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of a route."""

    method: Literal["GET", "POST"]
    path: str
    """As the SAM template writes it."""
    id: str
    tag: Tag
    summary: str
    answers: tuple[Answer, ...]
    refusals: tuple[type[Refusal], ...] = ()
    """Those in addition to `COMMON_REFUSALS` and `FORM_REFUSALS`."""
    body: type | None = None
    """The JSON object of a POST."""
    description: str = ""
    query: tuple[str, ...] = ()
    """Names of parameters in `openapi.PARAMETERS`, in addition to `lang`."""
    needs_session: bool = False
    provider: Provider | None = None
    """The provider whose name and label its problem documents have."""

    @property
    def all_refusals(self) -> tuple[type[Refusal], ...]:
        """Every refusal of the operation."""
        return (
            *COMMON_REFUSALS,
            *((refusals.PracticeUnknown,) if self.has_practice else ()),
            *(FORM_REFUSALS if self.method == "POST" else ()),
            *((refusals.SignedOut,) if self.needs_session or self.signs_in else ()),
            *self.refusals,
        )

    @property
    def has_practice(self) -> bool:
        """True if the operation belongs to one practice."""
        return "{practice}" in self.path or self.provider is not None

    @property
    def signs_in(self) -> bool:
        """True if the operation can start a session."""
        return self.tag == "sign-in" and any("session" in answer.cookies for answer in self.answers)


OK = 200
SEE_OTHER = 303


def _page(path: str, name: str, summary: str, *others: Answer, needs_session: bool = False) -> Operation:
    """Return the operation of a page, which is HTML for every request."""
    answers = (Answer(OK, HTML, text="The page."), *others)
    return Operation("GET", path, name, "pages", summary, answers, needs_session=needs_session)


def _redirect(text: str, *cookies: Cookie) -> Answer:
    return Answer(SEE_OTHER, cookies=cookies, headers=("Location",), text=text)


def _provider_operations(provider: Provider) -> tuple[Operation, ...]:
    name, label = provider.name, provider.label
    return (
        Operation(
            "POST",
            provider.start_route,
            f"start_{name}",
            "sign-in",
            f"Start the sign-in with {label}.",
            (Answer(OK, (documents.ProviderRedirect,), (name, "browser"), text=f"Go to {label} in the same browser."),),
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
    _page("/{practice}", "show_landing", "The practice's first page.", _redirect("With `client=existing`.")),
    _page("/{practice}/new-client", "show_new_client", "The page for people who never signed in."),
    Operation(
        "GET",
        "/{practice}/sign-in",
        "show_sign_in",
        "pages",
        "The form that asks for a link.",
        (Answer(OK, HTML, ("session", "to"), text="The page."), _redirect("Signed in already.", "to")),
        description="Pages behind the portal send people here. They come back to `to` when they have signed in.",
        query=("to",),
    ),
    Operation(
        "GET",
        "/{practice}/sign-in/sent",
        "show_sent",
        "pages",
        "The page after a request.",
        (Answer(OK, HTML, ("req", "typed"), text="The page."), _redirect("No link was requested.")),
    ),
    _page("/{practice}/help", "show_tips", "Tips for when no link arrives."),
    _page("/{practice}/pin", "show_pin", "The form for an address and a PIN."),
    Operation(
        "GET",
        "/{practice}/profiles",
        "show_profiles",
        "pages",
        "The choice of profile.",
        (Answer(OK, HTML, ("to",), text="The page."), _redirect("There is one profile.", "to")),
        query=("to",),
        needs_session=True,
    ),
    _page("/{practice}/home", "show_home", "The home page.", _redirect("No profile is chosen."), needs_session=True),
    Operation(
        "POST",
        "/{practice}/home",
        "dismiss_welcome",
        "pages",
        "Mark the welcome as read.",
        (Answer(OK, (documents.SessionDocument,), text="The session."),),
        body=documents.Nothing,
        needs_session=True,
    ),
    _page("/{practice}/signed-out", "show_signed_out", "The page after a sign-out."),
    _page("/{practice}/guide", "show_guide", "The guide for the practice's clients."),
    _page("/{practice}/handout", "show_handout", "The sheet that the front desk prints."),
    Operation(
        "GET",
        "/{practice}/guide.pdf",
        "get_printed_guide",
        "pages",
        "The printed guide.",
        (Answer(OK, PDF, text="The file."), _redirect("There is none that is current. Go to the page.")),
        query=("size",),
    ),
    Operation(
        "GET",
        "/{practice}/brand/{file}",
        "get_brand_file",
        "pages",
        "A file of the practice's identity: icon, logo or manifest.",
        (Answer(OK, ANY_FILE, text="The file. Pages name the addresses of the files."),),
    ),
    _page("/", "show_start", "The page without a practice. It explains how to find one's own."),
    Operation("GET", "/favicon.ico", "get_icon", "pages", "The icon.", (Answer(OK, SVG, text="The file."),)),
    Operation(
        "GET",
        "/healthz",
        "get_health",
        "stack",
        "Read which version is running.",
        (Answer(OK, (documents.HealthDocument,), text="The portal answers."),),
    ),
    Operation(
        "GET",
        "/.well-known/apple-app-site-association",
        "get_apple_app_links",
        "stack",
        "The iOS app that opens sign-in links, as iOS reads it.",
        (Answer(OK, (dict,), text="The app. Without one, the answer is 404."),),
    ),
    Operation(
        "GET",
        "/.well-known/assetlinks.json",
        "get_android_app_links",
        "stack",
        "The Android app that opens sign-in links, as Android reads it.",
        (Answer(OK, (list,), text="The app. Without one, the answer is 404."),),
    ),
)


def media_type(answer: Answer) -> str | None:
    """Return the media type of an answer. None for an empty body."""
    if isinstance(answer.content, str):
        return answer.content
    return JSON if answer.content else None
