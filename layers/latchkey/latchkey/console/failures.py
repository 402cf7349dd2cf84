"""Pages and sentences of refusals in the console."""

from dataclasses import replace

from latchkey import languages
from latchkey.console import forms, import_sentences, layout, render
from latchkey.console.current import Current
from latchkey.http import problems
from latchkey.http.requests import Request
from latchkey.http.responses import Response
from latchkey.languages import Translator
from latchkey.rules.imports import MAX_UNFINISHED
from latchkey.rules.languages import Language
from latchkey.rules.refusals import (
    AccessAddress,
    AddressChangeUnconfirmed,
    AddressSuppressed,
    AlreadySignedIn,
    BodyInvalid,
    BodyTooLarge,
    ConsentMissing,
    EmailInUse,
    EmailMalformed,
    EmailMissing,
    ExternalIdInUse,
    FormExpired,
    IdempotencyInProgress,
    IdempotencyKeyReused,
    ImportInvalid,
    LetterInvalid,
    MemberElsewhere,
    MethodRefused,
    NoAccess,
    NotAMember,
    OpenedByOthers,
    OriginRefused,
    OwnAddressUnknown,
    ProviderRefused,
    RateLimited,
    Refusal,
    RoleMissing,
    SignedOut,
    SubjectRequired,
    TooManyCredentials,
    TooManyImports,
    TooManyWebhooks,
    Unavailable,
    UserPoolMissing,
    ValueRefused,
)

MAX_MINUTES = 90
"""Minutes that a sentence counts. A longer wait is said in hours."""


def page_headers() -> dict[str, str]:
    """Return the headers of a page that were not stored with it."""
    return {"content-security-policy": layout.policy()}


def to_page(request: Request, refusal: Refusal) -> Response:
    """Return the page of a refusal."""
    problem = problems.to_problem(request, refusal)
    headers = {name: value for name, value in problem.headers.items() if name in ("retry-after", "allow")}
    if isinstance(refusal, SignedOut):
        return _signed_out(request, refusal)
    if isinstance(refusal, NotAMember):
        return render.public_page(request, "not_a_member.html", problem.status, subject=refusal.subject)
    if isinstance(refusal, ProviderRefused):
        return render.public_page(request, "provider_failed.html", problem.status)
    template = {404: "not_found.html", 503: "unavailable.html"}.get(problem.status, "refused.html")
    text = sentence(request.language, refusal, request.now)
    return render.public_page(request, template, problem.status, sentence=text).with_headers(headers)


def internal_error(request: Request) -> Response:
    """Return the page of a fault. It says nothing about it."""
    return render.public_page(request, "unavailable.html", 500, sentence="")


def form_expired(current: Current) -> Response:
    """Return the page for a form of another session. It offers what was typed, under a new token."""
    shown = replace(current, status=problems.PROBLEMS[FormExpired].status)
    return render.signed_in_page(shown, "form_expired.html", typed=current.form.resendable, path=current.request.path)


def _signed_out(request: Request, refusal: SignedOut) -> Response:
    if request.method == "POST":
        typed = forms.parse(request).resendable
        return render.public_page(request, "signed_out_form.html", 401, typed=typed, path=request.path)
    status = 200 if request.path == "/admin" else 401
    return render.public_page(request, "sign_in.html", status, to=request.path, idle=refusal.idle)


