"""Pages of a session: the choice of profile, the home page, and the end."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import assert_never

from markupsafe import Markup

from latchkey import languages
from latchkey.languages import Translator
from latchkey.pages.layout import PageContext, portal_address, render, web_address
from latchkey.rules.accounts import Account, Profile, ProfileKind
from latchkey.rules.branding import clinician_word, text_in
from latchkey.rules.contacts import UNSPECIFIED_RELATION, Relation, relation_of
from latchkey.rules.items import SharedItem, item_url, open_features
from latchkey.rules.items import waiting as waiting_items
from latchkey.rules.languages import Language
from latchkey.rules.practices import Feature, Practice
from latchkey.rules.sessions import IDLE_TIMEOUT_SECONDS, MAX_SESSIONS


@dataclass(frozen=True, slots=True)
class WaitingItem:
    """An item that waits for the person."""

    title: str
    url: str | None
    """None if nothing opens it."""
    shared_at: int | None
    """Unix seconds."""
    shared_text: str
    """The same as text. "" for none."""


def profiles(
    page: PageContext, *, profiles: Sequence[Profile], current: str | None, account: Account | None = None
) -> str:
    """Return the page with one button for each profile, its kind, and the person's relation to it (B147).

    `current` is the id of the open profile.
    """
    return render("profiles.html", page, choices=[_choice(page, p, account) for p in profiles], current=current)


@dataclass(frozen=True, slots=True)
class ProfileChoice:
    """A profile as the chooser shows it."""

    profile: Profile
    kind: str
    """The kind of profile in words. "" for another person's own profile."""
    relation: str
    """The person's relation in words. "" if there is none."""
    is_translated: bool
    """False if the relation is an own word of the practice, in the practice's language."""


def _choice(page: PageContext, profile: Profile, account: Account | None) -> ProfileChoice:
    _ = languages.translator(page.language, Markup)
    is_own = account is not None and account.is_own(profile)
    kind = _("Your own profile") if is_own else _kind_text(profile.kind, _)
    relation = "" if is_own else relation_text(profile.relation, page.language)
    return ProfileChoice(profile, kind, relation, relation_of(profile.relation) is not None)


def _kind_text(kind: ProfileKind, _: Translator) -> str:
    match kind:
        case "individual":
            return ""
        case "couple":
            return _("Couple")
        case "minor":
            return _("Minor")
        case _ as never:
            assert_never(never)


def relation_text(typed: str | None, language: Language) -> str:
    """Return a relation in a language. A word that is not in the list is returned as it was typed.

    Return "" if there is no relation, and for `UNSPECIFIED_RELATION`.
    """
    if not typed or typed == UNSPECIFIED_RELATION:
        return ""
    relation = relation_of(typed)
    return _relation_name(relation, languages.translator(language)) if relation else typed


def _relation_name(relation: Relation, _: Translator) -> str:
    names: dict[Relation, str] = {
        "parent": _("parent"),
        "guardian": _("guardian"),
        "grandparent": _("grandparent"),
        "spouse": _("spouse"),
        "partner": _("partner"),
        "child": _("child"),
        "other relative": _("other relative"),
        "caregiver": _("caregiver"),
        "other contact": _("other contact"),
    }
    return names[relation]


def home(  # noqa: PLR0913 - everything that the page shows
    page: PageContext,
    *,
    account: Account,
    profile: Profile,
    items: Sequence[SharedItem] = (),
    first: bool,
    previous: int | None,
    language_changed: bool = False,
) -> str:
    """Return the home page with what opens for this profile: the features, and the items that wait (B146).

    `first` shows the practice's welcome (B109). If the profile is someone else's, heading and title say so (B147).
    `language_changed` is True if letters come in the language of this page from now on.

    `previous` is the time of the account's sign-in before this one, in Unix seconds. The page shows it so that people
    notice a sign-in that was not theirs.
    """
    practice = page.practice or Practice("", "")
    say = languages.translator(page.language, Markup)
    word = clinician_word(practice.clinician_word, page.language)
    waiting = [
        WaitingItem(item.title, portal_address(item_url(practice, profile, item)), item.shared_at, _at(page, item))
        for item in waiting_items(items)
    ]
    return render(
        "home.html",
        page,
        account=account,
        profile=profile,
        is_own=account.is_own(profile),
        own_profile=account.own_profile,
        relation=relation_text(profile.relation, page.language),
        is_translated=relation_of(profile.relation) is not None,
        idle_minutes=IDLE_TIMEOUT_SECONDS // 60,
        language_changed=language_changed,
        features=[
            (*feature_text(feature, say, word), address)
            for feature, url in open_features(practice, profile)
            if (address := portal_address(url))
        ],
        waiting=waiting,
        first=first,
        welcome=text_in(
            practice.welcomes or {practice.language: practice.welcome or ""}, page.language, practice.language
        ),
        app_url=web_address(practice.app_url),
        previous=previous,
        has_devices=any(ref.slot >= MAX_SESSIONS for ref in account.sessions),
        previous_text="" if previous is None else _date_time(page, previous),
    )


def _at(page: PageContext, item: SharedItem) -> str:
    return "" if item.shared_at is None else _date_time(page, item.shared_at)


def _date_time(page: PageContext, at: int) -> str:
    """Return a time by the practice's clock. `at` is in Unix seconds."""
    return languages.format_date_time(at, page.practice.time_zone if page.practice else "UTC", page.language)


def feature_text(feature: Feature, _: Translator, clinician: str) -> tuple[str, str]:
    """Return the name of a feature and its description."""
    match feature:
        case "appointments":
            return _("Appointments"), _("Request, cancel, or reschedule")
        case "messages":
            return _("Messages"), _("Write to your {clinician}", clinician=clinician)
        case "documents":
            return _("Documents"), _("Read, fill out, and sign")
        case "payments":
            return _("Payments"), _("Pay for your appointments")
        case _:
            assert_never(feature)


def signed_out(page: PageContext) -> str:
    """Return the page after a sign-out. It says what else to close on a shared device (B77)."""
    return render("signed_out.html", page)
