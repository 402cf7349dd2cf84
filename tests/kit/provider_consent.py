"""The consent page of the local OpenID provider."""

from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from local.oidc_provider import ProviderAccount
from tests.kit.browser import FORM, Browser


def start_sign_in(browser: Browser, practice: str = "willow") -> str:
    """Start to sign in with Google, and return the URL that the browser is sent to."""
    return browser.post(f"/{practice}/google").location


def approve(location: str, account: ProviderAccount) -> str:
    """Consent as this account, and return the path at the portal that Google redirects to, with a new code."""
    url = urlsplit(location)
    connection = HTTPConnection(url.netloc, timeout=10)
    form = urlencode({"sub": account.subject})
    connection.request("POST", f"{url.path}?{url.query}", form, {"Content-Type": FORM})
    callback = urlsplit(connection.getresponse().headers["location"] or "")
    connection.close()
    return f"{callback.path}?{callback.query}"
