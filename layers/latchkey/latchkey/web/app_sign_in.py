"""The request of an app for a sign-in in the browser, and the document with the tokens that it gets."""

from latchkey import keys, tokens
from latchkey.http.requests import Request
from latchkey.http.responses import rfc3339
from latchkey.rules.accounts import AccountKey
from latchkey.rules.app_codes import CHALLENGE, CODE, STATE, typed_form
from latchkey.rules.refusals import BodyInvalid
from latchkey.store.devices import AppAttempt, SignedInDevice
from latchkey.web.documents import AppSessionDocument, session_document

METHOD = "S256"
"""The only code challenge method (RFC 7636, 4.2). An app need not send it."""


def app_path(slug: str, challenge: str, state: str) -> str:
    """Return the path of the page to which an app sends the browser."""
    return f"/{slug}/app?challenge={challenge}&state={state}"


def return_path(slug: str, code: str, state: str) -> str:
    """Return the path that opens the app, or a page if it does not."""
    return f"/{slug}/app/return?code={code}&state={state}"


def parse_request(challenge: str | None, state: str | None, method: str | None) -> tuple[str, str]:
    """Return the challenge and state of an app's request.

    :raises BodyInvalid: one is missing, too long or has other characters, or the method is not S256.
    """
    if not CHALLENGE.fullmatch(challenge or "") or not STATE.fullmatch(state or "") or method not in (None, "", METHOD):
        raise BodyInvalid
    return challenge or "", state or ""


def returned(request: Request) -> tuple[str, str]:
    """Return the code and state in the URL that leads back to the app.

    :raises BodyInvalid: one is missing or has another form.
    """
    code, state = request.query_value("code") or "", request.query_value("state") or ""
    if not CODE.fullmatch(code) or not STATE.fullmatch(state):
        raise BodyInvalid
    return code, state


def typed_digest(stored_key: str, typed: str) -> str:
    """Return the digest to store of a typed code. It is keyed, because the code has only 30 bits."""
    return tokens.derive(keys.cookie(), "typed app code", f"{stored_key} {typed}")


def sent_digest(stored_key: str, sent: str) -> str | None:
    """Return the digest of a code that an app sent, whole or typed. None if it is neither."""
    if CODE.fullmatch(sent):
        return tokens.app_code_digest(sent)
    typed = typed_form(sent)
    return typed_digest(stored_key, typed) if typed else None


def new_attempt(request: Request, account_key: AccountKey, family: bytes) -> AppAttempt:
    """Return an attempt with new tokens."""
    return AppAttempt(
        id=tokens.new_ulid(request.now_ms),
        session_token=tokens.new_session_cookie(account_key),
        refresh_token=tokens.new_refresh_token(account_key, family),
        now_ms=request.now_ms,
        support_code=request.support_code,
    )


def document(request: Request, signed_in: SignedInDevice, attempt: AppAttempt) -> AppSessionDocument:
    """Return the session document with the app's tokens."""
    return {
        **session_document(request, signed_in.live_session),
        "device": signed_in.device.id,
        "session_token": attempt.session_token,
        "refresh_token": attempt.refresh_token,
        "refresh_expires_at": rfc3339(signed_in.device.ends_at),
    }
