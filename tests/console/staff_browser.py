"""A browser that signs in to the console at the user pool's pages, and submits the console's forms."""

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.kit.browser import Browser, new_source, send_http
from tests.kit.http_response import HttpResponse
from tests.kit.live_portal import LivePortal

FORM = {"content-type": "application/x-www-form-urlencoded"}


class StaffBrowser(Browser):
    """A browser that opens pages of the console and submits their forms."""

    def __init__(self, live_portal: LivePortal) -> None:
        super().__init__(live_portal, new_source())
        self.live_portal = live_portal

    def staff(self) -> dict[str, dict[str, Any]]:
        """Return the people who can open the console, by address."""
        return {person["email"]: person for person in self.get("/local/staff.json").document}

    def authorize(self, email: str, to: str = "/admin") -> str:
        """Sign in at the provider's own page. Return the path and query of the callback."""
        return self.consent(self.get(f"/admin/sign-in?{urlencode({'to': to})}").location, email)

    def consent(self, url: str, email: str) -> str:
        """Type address and password into the page at the provider. Return the path and query of the callback."""
        parts = urlsplit(url)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        origin = f"{parts.scheme}://{parts.netloc}"
        page = send_http(origin, "GET", f"{parts.path}?{parts.query}", {}, b"", "")
        assert page.status == 200, page
        body = urlencode(query | {"username": email, "password": self.staff()[email]["password"]}).encode()
        returned = send_http(origin, "POST", "/login", FORM, body, "")
        assert returned.status == 302, returned
        return returned.headers["location"].removeprefix(self.live_portal.url)

    def sign_in_as(self, email: str, to: str = "/admin") -> HttpResponse:
        """Sign in, and return the response to the callback."""
        response = self.get(self.authorize(email, to))
        assert response.status == 303, response
        return response

    def open(self, path: str) -> HttpResponse:
        """Open a page, and follow one redirect."""
        response = self.get(path)
        return self.get(response.location) if response.status == 303 else response

    def client_path(self, name: str, practice: str = "willow") -> str:
        """Return the path of a client's page, by the search."""
        found = self.open(f"/admin/{practice}/clients?{urlencode({'q': name})}")
        return found.page.links[name]

    def token(self, page: HttpResponse, action: str) -> str:
        """Return the token in the page's first form that is sent to this path."""
        _, _, form = page.body.partition(f'action="{action}"')
        return form.partition('name="form" value="')[2].partition('"')[0]

    def press(self, path: str, action: str = "", **fields: Any) -> HttpResponse:
        """Open a page, submit its form with these fields, and follow the redirect."""
        sent = self.send_form(path, action, **fields)
        return self.get(sent.location) if sent.status == 303 else sent

    def send_form(self, path: str, action: str = "", **fields: Any) -> HttpResponse:
        """Open a page, and submit its form with these fields."""
        target = action or path
        return self.post(target, {"form": self.token(self.open(path), target), **fields})
