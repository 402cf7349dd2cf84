"""People and practices for the pages."""

import pytest

from latchkey import pages
from latchkey.identity.providers import GOOGLE
from latchkey.pages import PageContext
from latchkey.pages.expected_letter import ExpectedLetter
from latchkey.rules.accounts import Account, AccountKey, Profile
from latchkey.rules.languages import Language
from latchkey.rules.practices import Practice

THIRD_OF_MARCH = 1772574120
"""3 March 2026, 15:42 in Chicago."""


@pytest.fixture
def willow() -> Practice:
    return Practice(slug="willow", name="Willow Family Therapy", phone="(555) 010-0142", time_zone="America/Chicago")


@pytest.fixture
def harbor() -> Practice:
    """Return a practice with a website and without a telephone."""
    return Practice(slug="harbor", name="Harbor Street", website=True)


@pytest.fixture
def context(willow: Practice) -> PageContext:
    return PageContext(willow, "en", "/willow/sign-in")


@pytest.fixture
def unreachable(harbor: Practice) -> PageContext:
    """Return the context of a page of the practice without a telephone."""
    return PageContext(harbor, "en")


@pytest.fixture
def with_google(willow: Practice) -> PageContext:
    """Return the context of a page of a practice that offers Google."""
    return PageContext(willow, "en", providers=(GOOGLE,))


@pytest.fixture
def maria() -> Account:
    """Return the account of a guardian with three profiles: her own, a couple's and a child's."""
    return Account(
        key=AccountKey(bytes(16)),
        id="01JMARIA",
        practice="willow",
        address="maria.gomez@gmail.com",
        name="Maria Gomez",
        profiles=(
            Profile("01JA", "Maria Gomez"),
            Profile("01JB", "Maria & Jon Gomez", "couple"),
            Profile("01JC", "Ana Gomez", "minor", frozenset({"documents", "appointments"})),
        ),
    )


def letter_of(page: PageContext, address: str = "maria@example.com", language: Language = "en") -> ExpectedLetter:
    """Return the letter of a link that was requested at 15:42 in Chicago on 3 March 2026, a minute ago."""
    return pages.expected_letter(
        page,
        sender="yourprovider@mail.example.com",
        language=language,
        requested_at=THIRD_OF_MARCH,
        now=THIRD_OF_MARCH + 60,
        address=address,
    )


@pytest.fixture
def context_with_support_code(willow: Practice) -> PageContext:
    """Return the context of a page with a support code."""
    return PageContext(willow, "en", support_code="K7M-4QX")
