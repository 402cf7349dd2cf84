"""Forms of the console in process: open a page, send its form."""

from tests.kit.browser import Browser
from tests.kit.http_response import HttpResponse


def press(staff: Browser, path: str, action: str = "", **fields: str) -> HttpResponse:
    """Open a page, send its form to `action` with these fields, and return the response."""
    target = action or path
    _, _, form = staff.get(path).body.partition(f'action="{target}"')
    return staff.post(target, {"form": form.partition('name="form" value="')[2].partition('"')[0], **fields})


def invited_client(staff: Browser, name: str, email: str, **fields: str) -> str:
    """Put a client on file and invite them. Return the path of their page."""
    values = {"name": name, "kind": "individual", "client_language": "en", "email": email, "email_ok": "yes"} | fields
    added = press(staff, "/admin/willow/clients/new", **values)
    path = added.location.partition("?")[0].removesuffix("/email")
    if values["email_ok"]:
        assert press(staff, f"{path}/email", email=email).status == 303
    return path
