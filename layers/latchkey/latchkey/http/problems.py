"""The status and problem code of every refusal."""

from dataclasses import asdict, dataclass

from latchkey.http.requests import Request
from latchkey.http.responses import Response, problem_response
from latchkey.identity.providers import by_callback
from latchkey.rules import refusals
from latchkey.rules.providers import Provider
from latchkey.rules.refusals import (
    BodyInvalid,
    ImportInvalid,
    LetterInvalid,
    MethodRefused,
    OpenedByOthers,
    PinLocked,
    RateLimited,
    Refusal,
    TokenRefused,
    Unavailable,
    ValueRefused,
)

RETRY_AFTER_SECONDS = 5
"""The `Retry-After` of an outage."""


@dataclass(frozen=True, slots=True)
class ProblemType:
    """The problem document of one refusal, without the facts of an occurrence (RFC 9457)."""

    status: int
    code: str
    title: str
    """A sentence in English, for developers."""

    def of(self, provider: Provider | None) -> "ProblemType":
        """Return the type with the provider's name and label filled in. `provider` is None for paths of no provider."""
        if provider is None:
            return self
        name, label = provider.name, provider.label
        return ProblemType(self.status, self.code.format(provider=name), self.title.format(label=label))


PROBLEMS: dict[type[Refusal], ProblemType] = {
    refusals.PracticeUnknown: ProblemType(404, "not_found", "No such practice"),
    refusals.PageUnknown: ProblemType(404, "not_found", "Nothing is at this path"),
    refusals.MethodRefused: ProblemType(405, "method_not_allowed", "The path does not take this method"),
    refusals.OriginRefused: ProblemType(403, "origin_refused", "The request was not made by a page of this portal"),
    refusals.BodyInvalid: ProblemType(400, "body_invalid", "The request cannot be read"),
    refusals.ValueRefused: ProblemType(422, "value_invalid", "A field has a value that cannot be used"),
    refusals.BodyTooLarge: ProblemType(413, "body_too_large", "The body is too long"),
    refusals.EmailMissing: ProblemType(422, "email_invalid", "No email address was given"),
    refusals.EmailMalformed: ProblemType(422, "email_invalid", "That is not an email address"),
    refusals.DomainMistyped: ProblemType(422, "email_mistyped", "The domain looks like a typing mistake"),
    refusals.EmailUnknown: ProblemType(422, "email_unknown", "That email address is not on file"),
    refusals.NoMailPossible: ProblemType(422, "no_mail_possible", "No mail can be sent to that email address"),
    refusals.RateLimited: ProblemType(429, "wait", "Too many attempts"),
    refusals.PinMissing: ProblemType(422, "pin_invalid", "No PIN was given"),
    refusals.PinMalformed: ProblemType(422, "pin_invalid", "A PIN is six digits"),
    refusals.PinRefused: ProblemType(422, "pin_refused", "Address and PIN do not match, or the PIN is no longer live"),
    refusals.PinLocked: ProblemType(429, "pin_locked", "Too many wrong PINs"),
    refusals.ProviderCancelled: ProblemType(403, "{provider}_refused", "The sign-in with {label} was not finished"),
    refusals.IdentityUnmatched: ProblemType(403, "{provider}_refused", "That {label} Account opens nothing here"),
    refusals.ProviderFailed: ProblemType(
        403, "{provider}_refused", "{label} could not be asked, or its answer was not usable"
    ),
    refusals.OriginBypassed: ProblemType(403, "detoured", "The request did not come through CloudFront"),
    refusals.LinkUnknown: ProblemType(404, "link_unknown", "Not a link of this practice"),
    refusals.LinkExpired: ProblemType(410, "link_expired", "The link has expired"),
    refusals.LinkUsed: ProblemType(410, "link_used", "The link has been used"),
    refusals.LinkReplaced: ProblemType(410, "link_replaced", "A newer link was sent"),
    refusals.AccountSwitchRefused: ProblemType(
        409, "account_switch", "Someone else is signed in; send switch=yes to switch"
    ),
    refusals.AppCodeRefused: ProblemType(403, "app_code_refused", "The code opens nothing; start again in the app"),
    refusals.RefreshTokenRefused: ProblemType(403, "refresh_token_refused", "The device is not signed in"),
    refusals.RefreshTokenReused: ProblemType(
        403, "refresh_token_reused", "The refresh token was used before, so the device was signed out"
    ),
    refusals.SignedOut: ProblemType(401, "signed_out", "Not signed in"),
    refusals.NotAMember: ProblemType(403, "not_a_member", "The person is a member of no practice"),
    refusals.FormExpired: ProblemType(403, "form_expired", "The form belongs to another session"),
    refusals.ProfileUnknown: ProblemType(404, "profile_unknown", "No such profile"),
    refusals.TokenRefused: ProblemType(401, "token_refused", "The access token is missing, or is not one for this API"),
    refusals.RecordNotFound: ProblemType(404, "not_found", "There is no such thing here"),
    refusals.SupportCodeUnknown: ProblemType(
        404, "not_found", "No event has this support code; of a fault on our side, the operator's log has it"
    ),
    refusals.RoleMissing: ProblemType(403, "role_missing", "Your role does not allow this"),
    refusals.AlreadySignedIn: ProblemType(409, "already_signed_in", "The client has signed in already"),
    refusals.ConsentMissing: ProblemType(
        422, "email_consent_required", "The client has not agreed to be emailed there"
    ),
    refusals.EmailInUse: ProblemType(409, "email_in_use", "Another client signs in with that email address"),
    refusals.ExternalIdInUse: ProblemType(409, "external_id_in_use", "Another client has this external id"),
    refusals.AccessAddress: ProblemType(409, "access_address", "The client signs in with that address"),
    refusals.SubjectRequired: ProblemType(422, "subject_required", "Name the member by the subject of their tokens"),
    refusals.AddressSuppressed: ProblemType(
        409, "address_suppressed", "Mail to that address came back; confirm it first"
    ),
    refusals.AddressChangeUnconfirmed: ProblemType(409, "confirm_disable_and_resend", "Update Client Portal access?"),
    refusals.NoAccess: ProblemType(409, "no_access", "The client has no Client Portal access"),
    refusals.OpenedByOthers: ProblemType(
        409, "opened_by_others", "Other people open this profile; close it to them first"
    ),
    refusals.LetterInvalid: ProblemType(422, "letter_invalid", "The letter holds something that cannot be sent"),
    refusals.IdempotencyInProgress: ProblemType(409, "in_progress", "The same request is being answered"),
    refusals.IdempotencyKeyReused: ProblemType(
        422, "idempotency_key_reused", "The idempotency key belongs to another request"
    ),
    refusals.UserPoolMissing: ProblemType(409, "user_pool_missing", "Members are reset at your own sign-in provider"),
    refusals.MemberElsewhere: ProblemType(
        409, "member_elsewhere", "The member acts elsewhere too; an operator can start them over"
    ),
    refusals.OwnAddressUnknown: ProblemType(
        409, "own_address_unknown", "Your address is not known; sign in to the console once"
    ),
    refusals.TooManyCredentials: ProblemType(
        409, "too_many_credentials", "The practice has its most credentials; revoke one first"
    ),
    refusals.TooManyWebhooks: ProblemType(
        409, "too_many_webhooks", "The practice has its most webhooks; remove one first"
    ),
    refusals.ImportInvalid: ProblemType(422, "import_invalid", "The file cannot be imported; nothing of it was used"),
    refusals.TooManyImports: ProblemType(
        409, "too_many_imports", "The practice has its most unfinished imports; wait for one, or stop one"
    ),
    refusals.Unavailable: ProblemType(503, "unavailable", "Try again in a moment"),
}
FAULT = ProblemType(500, "failed", "Something is wrong on our side")
"""The problem of a fault of ours, which is no refusal."""


