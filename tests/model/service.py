"""The running service, as its visitors, its clinicians and its mail provider meet it: every function with its own
handler, role and environment, on moto, with the clock and the mail queue in the hands of whoever asks."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from unittest.mock import patch

import boto3
from moto import mock_aws
from moto.core.serialize import AttributePicker, AttributePickerContext

from latchkey.rules.members import Role
from latchkey.store import members, practices
from tests.functions.conftest import AS_WE_ARE
from tests.identity import fake_provider
from tests.identity.fake_provider import Provider
from tests.kit import gateway_events
from tests.kit.portal import ORIGIN, Answer, Browser, Cloud, Letter, Portal
from tests.kit.seed import HARBOR, WILLOW
from tests.model.reference_model import Told

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Willow"
CLAIMS = {"iss": ISSUER, "token_use": "access", "client_id": "desk", "scope": "latchkey/admin", "sub": "dr"}
CLIENTS = "/admin/v1/practices/{practice}/clients"


class Mail(NamedTuple):
    """A letter as it arrived: to whom, the path of the link in it if it has one, and what SES reports it by."""

    to: str
    path: str | None
    tags: dict[str, list[str]]


@dataclass
class Town:
    """A cloud with two practices, and a Google, for as many services as come one after the other."""

    cloud: Cloud
    google: Provider
    parameters: dict[str, str]

    @contextmanager
    def service(self) -> Iterator["Service"]:
        """The service before its first visitor."""
        portal = Portal(self.cloud)
        portal.parameters |= self.parameters
        try:
            with portal.opened():
                yield Service(portal, self.google)
        finally:
            self.cloud.put_back(portal.wire.written)


@contextmanager
def town() -> Iterator[Town]:
    """A town with nobody on file."""
    with mock_aws(config=AS_WE_ARE), _values_by_their_names(), fake_provider.serving() as server:
        cloud = Cloud()
        secret = boto3.client("secretsmanager").create_secret(Name="google", SecretString=fake_provider.SECRET)
        cloud.names["GoogleSecret"] = secret["ARN"]
        for practice in (WILLOW, HARBOR):
            practices.save(practice)
            members.set_role(practice.slug, CLAIMS["sub"], Role.CLINICIAN)
        cloud.remember()
        url = server.provider.url
        parameters = {
            "GoogleClientId": fake_provider.CLIENT,
            "GoogleIssuer": url,
            "GoogleAuthorizeUrl": f"{url}/o/auth",
            "GoogleTokenUrl": f"{url}/token",
            "GoogleCertsUrl": f"{url}/certs",
            "PracticeCacheSeconds": "300",
            "TokenIssuer": ISSUER,
            "TokenClientIds": CLAIMS["client_id"],
        }
        yield Town(cloud, server.provider, parameters)


@contextmanager
def _values_by_their_names() -> Iterator[None]:
    """moto looks for every value of DynamoDB under each name that an attribute may have; that is half of its time."""
    usual = AttributePicker.__call__

    def pick(picker: AttributePicker, context: AttributePickerContext) -> Any:
        if isinstance(context.obj, dict) and context.shape.parent.name == "AttributeValue":  # type: ignore[attr-defined]
            return context.obj.get(context.key)
        return usual(picker, context)

    with patch.object(AttributePicker, "__call__", pick):
        yield


@dataclass
class Service:
    """What can be done to it, one step at a time, and what it tells whoever does it."""

    portal: Portal
    google: Provider
    heard: int = 0
    """How many calls to AWS have been looked at."""
    arrived: int = 0
    """How many letters."""

    def at(self, now: int) -> None:
        """Set its clock (Unix seconds)."""
        self.portal.now = now

    def browser(self, source: str) -> Browser:
        """A browser that was never here, and is told codes instead of pages."""
        return self.portal.browser(source, accept="application/json")

    def ask(self, browser: Browser, practice: str, typed: str) -> Told:
        """Type an address."""
        answer = browser.ask(typed, practice)
        again = answer.kept.get(f"__Host-again-{practice}") == "1"
        return _told(answer, "just_asked" if again else "sent")

    def open(self, browser: Browser, path: str, *, press: bool, switch: bool = False) -> Told:
        """Open a link, or press the button behind it."""
        answer = browser.post(path, {"switch": "yes"} if switch else {}) if press else browser.get(path)
        if answer.status == 200 and answer.document.get("status") == "confirm":
            return Told("confirm")
        return _told(answer, "signed_in" if _cookie(answer) else "signed_in_already")

    def type_pin(self, browser: Browser, practice: str, typed: str, digits: str) -> Told:
        """Type an address and a PIN."""
        return _told(browser.post(f"/{practice}/pin", {"email": typed, "pin": digits}), "signed_in")

    def leave(self, browser: Browser, practice: str) -> tuple[Told, str]:
        """Leave for Google; where that leads."""
        answer = browser.post(f"/{practice}/google")
        return _told(answer, "away"), answer.headers.get("location", "")

    def come_back(self, browser: Browser, left_for: str, subject: str, address: str) -> Told:
        """Agree at Google, and return as someone whom it knows by a number and an address."""
        self.google.claims = {"sub": subject, "email": address}
        answer = browser.get(self.google.consented(left_for))
        return _told(answer, "signed_in" if _cookie(answer) else "signed_in_already")

    def who(self, browser: Browser, practice: str) -> str | None:
        """Whose profile a browser's session opens."""
        answer = browser.get(f"/{practice}/session")
        if answer.status == 401:
            return None
        (profile,) = answer.document["profiles"]
        return str(profile["name"])

    def whose(self, practice: str, cookie: str) -> str | None:
        """Whose profile a session opens, wherever its cookie has got to."""
        thief = self.browser("192.0.2.99")
        thief.cookies[_session(practice)] = cookie
        return self.who(thief, practice)

    def cookie(self, browser: Browser, practice: str) -> str:
        """The cookie of a browser's session."""
        return browser.cookies[_session(practice)]

    def sign_out(self, browser: Browser, practice: str) -> Told:
        """Sign out."""
        return _told(browser.post(f"/{practice}/sign-out"), "signed_out")

    def on_file(self, name: str, practice: str, address: str) -> str:
        """Put a client on file and invite them, by a mail that is lost; the id."""
        emails = [{"address": address, "email_ok": True}]
        answer = self._clinician("POST", practice, "", body={"name": name, "emails": emails, "invite": True})
        assert answer.status == 201, answer.body
        self.promises()
        return str(answer.document["id"])

    def make_pin(self, practice: str, client: str) -> tuple[Told, str]:
        """Make a PIN."""
        answer = self._clinician("POST", practice, "/{client}/pin-codes", client)
        return _told(answer, "made"), answer.document["pin"] if answer.status == 201 else ""

    def invite(self, practice: str, client: str, address: str | None) -> Told:
        """Give a client access, by another address if one is given."""
        body = {"email": address} if address else {}
        return _told(self._clinician("POST", practice, "/{client}/invitations", client, body), "invited")

    def readdress(self, practice: str, client: str, address: str, *, consent: bool, agreed: bool) -> Told:
        """Save a client's address."""
        body = {"email": address, "email_ok": consent, "disable_and_resend": agreed}
        return _told(self._clinician("PUT", practice, "/{client}/email", client, body), "saved")

    def delete(self, practice: str, client: str, what: str) -> Told:
        """End a client's `portal-access` or `sessions`, or unbind their `google`."""
        return _told(self._clinician("DELETE", practice, f"/{{client}}/{what}", client), "done")

    def seen_by_clinician(self, practice: str, client: str) -> tuple[str, str, bool]:
        """What a clinician sees: the address, its status, and whether a PIN is live."""
        told = self._clinician("GET", practice, "/{client}/portal-access", client).document
        return told["email"], told["status"], told["has_live_pin"]

    def promises(self) -> list[str]:
        """What has come into the mail queue since this was asked."""
        calls = self.portal.wire.calls[self.heard :]
        self.heard += len(calls)
        return [arguments["MessageBody"] for operation, arguments in calls if operation == "SendMessage"]

    def deliver(self, bodies: list[str]) -> list[Mail]:
        """Hand the worker messages, in this order; the mail that went out."""
        assert self.portal.work(*bodies) == []
        sent = self.portal.letters[self.arrived :]
        self.arrived += len(sent)
        return [_arrived(letter) for letter in sent]

    def report(self, mail: Mail, kind: str, **details: Any) -> None:
        """What SES reports of a mail."""
        self.portal.hear(
            "MailEvents", {"detail": {"eventType": kind, "mail": {"messageId": "0100", "tags": mail.tags}, **details}}
        )

    def _clinician(
        self, method: str, practice: str, below: str, client: str | None = None, body: dict[str, Any] | None = None
    ) -> Answer:
        """What the clinicians' function answers to someone whose token the authorizer has let through."""
        route, parameters = CLIENTS + below, {"practice": practice} | ({"client": client} if client else {})
        headers = {"host": ORIGIN.removeprefix("https://"), "content-type": "application/json"}
        sent = gateway_events.Sent(method, route.format(**parameters), headers, json.dumps(body).encode())
        event = gateway_events.event(sent, self.portal.now * 1000)
        event |= {"routeKey": f"{method} {route}", "pathParameters": parameters}
        event["requestContext"] |= {"routeKey": event["routeKey"], "authorizer": {"jwt": {"claims": CLAIMS}}}
        return self.portal.answer("Admin", event)


def _told(answer: Answer, yes: str) -> Told:
    """What an answer says; `yes` stands for the success of what was tried."""
    if answer.status < 400:
        return Told(yes)
    seconds = int(answer.headers.get("retry-after", "0"))
    assert answer.document.get("retry_after", 0) == seconds
    return Told(answer.code, seconds)


def _session(practice: str) -> str:
    return f"__Host-session-{practice}"


def _cookie(answer: Answer) -> bool:
    return any(name.startswith("__Host-session-") and value for name, value in answer.kept.items())


def _arrived(letter: Letter) -> Mail:
    (to,) = letter.to
    tags = {tag["Name"]: [tag["Value"]] for tag in letter.arguments["EmailTags"]}
    return Mail(to, letter.path if "/link/" in letter.text else None, tags)