def sentence(language: Language, refusal: Refusal, now: int) -> str:  # noqa: C901, PLR0911, PLR0912 - one list of sentences
    """Return the text of a form's page about a refusal. `now` is Unix seconds."""
    _ = languages.translator(language)
    match refusal:
        case AlreadySignedIn():
            return _("The client has signed in already. Nothing was sent.")
        case ConsentMissing():
            return _("This client has not agreed to receive email. Record their consent first. Nothing was sent.")
        case EmailInUse():
            return _("Another client signs in with that email address. Nothing was changed.")
        case AddressSuppressed():
            return _("Email to that address came back. Check it and save it again first. Nothing was sent.")
        case AddressChangeUnconfirmed():
            return _("Update Client Portal access?")
        case AccessAddress():
            return _("The client signs in with that address. Change it instead. Nothing was removed.")
        case NoAccess():
            return _("There is no Client Portal access, so no Pin Code would work. Invite them first.")
        case OpenedByOthers():
            return _("Other people open this profile. Tick those whose access ends too. Nothing was ended.")
        case EmailMissing():
            return _("Enter an email address.")
        case EmailMalformed():
            return _("Enter an email address in the correct format, like name@example.com")
        case ValueRefused(errors=errors):
            return _value_problem(_, errors[0][0] if errors else "")
        case UserPoolMissing():
            return _("This stack uses your own sign-in provider. Reset the person there. Nothing was done.")
        case MemberElsewhere():
            return _("They also act for another practice or for the whole stack. Ask an operator. Nothing was done.")
        case OwnAddressUnknown():
            return _("Your sign-in provider has confirmed no address of yours. Nothing was sent.")
        case ExternalIdInUse():
            return _("Another client has this id.")
        case SubjectRequired():
            return _("This stack uses your own sign-in provider. Enter the person’s subject.")
        case TooManyCredentials():
            return _("A practice has 20 systems at most. Revoke one that is not used any more. Nothing was made.")
        case TooManyWebhooks():
            return _("A practice has 5 webhooks at most. Remove one first. Nothing was added.")
        case LetterInvalid():
            return _("The letter can’t hold that: {why}", why=refusal.why)
        case RateLimited():
            minutes = max(1, -(-(refusal.until - now) // 60))
            ngettext = languages.plural_translator(language)
            if minutes > MAX_MINUTES:
                return ngettext(
                    "That was enough for today. Try again in {number} hour.",
                    "That was enough for today. Try again in {number} hours.",
                    -(-minutes // 60),
                )
            return ngettext(
                "That was too much at once. Try again in {number} minute.",
                "That was too much at once. Try again in {number} minutes.",
                minutes,
            )
        case IdempotencyInProgress():
            return _("The same press is still being answered. Wait a moment, then look at the page again.")
        case IdempotencyKeyReused():
            return _("This form was sent already with other contents. Check them and press again.")
        case ImportInvalid(problems=problems):
            return import_sentences.file_sentence(problems, language)
        case _:
            return _general_sentence(_, refusal)


def _general_sentence(_: Translator, refusal: Refusal) -> str:
    match refusal:
        case BodyInvalid(errors=errors) if errors:
            return _text_problem(_, *errors[0])
        case BodyTooLarge():
            return _("That is too long. Nothing was done.")
        case TooManyImports():
            return _(
                "{number} imports are under way, the most at a time. Wait for one, or stop one. Nothing was started.",
                number=MAX_UNFINISHED,
            )
        case RoleMissing():
            return _("Your role does not allow this. Ask an admin of the practice.")
        case OriginRefused():
            return _("This form came from another page. Nothing was done.")
        case MethodRefused():
            return _("This page can’t be used in that way.")
        case Unavailable():
            return _("Something we need doesn’t answer. Nothing was done. Try again in a moment.")
        case _:
            return _("This request can’t be read. Nothing was done.")


def _value_problem(_: Translator, place: str) -> str:
    match place.split("."):
        case ["body"]:
            return _("Choose a PNG or JPEG of 64 KB and 4 million pixels at most. The logo is as it was.")
        case ["body", "accent"]:
            return _("Text in that colour can’t be read, or it is no colour. Nothing was saved.")
        case ["body", "clinician_word", _language]:
            return _("The word for the clinician has 2 to 40 letters, and no “your” before it. Nothing was saved.")
        case ["body", "url"]:
            return _(
                "Enter an address that begins with https:// and leads to a host on the internet. Nothing was added."
            )
        case ["body", "links" | "legal", _name]:
            return _("A web address begins with https:// or with the portal’s own path. Nothing was saved.")
        case _place:
            return _("One of these values can’t be used here. Nothing was done.")


def _text_problem(_: Translator, place: str, problem: str) -> str:
    sentences = {
        "empty": _("Fill in every field that is marked. Nothing was done."),
        "long": _("That text is too long. Nothing was done."),
        "characters": _("That text has characters that can’t be shown. Nothing was done."),
        "items": _("Write each item on a line of its own, 50 at most. Nothing was done."),
        "zone": _("Enter a time zone such as America/Chicago. Nothing was done."),
        "slug": _("Another practice has this short name, or it can’t be one. Nothing was done."),
        "kinds": _("Tick at least one kind of event. Nothing was added."),
        "confirm": _("Type the client’s name to confirm. Nothing was done."),
        "file": _("Choose a file that is not empty. Nothing was put on file."),
    }
    general = _("Check the form and press again. Nothing was done. {place}", place=place if place == "body" else "")
    return sentences.get(problem, general)
