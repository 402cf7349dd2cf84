"""What people and clinicians do at a portal with a Google of these tests."""

import secrets
from dataclasses import dataclass
from http.client import HTTPConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from tests.identity.fake_provider import Provider
from tests.kit.live_portal import Town
from tests.kit.visitors import Answer, Browser

MARIA, KIM = "maria.gomez@gmail.com", "kim+kids@gmail.com"


class Guest(Browser):
    """Someone's browser, that can go to Google and back."""

    def __init__(self, url: str, google: Provider) -> None:
        super().__init__(url)
        self.google = google

    def leave(self, practice: str = "willow", **fields: str) -> str:
        """Press the button; where it leads."""
        answer = self.press(f"/{practice}/google", **fields)
        assert answer.status == 303, answer
        assert answer.location
        return answer.location

    def way_back(self, practice: str = "willow") -> str:
        """Press the button and agree at Google; the address that Google sends the browser to."""
        return self.google.consented(self.leave(practice))

    def come(self, practice: str = "willow") -> Answer:
        """The whole road."""
        return self.get(self.way_back(practice))

    def is_in(self, practice: str = "willow") -> bool:
        """Whether someone is signed in here."""
        return self.get(f"/{practice}/session").status == 200


@dataclass(frozen=True)
class Place:
    """A portal, its Google, and what its clinicians can do."""

    town: Town
    google: Provider
    maria: str
    """Where Maria's account is kept."""

    def guest(self) -> Guest:
        """A browser that was never here."""
        return Guest(self.town.url, self.google)

    def account(self, address: str = MARIA) -> dict[str, Any]:
        """It, as it is kept."""
        (found,) = self.town.items("Accounts", practice="willow", address=address)
        return found

    def sessions(self) -> int:
        """How many are open."""
        return len(self.town.at_rest()["Sessions"])

    def refusals(self) -> list[str]:
        """Why Google accounts were refused, as the audit has it, oldest first."""
        rows = self.town.items("Events", kind="google_refused")
        return [row["reason"] for row in sorted(rows, key=lambda row: str(row["id"]))]

    def client(self, name: str = "Maria Gomez") -> str:
        """The path of a client in the clinicians' API."""
        found = self.town.portal.at_rest()["tables"]["Clients"]
        (own,) = [client["id"] for client in found if client["name"] == name and client["practice"] == "willow"]
        return f"/admin/v1/practices/willow/clients/{own}"

    def clinician(self, method: str, path: str, role: Any = "clinician", body: str = "") -> int:
        """Have a clinician do something; the status that it had."""
        told = {
            "Authorization": self.town.portal.authorization("willow", role),
            "Content-Type": "application/json",
            "Idempotency-Key": secrets.token_hex(8),
        }
        way = HTTPConnection(urlsplit(self.town.url).netloc, timeout=10)
        way.request(method, path, body or None, told)
        status = way.getresponse().status
        way.close()
        return status

    def practice_wants_google(self, wanted: bool) -> None:
        """An administrator's switch."""
        body = '{"google": true}' if wanted else '{"google": false}'
        assert self.clinician("PATCH", "/admin/v1/practices/willow", "admin", body) == 200

    def forget(self) -> None:
        """Put Maria's account back to how it was on file."""
        self.town.portal.address.client("dynamodb").update_item(
            TableName="Accounts",
            Key={"key": {"S": self.maria}},
            UpdateExpression="REMOVE google, ended_at",
        )


def without(target: str, *names: str, **other: str) -> str:
    """An address with some of its query left out, or told otherwise."""
    parts = urlsplit(target)
    pairs = [tuple(pair.split("=", 1)) for pair in parts.query.split("&")]
    kept = [f"{name}={value}" for name, value in pairs if name not in names and name not in other]
    return f"{parts.path}?{'&'.join([*kept, urlencode(other)])}".rstrip("&?")


def is_refused(answer: Answer, heading: str = "") -> bool:
    """Whether it is the page for whoever comes back unserved, with both other ways in."""
    assert answer.status == 403, answer
    page = answer.page
    assert page.links["Request a new link"] == "/willow/sign-in"
    assert page.links["Sign in via Pin Code"] == "/willow/pin"
    assert not any(name.startswith("__Host-session") for name in answer.cookies)
    assert "@" not in page.text
    return heading in page.heading


UNMATCHED = "That Google Account isn’t associated with a Client Portal"
FAILED = "We couldn’t sign you in with Google"
CANCELLED = "You didn’t finish signing in with Google"
