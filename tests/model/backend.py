"""The service under test: every function with its own handler, role and environment, on moto.

The test moves the clock and runs the mail jobs.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import boto3

from latchkey.rules.members import Role
from latchkey.store import members, practices
from tests.identity import fake_provider
from tests.identity.fake_provider import FakeProvider
from tests.kit.browser import Browser
from tests.kit.clinician import ISSUER, OAUTH_CLIENT
from tests.kit.cloud import Cloud, mocked_aws
from tests.kit.http_response import HttpResponse
from tests.kit.portal import Letter, Portal
from tests.kit.seed import HARBOR, WILLOW
from tests.model.model_base import Outcome

SUBJECT = "dr"


class Mail(NamedTuple):
    """A mail: recipient, path of its link if it has one, and the tags of SES reports."""

    to: str
    path: str | None
    tags: dict[str, list[str]]


@dataclass
class Backend:
    """Resources with two practices and a fake Google, shared by one service after another."""

    cloud: Cloud
    google: FakeProvider
    parameters: dict[str, str]

    @contextmanager
    def service(self) -> Iterator["Service"]:
        """Run a service with nobody on file, and remove what it wrote."""
        portal = Portal(self.cloud)
        portal.parameters |= self.parameters
        try:
            with portal.opened():
                yield Service(portal, self.google)
        finally:
            self.cloud.put_back(portal.aws.written_tables())


@contextmanager
def running_backend() -> Iterator[Backend]:
    """Run the resources with two practices and nobody on file."""
    with mocked_aws(), fake_provider.serving() as server:
        cloud = Cloud()
        secret = boto3.client("secretsmanager").create_secret(Name="google", SecretString=fake_provider.SECRET)
        cloud.names["GoogleSecret"] = secret["ARN"]
        for practice in (WILLOW, HARBOR):
            practices.save(practice)
            members.set_role(practice.slug, SUBJECT, Role.CLINICIAN)
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
            "TokenClientIds": OAUTH_CLIENT,
        }
        yield Backend(cloud, server.provider, parameters)


@dataclass
class Service:
    """The steps of the model's tests, as requests to the service."""

    portal: Portal
    google: FakeProvider
    calls_read: int = 0
    """Number of AWS calls that were read."""
    letters_read: int = 0
    """The number of letters that were read."""

    def at(self, now: int) -> None:
        """Set the clock to this Unix second."""
        self.portal.now = now

    def browser(self, source: str) -> Browser:
        """Return a browser without cookies that gets JSON."""
        return self.portal.browser(source, accept="application/json")

    def ask(self, browser: Browser, practice: str, typed: str) -> Outcome:
        """Request a link."""
        answer = browser.request_link(typed, practice)
        twice = answer.cookie_values.get(f"__Host-again-{practice}") == "1"
        return _outcome(answer, "just_asked" if twice else "sent")

    def open(self, browser: Browser, path: str, *, submit: bool, switch: bool = False) -> Outcome:
        """Open a link, or submit its form."""
        answer = browser.post(path, {"switch": "yes"} if switch else {}) if submit else browser.get(path)
        if answer.status == 200 and answer.document.get("status") == "confirm":
            return Outcome("confirm")
        return _outcome(answer, "signed_in" if _cookie(answer) else "signed_in_already")

    def type_pin(self, browser: Browser, practice: str, typed: str, digits: str) -> Outcome:
        """Submit an address and a PIN."""
        return _outcome(browser.post(f"/{practice}/pin", {"email": typed, "pin": digits}), "signed_in")

    def start_google(self, browser: Browser, practice: str) -> tuple[Outcome, str]:
        """Start sign-in with Google, and return the authorization URL too."""
        answer = browser.post(f"/{practice}/google")
        return _outcome(answer, "away"), answer.headers.get("location", "")

    def return_from_google(self, browser: Browser, left_for: str, subject: str, address: str) -> Outcome:
        """Consent at Google as this subject and address, and return the response to the callback."""
        self.google.claims = {"sub": subject, "email": address}
        answer = browser.get(self.google.consented(left_for))
        return _outcome(answer, "signed_in" if _cookie(answer) else "signed_in_already")

    def who(self, browser: Browser, practice: str) -> str | None:
        """Return the name of the profile that a browser's session opens."""
        answer = browser.get(f"/{practice}/session")
        if answer.status == 401:
            return None
        (profile,) = answer.document["profiles"]
        return str(profile["name"])

    def profile_of(self, practice: str, cookie: str) -> str | None:
        """Return the name of the profile that a copied session cookie opens."""
        thief = self.browser("192.0.2.99")
        thief.cookies[_session(practice)] = cookie
        return self.who(thief, practice)

    def cookie(self, browser: Browser, practice: str) -> str:
        """Return a browser's session cookie."""
        return browser.cookies[_session(practice)]

    def sign_out(self, browser: Browser, practice: str) -> Outcome:
        """Sign out."""
        return _outcome(browser.post(f"/{practice}/sign-out"), "signed_out")

    def on_file(self, name: str, practice: str, address: str) -> str:
        """Add a client, drop their invitation, and return the id."""
        emails = [{"address": address, "email_ok": True}]
        answer = self._clinician("POST", practice, "", body={"name": name, "emails": emails, "invite": True})
        assert answer.status == 201, answer.body
        self.new_bodies()
        return str(answer.document["id"])

    def make_pin(self, practice: str, client: str) -> tuple[Outcome, str]:
        """Create a PIN, and return its digits too."""
        answer = self._clinician("POST", practice, "/{client}/pin-codes", client)
        return _outcome(answer, "made"), answer.document["pin"] if answer.status == 201 else ""

    def invite(self, practice: str, client: str, address: str | None) -> Outcome:
        """Invite a client, to another address if one is given."""
        body = {"email": address} if address else {}
        return _outcome(self._clinician("POST", practice, "/{client}/invitations", client, body), "invited")

    def change_address(self, practice: str, client: str, address: str, *, consent: bool, agreed: bool) -> Outcome:
        """Save a client's address."""
        body = {"email": address, "email_ok": consent, "disable_and_resend": agreed}
        return _outcome(self._clinician("PUT", practice, "/{client}/email", client, body), "saved")

    def delete(self, practice: str, client: str, what: str) -> Outcome:
        """Delete a client's `portal-access`, `sessions` or `google` identity."""
        return _outcome(self._clinician("DELETE", practice, f"/{{client}}/{what}", client), "done")

    def seen_by_clinician(self, practice: str, client: str) -> tuple[str, str, bool]:
        """Return what a clinician sees: address, access and whether a PIN is live."""
        outcome = self._clinician("GET", practice, "/{client}/portal-access", client).document
        return outcome["email"], outcome["status"], outcome["has_live_pin"]

    def new_bodies(self) -> list[str]:
        """Return the mail jobs that were queued since the last call."""
        calls = self.portal.aws.calls[self.calls_read :]
        self.calls_read += len(calls)
        return [arguments["MessageBody"] for operation, arguments in calls if operation == "SendMessage"]

    def deliver(self, bodies: list[str]) -> list[Mail]:
        """Run mail jobs in this order, and return the mails that were sent."""
        assert self.portal.work(*bodies) == []
        sent = self.portal.letters[self.letters_read :]
        self.letters_read += len(sent)
        return [_arrived(letter) for letter in sent]

    def report(self, mail: Mail, kind: str, **details: Any) -> None:
        """Report an event of SES about a mail."""
        self.portal.handle_event(
            "MailEvents", {"detail": {"eventType": kind, "mail": {"messageId": "0100", "tags": mail.tags}, **details}}
        )

    def _clinician(self, method: str, practice: str, route: str, client: str = "", body: Any = None) -> HttpResponse:
        parts = {"client": client}
        return self.portal.clinician(SUBJECT, practice).request(method, f"/clients{route}", body, parts=parts)


def _outcome(answer: HttpResponse, yes: str) -> Outcome:
    """Return the outcome of a response. `yes` is the code of a success."""
    if answer.status < 400:
        return Outcome(yes)
    seconds = int(answer.headers.get("retry-after", "0"))
    assert answer.document.get("retry_after", 0) == seconds
    return Outcome(answer.code, seconds)


def _session(practice: str) -> str:
    return f"__Host-session-{practice}"


def _cookie(answer: HttpResponse) -> bool:
    return any(name.startswith("__Host-session-") and value for name, value in answer.cookie_values.items())


def _arrived(letter: Letter) -> Mail:
    (to,) = letter.to
    tags = {tag["Name"]: [tag["Value"]] for tag in letter.arguments["EmailTags"]}
    return Mail(to, letter.path if "/link/" in letter.text else None, tags)