def to_problem(request: Request, refusal: Refusal, support_code: str = "") -> Response:
    """Return the problem document of a refusal. It has the support code if there is one."""
    problem_type = PROBLEMS[type(refusal)].of(by_callback(request.route))
    headers: dict[str, str] = {}
    facts: dict[str, object] = {}
    match refusal:
        case RateLimited() | PinLocked():
            facts["retry_after"] = seconds_left(request, refusal)
            headers["retry-after"] = str(facts["retry_after"])
        case Unavailable():
            headers["retry-after"] = str(RETRY_AFTER_SECONDS)
        case MethodRefused():
            headers["allow"] = ", ".join(refusal.allowed)
        case TokenRefused():
            headers["www-authenticate"] = 'Bearer error="invalid_token"'
        case LetterInvalid():
            facts["detail"] = refusal.why
        case OpenedByOthers():
            facts["people"] = [asdict(person) for person in refusal.people]
        case BodyInvalid() | ValueRefused() | ImportInvalid() if refusal.errors:
            facts["errors"] = [{"location": place, "message": message} for place, message in refusal.errors]
    if support_code:
        facts["support_code"] = support_code
    return problem_response(problem_type.status, problem_type.code, problem_type.title, **facts).with_headers(headers)


def code(request: Request, refusal: Refusal) -> str:
    """Return the problem code of a refusal."""
    return PROBLEMS[type(refusal)].of(by_callback(request.route)).code


def seconds_left(request: Request, refusal: RateLimited | PinLocked) -> int:
    """Return the seconds that a person has to wait, at least one."""
    return max(1, refusal.until - request.now)
