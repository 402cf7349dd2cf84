"""The clients' routes as an OpenAPI 3.1 document, from `web.operations`.

`python -m latchkey.web.openapi` prints it. With `--check` and the file it fails unless the file is the same.
"""

import sys
from collections.abc import Iterable
from typing import Any

import latchkey
from latchkey.http.openapi import ALLOW, BY_GATEWAY, PRACTICE, RETRY_AFTER, by_status, check, problem_schema, to_text
from latchkey.http.problems import FAULT, PROBLEMS
from latchkey.http.requests import JSON, PROBLEM
from latchkey.identity.providers import PROVIDERS
from latchkey.rules.languages import LANGUAGES
from latchkey.rules.refusals import Unavailable
from latchkey.web.openapi_schemas import EXAMPLES, schema_of, schemas
from latchkey.web.operation import Answer, Cookie, Header, Operation, media_type
from latchkey.web.operations import OPERATIONS

FILE = "openapi-client.json"
DESCRIPTION = """\
The requests of a client's browser or app: asking for a link, signing in by link, PIN or provider, the session and its
profiles.

Send `Accept: application/json` with every request. Otherwise the same addresses answer with pages and redirects for
browsers. Send every body with `Content-Type: application/json`, also an empty object: the portal then needs no
`Origin`. A request that has one is refused unless it is the portal's own.

The session is a cookie, or the bearer token of an app. Keep every cookie of an answer, and send all of them back. Each
is `Secure`, `HttpOnly` and `SameSite=Lax`.

Times are RFC 3339 in UTC, ids are ULIDs. A refusal is a problem document (RFC 9457) with a stable `code`. Unknown
fields of a body are ignored. HEAD has the status and headers of GET. A path in capitals or with a slash at its end
answers 308. No answer may be cached, except files of `brand`.
"""
TAGS = {
    "sign-in": "The ways to sign in.",
    "session": "The session of a browser or app.",
    "app": "The sign-in of an app by the system browser (RFC 8252), and its devices.",
    "pages": "Pages and files for browsers. They have no JSON but their refusals.",
    "stack": "Facts about the portal itself.",
}
COOKIES: dict[Cookie, str] = {
    "session": "the session, until the browser closes. `Max-Age=0` deletes it",
    "browser": "names this browser for 180 days",
    "req": "the link that was requested here, for a day. A sign-in deletes it",
    "typed": "the address that was typed here, for half an hour. A sign-in deletes it",
    "again": "for a minute, that a second link was requested",
    "to": "the page to come back to, for half an hour",
    **{provider.name: f"a started sign-in with {provider.label}, for 10 minutes" for provider in PROVIDERS},
}
HEADERS: dict[Header, dict[str, Any]] = {
    "Location": {"description": "Where to go on, with GET.", "schema": {"type": "string"}},
    "Clear-Site-Data": {"description": "Deletes what the browser has cached.", "schema": {"type": "string"}},
}
PARAMETERS: dict[str, dict[str, Any]] = {
    "lang": {
        "description": "The language of pages and of the mail that is requested. A cookie `__Host-lang-{practice}`"
        " keeps it for a year.",
        "schema": {"type": "string", "enum": list(LANGUAGES)},
    },
    "to": {
        "description": "A path below the practice, to which the person comes back.",
        "schema": {"type": "string", "maxLength": 200},
    },
    "size": {"description": "The size of paper.", "schema": {"type": "string", "enum": ["letter", "a4"]}},
    "code": {"description": "The code of the sign-in.", "schema": {"type": "string"}},
    "state": {"description": "The state with which the sign-in started.", "schema": {"type": "string"}},
    "challenge": {
        "description": "Base64url of the SHA-256 of the app's verifier (RFC 7636).",
        "schema": {"type": "string", "minLength": 43, "maxLength": 43},
    },
    "challenge_method": {"description": "S256 is the only one.", "schema": {"type": "string", "enum": ["S256"]}},
    "error": {"description": "The provider's reason if there is no code.", "schema": {"type": "string"}},
}
PATH_PARAMETERS: dict[str, dict[str, Any]] = {
    "practice": PRACTICE | {"example": "willow"},
    "token": {
        "name": "token",
        "in": "path",
        "required": True,
        "description": "The last segment of a mailed link.",
        "schema": {"type": "string"},
        "example": "AWpvYi1pZC1hbmQtc2lnbmF0dXJl",
    },
    "file": {
        "name": "file",
        "in": "path",
        "required": True,
        "description": "A name that a page or the manifest has.",
        "schema": {"type": "string"},
        "example": "icon.svg",
    },
}
ORIGIN = {
    "name": "Origin",
    "in": "header",
    "required": False,
    "description": "Browsers send it by themselves. It must be the portal's own origin. Apps leave it out.",
    "schema": {"type": "string"},
}


