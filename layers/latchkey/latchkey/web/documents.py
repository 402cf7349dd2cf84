"""JSON of the clients' routes: the documents of answers, and the fields of bodies.

`web.openapi` describes each of them in `docs/openapi-client.json`, so a docstring here is a sentence of that file.
"""

from typing import Literal, NotRequired, TypedDict

from latchkey.http.requests import Request
from latchkey.http.responses import rfc3339
from latchkey.rules.accounts import ProfileKind
from latchkey.rules.practices import FEATURES, Feature
from latchkey.rules.sessions import LiveSession
from latchkey.rules.sign_in_methods import SignInMethod


class LinkSent(TypedDict):
    """The request for a link is accepted. No mail is sent to an address that is not on file."""

    status: Literal["sent"]


class LinkConfirmation(TypedDict):
    """The link works. The person has to confirm that they want to sign in."""

    status: Literal["confirm"]
    email: str
    """The address that will be signed in, masked."""


class SessionProfile(TypedDict):
    """A profile that the person may open."""

    id: str
    name: str
    kind: ProfileKind


class SessionDocument(TypedDict):
    """A session: the person who is signed in, and what they may open."""

    account: str
    """Id of the account. It stays the same when the person changes the address."""
    profile: str | None
    """Id of the profile that is open. Null until the person has chosen one of several."""
    profiles: list[SessionProfile]
    features: dict[Feature, bool]
    """True for a feature that is on for both the practice and the profile."""
    signed_in_at: str
    """RFC 3339 in UTC."""
    expires_at: str
    """RFC 3339 in UTC. Without further activity the session ends then."""
    method: SignInMethod


class AppSessionDocument(SessionDocument):
    """A session in an app, with the app's tokens. Each answer replaces the tokens of the one before."""

    device: str
    """Id of the device."""
    session_token: str
    """The bearer token of further requests."""
    refresh_token: str
    """Worth one further answer of this kind."""
    refresh_expires_at: str
    """RFC 3339 in UTC. The device ends then."""


class AppDeviceDocument(TypedDict):
    """A phone or tablet on which an app is signed in."""

    id: str
    name: str
    """The name that the app sent."""
    signed_in_at: str
    """RFC 3339 in UTC."""
    expires_at: str
    """RFC 3339 in UTC."""
    current: bool
    """True for the device that sent the request."""


class AppDeviceList(TypedDict):
    """The devices of the account."""

    devices: list[AppDeviceDocument]


class DeviceEnded(TypedDict):
    """The account has no such device any more."""

    status: Literal["ended"]


class SignOutDocument(TypedDict):
    """There is no session any more."""

    status: Literal["signed_out"]


class HealthDocument(TypedDict):
    """The version that is running."""

    status: Literal["ok"]
    version: str


class RefusedField(TypedDict):
    """A field that is refused."""

    location: str
    """The field's name."""
    message: str


class ProblemDocument(TypedDict):
    """A refusal as a problem document (RFC 9457)."""

    title: str
    """A sentence in English, for developers."""
    status: int
    code: str
    """Stable, for programs."""
    retry_after: NotRequired[int]
    """Seconds to wait. For `wait` and `pin_locked`."""
    errors: NotRequired[list[RefusedField]]
    """The refused fields. For `value_invalid`."""
    support_code: NotRequired[str]
    """A code that the person can read out to the practice, if the practice or the operator can find it."""


class LinkRequest(TypedDict):
    """The address to which the link is sent."""

    email: str


class LinkRedemption(TypedDict):
    """Consents of the person. `{}` for none."""

    switch: NotRequired[bool]
    """True to end the session of another account in this browser or app."""


class PinSignIn(TypedDict):
    """The address and the PIN that a clinician read out."""

    email: str
    pin: str
    """Six digits. Spaces and hyphens between them do not matter."""
    switch: NotRequired[bool]
    """True to end the session of another account in this browser or app."""


class ProviderStart(TypedDict):
    """Consents of the person. `{}` for none."""

    switch: NotRequired[bool]
    """True to end the session of another account in this browser."""
    choose: NotRequired[bool]
    """True to let the person choose among their accounts at the provider."""


class AppConsent(TypedDict):
    """The app's request that the person agrees to."""

    challenge: str
    """Base64url of the verifier's SHA-256 (RFC 7636)."""
    state: str
    """The app gets it back with the code."""
    challenge_method: NotRequired[Literal["S256"]]


class AppSessionRequest(TypedDict):
    """Either a code with its verifier, or a refresh token."""

    code: NotRequired[str]
    """The code from the return address, or the six characters that the person typed."""
    verifier: NotRequired[str]
    device: NotRequired[str]
    """A name for the device that its owner knows, such as the phone's own."""
    refresh_token: NotRequired[str]


class DeviceToEnd(TypedDict):
    """The device whose app is to be signed out."""

    device: str
    """Id of one of the account's devices."""


class ChosenProfile(TypedDict):
    """The profile to open."""

    profile: str
    """Id of one of the session's profiles."""


class Nothing(TypedDict):
    """An empty object. Its media type shows that the request comes from an app or from the portal's own page."""


def session_document(request: Request, live_session: LiveSession) -> SessionDocument:
    """Return the session for other parts of the portal. A feature is on if both practice and client have it."""
    profile = live_session.profile
    enabled = live_session.features_at(request.practice_or_404)
    return {
        "account": live_session.account.id,
        "profile": profile.id if profile else None,
        "profiles": [{"id": p.id, "name": p.name, "kind": p.kind} for p in live_session.account.profiles],
        "features": {feature: feature in enabled for feature in FEATURES},
        "signed_in_at": rfc3339(live_session.session.started_at),
        "expires_at": rfc3339(live_session.session.ends_at),
        "method": live_session.session.method,
    }
