"""A portal with a fake Google, and browsers that sign in with it."""

import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from local.clinicians import Role
from tests.identity.fake_provider import FakeProvider
from tests.kit.browser import Browser, new_source
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal

MARIA, KIM = "maria.gomez@gmail.com", "kim+kids@gmail.com"


class ProviderBrowser(Browser):
    """A browser that can sign in with Google."""

    def __init__(self, portal: LivePortal, google: FakeProvider) -> None:
        super().__init__(portal, new_source())
        self.google = google

    def start_google(self, practice: str = "willow", **fields: str) -> str:
        """Start sign-in with Google, and return the authorization URL."""
        return self.post(f"/{practice}/google", fields).location

    def google_callback(self, practice: str = "willow") -> str:
        """Start sign-in, consent at Google, and return the callback's path and query."""
        return self.google.consented(self.start_google(practice))

    def sign_in_with_google(self, practice: str = "willow") -> HttpResponse:
        """Sign in with Google, and return the response to the callback."""
        return self.get(self.google_callback(practice))


@dataclass(frozen=True)
class ProviderPortal:
    """A portal, its fake Google, and requests of its clinicians."""

    live_portal: LivePortal
    google: FakeProvider
    maria: str
    """The account key of Maria."""

    def guest(self) -> ProviderBrowser:
        """Return a browser without cookies."""
        return ProviderBrowser(self.live_portal, self.google)

    def account(self, address: str = MARIA) -> dict[str, Any]:
        """Return the stored account of an address at Willow."""
        (found,) = self.live_portal.items("Accounts", practice="willow", address=address)
        return found

    def sessions(self) -> set[str]:
        """Return the digests of the stored sessions."""
        return self.live_portal.sessions()

    def refusals(self) -> list[str]:
        """Return the reasons of `google_refused` audit events, oldest first."""
        rows = self.live_portal.items("Events", kind="google_refused")
        return [row["reason"] for row in sorted(rows, key=lambda row: str(row["id"]))]

    def client(self, name: str = "Maria Gomez") -> str:
        """Return the route of a client in the clinicians' API."""
        found = self.live_portal.portal.at_rest()["tables"]["Clients"]
        (own,) = [client["id"] for client in found if client["practice"] == "willow" and client["name"] == name]
        return f"/clients/{own}"

    def clinician(self, method: str, route: str, role: Role = "clinician", body: Any = None) -> int:
        """Return the status of a request to the clinicians' API."""
        key = secrets.token_hex(8)
        return self.live_portal.clinician(role=role).request(method, route, body, key=key).status

    def practice_wants_google(self, wanted: bool) -> None:
        """Switch sign-in with Google on or off for the practice."""
        assert self.clinician("PATCH", "", "admin", {"google": wanted}) == 200

    def forget(self) -> None:
        """Unlink Maria's identity, and clear the end of her access."""
        self.live_portal.portal.address.client("dynamodb").update_item(
            TableName="Accounts",
            Key={"key": {"S": self.maria}},
            UpdateExpression="REMOVE google, ended_at",
        )


def without(target: str, *names: str, **other: str) -> str:
    """Return a target without these query parameters, or with other values."""
    parts = urlsplit(target)
    pairs = [tuple(pair.split("=", 1)) for pair in parts.query.split("&")]
    saved = [f"{name}={value}" for name, value in pairs if name not in names and name not in other]
    return f"{parts.path}?{'&'.join([*saved, urlencode(other)])}".rstrip("&?")


def is_refused(answer: HttpResponse, heading: str = "") -> bool:
    """Return True if the refusal page has this heading. Fail unless it offers the link and the PIN."""
    assert answer.status == 403, answer
    page = answer.page
    assert page.links["Request a new link"] == "/willow/sign-in"
    assert page.links["Sign in via Pin Code"] == "/willow/pin"
    assert not any(name.startswith("__Host-session") for name in answer.cookie_values)
    assert "@" not in page.text
    # a clinician finds only the code of an identity that has an address at this practice (B145)
    assert page.heading == UNMATCHED or not page.all("code")
    return heading in page.heading


UNMATCHED = "We can’t find a Client Portal for that Google Account"
FAILED = "We couldn’t sign you in with Google"
CANCELLED = "You didn’t finish signing in with Google"
