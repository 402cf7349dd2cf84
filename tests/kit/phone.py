"""An app on a phone that signs in by the system browser (RFC 8252)."""

import re
from dataclasses import dataclass
from typing import Any

from latchkey import tokens
from tests.kit.browser import App, Browser
from tests.kit.http_response import HttpResponse

STATE = "app-state.1"


@dataclass
class Phone:
    """An app on a phone, with one request for a sign-in by the system browser."""

    app: App
    verifier: str
    practice: str = "willow"

    @property
    def ask(self) -> str:
        """The address that the app opens in the browser."""
        return f"/{self.practice}/app?challenge={tokens.s256(self.verifier)}&state={STATE}"

    def press(self, browser: Browser) -> HttpResponse:
        """Press the button on the page that asks."""
        page = browser.get(self.ask)
        assert page.status == 200, page
        fields = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]+)">', page.body))
        return browser.post(f"/{self.practice}/app", fields)

    def code(self, browser: Browser) -> str:
        """Return the code that the browser hands to the app."""
        back = self.press(browser)
        assert back.status == 303
        found = re.fullmatch(rf"/{self.practice}/app/return\?code=([\w-]{{43}})&state={STATE}", back.location)
        assert found, back.location
        return found[1]

    def send(self, **fields: Any) -> HttpResponse:
        """Ask for tokens."""
        return self.app.post(f"/{self.practice}/app/session", fields)

    def redeem(self, code: str, **fields: Any) -> HttpResponse:
        """Send a code with this request's verifier."""
        return self.send(code=code, verifier=self.verifier, **fields)

    def signed_in(self, browser: Browser, **fields: Any) -> dict[str, Any]:
        """Return what the app gets for the browser's code."""
        answer = self.redeem(self.code(browser), **fields)
        assert answer.status == 200, answer
        document: dict[str, Any] = answer.document
        return document

    def with_token(self, document: dict[str, Any], path: str = "") -> HttpResponse:
        """Request a path, or the session, with the session token of a document."""
        path = path or f"/{self.practice}/session"
        return self.app.get(path, authorization=f"Bearer {document['session_token']}")

    def is_in(self, document: dict[str, Any]) -> bool:
        """Return True if the document's session token opens a session."""
        return self.with_token(document).status == 200
