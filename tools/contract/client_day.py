# mypy: ignore-errors
"""A client's day with the Python clients that are generated from the OpenAPI documents.

Run it as `python client_day.py ORIGIN TOKEN PRACTICE` with the generated `portal_client` (`docs/openapi-client.json`)
and `latchkey_client` (`docs/openapi.json`) on the path. It prints what it saw.
"""

import json
import sys
import time
from urllib.request import urlopen

from httpx import Request, Response
from latchkey_client import AuthenticatedClient
from latchkey_client.api.access import delete_access, post_invitation, post_pin
from latchkey_client.api.clients import delete_client, post_client
from latchkey_client.models import AddressBody, Invitation, NewClient, NewClientKind
from portal_client import Client
from portal_client.api.session import choose_profile, get_session, sign_out
from portal_client.api.sign_in import open_link, redeem_link, request_link, sign_in_by_pin
from portal_client.models import ChosenProfile, LinkRedemption, LinkRequest, Nothing, PinSignIn

GUARDIAN = "maria.gomez@gmail.com"
"""She may open several profiles."""
NEWCOMER = "lea.python@example.com"


def app(origin: str) -> Client:
    """Return the generated client as an app uses it: it accepts JSON and keeps its cookies.

    With TLS it keeps them itself. This portal has none, and the cookies are `Secure`.
    """
    cookies: dict[str, str] = {}

    def send(request: Request) -> None:
        request.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())

    def keep(response: Response) -> None:
        for line in response.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                cookies.pop(name, None)
            else:
                cookies[name] = value

    hooks = {"request": [send], "response": [keep]}
    return Client(base_url=origin, headers={"Accept": "application/json"}, httpx_args={"event_hooks": hooks})


def mails(origin: str) -> list[dict]:
    """Return the guardian's mail, newest first."""
    with urlopen(f"{origin}/local/mail.json?to={GUARDIAN}") as answer:  # noqa: S310 - our own address
        return json.load(answer)


def main(origin: str, token: str, practice: str) -> dict[str, object]:
    """Sign in by a mailed link and by a PIN with the generated clients. Return the results that a test compares."""
    return {**by_link(origin, practice), **by_pin(origin, token, practice)}


def by_link(origin: str, practice: str) -> dict[str, object]:
    """Ask for a link, open it, choose a profile, and sign out."""
    phone, other = app(origin), app(origin)
    earlier = len(mails(origin))
    unknown = request_link.sync_detailed(practice, client=phone, body=LinkRequest(email="nobody@example.com"))
    accepted = request_link.sync_detailed(practice, client=phone, body=LinkRequest(email=GUARDIAN))
    while len(arrived := mails(origin)) == earlier:
        time.sleep(0.05)
    link = arrived[0]["url"].partition("?")[0].rpartition("/")[2]
    confirmed = open_link.sync(practice, link, client=other)
    signed_in = redeem_link.sync(practice, link, client=phone, body=LinkRedemption())
    profile = signed_in.profiles[-1]
    chosen = choose_profile.sync(practice, client=phone, body=ChosenProfile(profile=profile.id))
    session = get_session.sync(practice, client=phone)
    used = redeem_link.sync_detailed(practice, link, client=other, body=LinkRedemption())
    ended = sign_out.sync(practice, client=phone, body=Nothing())
    after = get_session.sync_detailed(practice, client=phone)
    return {
        "unknown": [int(unknown.status_code), str(unknown.parsed.code)],
        "accepted": [int(accepted.status_code), str(accepted.parsed.status)],
        "confirmed": str(confirmed.status),
        "method": str(signed_in.method),
        "open": [signed_in.profile, chosen.profile == session.profile == profile.id],
        "features": session.features.messages,
        "used": [int(used.status_code), str(used.parsed.code)],
        "ended": str(ended.status),
        "after": [int(after.status_code), str(after.parsed.code)],
    }


def by_pin(origin: str, token: str, practice: str) -> dict[str, object]:
    """Invite a client, read out a PIN, sign in by it, and disable the access."""
    phone, clinician = app(origin), AuthenticatedClient(base_url=origin, token=token)
    emails = [AddressBody(address=NEWCOMER, email_ok=True)]
    body = NewClient(name="Lea Becker", kind=NewClientKind.INDIVIDUAL, emails=emails)
    made = post_client.sync(practice, client=clinician, body=body)
    invited = post_invitation.sync_detailed(practice, made.id, client=clinician, body=Invitation())
    pin = post_pin.sync(practice, made.id, client=clinician).pin
    wrong = f"{(int(pin) + 1) % 1_000_000:06}"
    refused = sign_in_by_pin.sync_detailed(practice, client=phone, body=PinSignIn(email=NEWCOMER, pin=wrong))
    signed_in = sign_in_by_pin.sync(practice, client=phone, body=PinSignIn(email=NEWCOMER, pin=pin))
    delete_access.sync_detailed(practice, made.id, client=clinician)
    disabled = get_session.sync_detailed(practice, client=phone)
    delete_client.sync_detailed(practice, made.id, client=clinician)
    return {
        "invited": int(invited.status_code),
        "refused": [int(refused.status_code), str(refused.parsed.code)],
        "pin": str(signed_in.method),
        "disabled": [int(disabled.status_code), str(disabled.parsed.code)],
    }


if __name__ == "__main__":
    json.dump(main(*sys.argv[1:]), sys.stdout)
