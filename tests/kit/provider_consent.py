"""Google's stand-in, as someone meets it who has an account there and agrees to everything."""

from http.client import HTTPConnection
from urllib.parse import urlencode, urlsplit

from local.oidc_provider import ProviderAccount
from tests.kit.visitors import FORM, Browser


def leave(browser: Browser, practice: str = "willow") -> str:
    """Press the button; where at Google it leads."""
    answer = browser.press(f"/{practice}/google")
    assert answer.location, answer
    return answer.location


def agree(location: str, account: ProviderAccount) -> str:
    """Be that account at Google; where at the portal Google sends the browser, each time with another code."""
    there = urlsplit(location)
    wire = HTTPConnection(there.netloc, timeout=10)
    wire.request("POST", f"{there.path}?{there.query}", urlencode({"sub": account.subject}), {"Content-Type": FORM})
    back = urlsplit(wire.getresponse().headers["location"] or "")
    wire.close()
    return f"{back.path}?{back.query}"
