"""Pages of a session: the choice of profile, the home page, and the end."""

from collections.abc import Sequence
from typing import assert_never

from markupsafe import Markup

from latchkey import languages
from latchkey.languages import Translator
from latchkey.pages.layout import PageContext, render, web_address
from latchkey.rules.accounts import Account, Profile
from latchkey.rules.practices import FEATURES, Feature


def profiles(page: PageContext, *, profiles: Sequence[Profile], current: str | None) -> str:
    """Return the page with one button for each profile. `current` is the id of the open profile."""
    return render("profiles.html", page, profiles=profiles, current=current)


def home(page: PageContext, *, account: Account, profile: Profile, first: bool, previous: int | None) -> str:
    """Return the home page with the features of this profile. `first` shows the practice's welcome (B109).

    `previous` is the time of the account's sign-in before this one, in Unix seconds. The page shows it so that people
    notice a sign-in that was not theirs.
    """
    practice = page.practice
    zone = practice.time_zone if practice else "UTC"
    return render(
        "home.html",
        page,
        account=account,
        profile=profile,
        features=[
            _feature_text(feature, languages.translator(page.language, Markup))
            for feature in FEATURES
            if feature in profile.features and (not practice or feature in practice.features)
        ],
        first=first,
        welcome=practice.welcome if practice else None,
        app_url=web_address(practice.app_url) if practice else None,
        previous=previous,
        previous_text="" if previous is None else languages.format_date_time(previous, zone, page.language),
    )


def _feature_text(feature: Feature, _: Translator) -> tuple[str, str]:
    """Return the name of a feature and its description."""
    match feature:
        case "appointments":
            return _("Appointments"), _("Request, cancel, or reschedule")
        case "messages":
            return _("Messages"), _("Write to your clinician")
        case "documents":
            return _("Documents"), _("Read, complete, and sign")
        case "payments":
            return _("Payments"), _("Pay your appointment fees")
        case _:
            assert_never(feature)


def signed_out(page: PageContext) -> str:
    """Return the page after a sign-out. It says what else to close on a shared device (B77)."""
    return render("signed_out.html", page)
