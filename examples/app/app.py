"""An app that signs in by the system browser, without packages: python app.py https://portal.example.com willow

A phone opens the app by the claimed address `/{practice}/app/return`. On a computer you copy that address, or the code
that the page shows, from the browser to this program.
"""

import base64
import hashlib
import json
import secrets
import sys
import webbrowser
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit


class Refused(RuntimeError):
    """The portal refused a request, with a problem document (RFC 9457)."""

    def __init__(self, status: int, code: str) -> None:
        super().__init__(f"{status} {code}")
        self.status, self.code = status, code


class PortalApp:
    """An app of one practice's portal. A real one keeps `refresh_token` where the phone's own lock guards it."""

    def __init__(self, portal: str, practice: str) -> None:
        self.portal, self.practice = portal, practice
        self.verifier = self.state = self.session_token = self.refresh_token = ""

    def begin(self) -> str:
        """Return the address to open in the system browser. The verifier stays in the app."""
        self.verifier, self.state = secrets.token_urlsafe(32), secrets.token_urlsafe(16)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        query = urlencode({"challenge": challenge, "state": self.state})
        return f"{self.portal}/{self.practice}/app?{query}"

    def returned(self, address: str, device: str = "") -> dict[str, Any]:
        """Finish the sign-in with the address that opened the app, and return the session document.

        An address with another state belongs to another sign-in, and may come from an attacker.
        """
        sent = parse_qs(urlsplit(address).query)
        if not secrets.compare_digest(sent["state"][0].encode(), self.state.encode()):
            raise ValueError("This is the answer to another sign-in.")
        return self.typed(sent["code"][0], device)

    def typed(self, code: str, device: str = "") -> dict[str, Any]:
        """Finish the sign-in with a code that the person typed."""
        return self._tokens({"code": code, "verifier": self.verifier, "device": device})

    def renew(self) -> dict[str, Any]:
        """Get the next session. Only one of these requests may be under way: a token that is sent twice ends all."""
        return self._tokens({"refresh_token": self.refresh_token})

    def session(self) -> dict[str, Any]:
        """Return the session document, with a new session if the last one has timed out."""
        try:
            return self._send("GET", f"/{self.practice}/session")
        except Refused as refused:
            if refused.code != "signed_out":
                raise
            return self.renew()

    def ask(self, path: str) -> dict[str, Any]:
        """Return what an API behind the portal answers. Its 403 does not say why, so the portal is asked."""
        try:
            return self._send("GET", path)
        except Refused as refused:
            if refused.status != 403 or refused.code:  # noqa: PLR2004 - an API's own refusal has a code
                raise
            self.session()
            return self._send("GET", path)

    def sign_out(self) -> None:
        """End the session and the device."""
        self._send("POST", f"/{self.practice}/sign-out", {})
        self.session_token = self.refresh_token = ""

    def _tokens(self, body: dict[str, str]) -> dict[str, Any]:
        document = self._send("POST", f"/{self.practice}/app/session", body)
        self.session_token, self.refresh_token = document.pop("session_token"), document.pop("refresh_token")
        return document

    def _send(self, method: str, path: str, body: dict[str, str] | None = None) -> dict[str, Any]:
        url = urlsplit(self.portal)
        connection = (HTTPSConnection if url.scheme == "https" else HTTPConnection)(url.netloc, timeout=30)
        headers = {"accept": "application/json", "content-type": "application/json"}
        if self.session_token:
            headers["authorization"] = f"Bearer {self.session_token}"
        content = None if body is None else json.dumps(body)
        connection.request(method, path, content, headers)
        answer = connection.getresponse()
        document: dict[str, Any] = json.loads(answer.read())
        connection.close()
        if answer.status >= 400:  # noqa: PLR2004 - the first status of a refusal
            raise Refused(answer.status, document.get("code", ""))
        return document


if __name__ == "__main__":
    app = PortalApp(*sys.argv[1:3])
    webbrowser.open(app.begin())
    answer = input("The address that the browser ended on, or the code on its page: ")
    print(app.returned(answer) if "/app/return?" in answer else app.typed(answer))
    print(app.renew())
