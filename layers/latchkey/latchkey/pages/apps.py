"""Pages of apps: the question whether an app may sign in, the way back to it, and the devices that are signed in."""

from collections.abc import Sequence

from latchkey import languages
from latchkey.pages.layout import PageContext, render
from latchkey.rules.accounts import Account
from latchkey.rules.app_codes import CODE_SECONDS
from latchkey.rules.devices import DEVICE_SECONDS, AppDevice


def app_confirm(page: PageContext, *, account: Account, challenge: str, state: str) -> str:
    """Return the page that asks whether the app may sign in as the person who is signed in here."""
    return render("app_confirm.html", page, account=account, challenge=challenge, state=state)


def app_return(page: PageContext, *, path: str, typed: str) -> str:
    """Return the page that opens the app by `path`, and shows the code to type instead."""
    shown = f"{typed[:3]} {typed[3:]}"
    return render("app_return.html", page, path=path, typed=shown, seconds=CODE_SECONDS)


def app_refused(page: PageContext) -> str:
    """Return the page that sends a person back to the app, to begin again."""
    return render("app_refused.html", page)


def devices(page: PageContext, *, devices: Sequence[AppDevice]) -> str:
    """Return the list of phones and tablets whose app is signed in, each with a button that ends it."""
    zone = page.practice.time_zone if page.practice else "UTC"
    rows = [(device, languages.format_date_time(device.signed_in_at, zone, page.language)) for device in devices]
    return render("devices.html", page, rows=rows, days=DEVICE_SECONDS // (24 * 3600))
