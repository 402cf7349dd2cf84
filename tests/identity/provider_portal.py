"""What people and clinicians do at a portal with a Google of these tests."""

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
    """Someone's browser, that can go to Google and back."""

    def __init__(self, portal: LivePortal, google: FakeProvider) -> None:
        super().__init__(portal, new_source())
        self.google = google

    def leave(self, practice: str = "willow", **fields: str) -> str:
        """Press the button; where it leads."""
        return self.post(f"/{practice}/google", fields).location

    def way_back(self, practice: str = "willow") -> str:
        """Press the button and agree at Google; the address that Google sends the browser to."""
        return self.google.consented(self.leave(practice))

    def come(self, practice: str = "willow") -> HttpResponse:
        """The whole road."""
        return self.get(self.way_back(practice))


@dataclass(frozen=True)
class ProviderPortal:
    """A portal, its Google, and what its clinicians can do."""

    live_portal: LivePortal
    google: FakeProvider
    maria: str
    """Where Maria's account is kept."""

    def guest(self) -> ProviderBrowser:
        """A browser that was never here."""
        return ProviderBrowser(self.live_portal, self.google)

    def account(self, address: str = MARIA) -> dict[str, Any]:
        """It, as it is kept."""
        (found,) = self.live_portal.items("Accounts", practice="willow", address=address)
        return found

    def sessions(self) -> int:
        """How many are open."""
        return len(self.live_portal.at_rest()["Sessions"])

    def refusals(self) -> list[str]:
        """Why Google accounts were refused, as the audit has it, oldest first."""
        rows = self.live_portal.items("Events", kind="google_refused")
        return [row["reason"] for row in sorted(rows, key=lambda row: str(row["id"]))]

    def client(self, name: str = "Maria Gomez") -> str:
        """Return the route of a client in the clinicians' API."""
        found = self.live_portal.portal.at_rest()["tables"]["Clients"]
        (own,) = [client["id"] for client in found if client["name"] == name and client["practice"] == "willow"]
        return f"/clients/{own}"

    def clinician(self, method: str, route: str, role: Role = "clinician", body: Any = None) -> int:
        """Return the status of a request to the clinicians' API."""
        key = secrets.token_hex(8)
        return self.live_portal.clinician(role=role).request(method, route, body, key=key).status

    def practice_wants_google(self, wanted: bool) -> None:
        """An administrator's switch."""
        assert self.clinician("PATCH", "", "admin", {"google": wanted}) == 200

    def forget(self) -> None:
        """Put Maria's account back to how it was on file."""
        self.live_portal.portal.address.client("dynamodb").update_item(
            TableName="Accounts",
            Key={"key": {"S": self.maria}},
            UpdateExpression="REMOVE google, ended_at",
        )


def without(target: str, *names: str, **other: str) -> str:
    """An address with some of its query left out, or told otherwise."""
    parts = urlsplit(target)
    pairs = [tuple(pair.split("=", 1)) for pair in parts.query.split("&")]
    saved = [f"{name}={value}" for name, value in pairs if name not in names and name not in other]
    return f"{parts.path}?{'&'.join([*saved, urlencode(other)])}".rstrip("&?")


def is_refused(answer: HttpResponse, heading: str = "") -> bool:
    """Whether it is the page for whoever comes back unserved, with both other ways in."""
    assert answer.status == 403, answer
    page = answer.page
    assert page.links["Request a new link"] == "/willow/sign-in"
    assert page.links["Sign in via Pin Code"] == "/willow/pin"
    assert not any(name.startswith("__Host-session") for name in answer.cookie_values)
    assert "@" not in page.text
    return heading in page.heading


UNMATCHED = "That Google Account isn’t associated with a Client Portal"
FAILED = "We couldn’t sign you in with Google"
CANCELLED = "You didn’t finish signing in with Google"