def document() -> dict[str, Any]:
    """Return the OpenAPI document of the clients' routes."""
    paths: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Latchkey for clients",
            "version": latchkey.__version__,
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "contact": {"name": "The operator of this stack"},
        },
        "servers": [{"url": "/", "description": "The portal's own origin."}],
        "tags": [{"name": name, "description": text} for name, text in TAGS.items()],
        "paths": paths,
        "components": {
            "schemas": schemas(),
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    # A placeholder in the name would stop generated programs, because no header can have its braces.
                    "name": f"__Host-session-{PATH_PARAMETERS['practice']['example']}",
                    "description": "The session at one practice. The cookie's name ends with the practice's slug.",
                },
                "app": {"type": "http", "scheme": "bearer", "description": "The `session_token` of an app."},
            },
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    written: dict[str, Any] = {
        "operationId": operation.id,
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": operation.description or operation.summary,
        "parameters": list(_parameters(operation)),
        "security": [{"session": []}, {"app": []}] if operation.needs_session else [],
        "responses": {**_answers(operation), **_refusals(operation)},
    }
    if operation.body:
        content = {"schema": schema_of((operation.body,)), "example": EXAMPLES[operation.body]}
        written["requestBody"] = {"required": True, "content": {JSON: content}}
    return written


def _parameters(operation: Operation) -> Iterable[dict[str, Any]]:
    for name, parameter in PATH_PARAMETERS.items():
        if f"{{{name}}}" in operation.path:
            yield parameter
    for name in (*(["lang"] if operation.has_practice else []), *operation.query):
        yield {"name": name, "in": "query", "required": False} | PARAMETERS[name]
    if operation.method == "POST":
        yield ORIGIN


def _answers(operation: Operation) -> dict[str, Any]:
    written: dict[str, Any] = {}
    for answer in operation.answers:
        response: dict[str, Any] = {"description": answer.text}
        if headers := _headers(answer):
            response["headers"] = headers
        if media := media_type(answer):
            response["content"] = {media: _content(answer)}
        written[str(answer.status)] = response
    return written


def _content(answer: Answer) -> dict[str, Any]:
    if isinstance(answer.content, str):
        return {"schema": {"type": "string"} | ({} if answer.content.startswith("text/") else {"format": "binary"})}
    return {"schema": schema_of(answer.content), "example": EXAMPLES[answer.content[0]]}


def _headers(answer: Answer) -> dict[str, Any]:
    return {name: HEADERS[name] for name in answer.headers} | (_set_cookie(answer.cookies) if answer.cookies else {})


def _set_cookie(cookies: Iterable[Cookie]) -> dict[str, Any]:
    named = "; ".join(f"`__Host-{name}-{{practice}}`: {COOKIES[name]}" for name in cookies)
    return {"Set-Cookie": {"description": f"Any of these, one header each. {named}.", "schema": {"type": "string"}}}


def _refusals(operation: Operation) -> dict[str, Any]:
    types = [*(PROBLEMS[refusal].of(operation.provider) for refusal in operation.all_refusals), FAULT]
    written = {}
    for status, titles in by_status(types).items():
        sentences = [f"`{code}`: {title}." for code, title in titles.items()]
        headers: dict[str, Any] = {}
        match status:
            case 413 | 429 | 503:
                sentences.append(BY_GATEWAY)
        match status:
            case 429 | 503:
                headers["Retry-After"] = RETRY_AFTER
            case 405:
                headers["Allow"] = ALLOW
        if status == PROBLEMS[Unavailable].status and operation.signs_in:
            sentences.append("If it is unknown whether the session started, its cookie is sent. Read the session.")
            headers |= _set_cookie(("session",))
        response: dict[str, Any] = {"description": " ".join(sentences)}
        if headers:
            response["headers"] = headers
        written[str(status)] = response | {"content": {PROBLEM: {"schema": problem_schema(titles)}}}
    return written


def main(arguments: list[str]) -> int:
    """Print the document, or compare a file with it. Return the exit status."""
    text = to_text(document())
    if arguments[:1] == ["--check"]:
        return check(arguments[1:], lambda _: text, lambda _: "latchkey.web.openapi")
    sys.stdout.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
